"""A firm judged from its record alone stands where the whole zone's evaluation puts it, whatever is changed."""

import datetime as dt
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.engine import evaluate, parse_scheme
from scoring.engine.alone import Alone, Totals, World, case, causes, judge, under, worth
from scoring.engine.compare import CAUSES, split
from scoring.engine.evaluate import SCORED
from scoring.engine.whatif import Firm
from tests.oracle_cases import as_cohort, zone
from tests.oracle_schemes import switch
from tests.scoring.engine.beside import REGULATION, judged

METRICS = [name for name in REGULATION.metrics_used if REGULATION.metrics[name].unit != "是/否"]


def totals(e):
    scored = e.status == SCORED
    by_stage = (np.sort(e.total_cents[scored & (e.stage == place)]) for place in range(len(e.scheme.stages)))
    return Totals(tuple(by_stage), np.sort(e.total_cents[scored]))


def record(e, place):
    cohort = e.cohort
    packed = e.records(place, place + 1)[0].tobytes()
    since = cohort.history.stage_since[place]
    days = np.nan if np.isnat(since) else float(since.astype(np.int64))
    return case(e.scheme, packed, key=cohort.keys[place], year=cohort.year, as_of=cohort.as_of, since=days)


def alone(e, place):
    return Alone(e.scheme, e.references, record(e, place), totals(e))


def scored(e):
    return np.flatnonzero(e.status == SCORED).tolist()


figures = st.one_of(
    st.floats(0, 1e6), st.sampled_from([0.0, 1999.99, 2000.0, 10000.0, float("nan")]), st.floats(-1e4, 0)
)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.dictionaries(st.sampled_from(METRICS), figures, max_size=6))
def test_any_change_is_judged_as_the_whole_zone_would_be(which, changes):
    columns, e = judged()
    places = scored(e)
    place = places[which % len(places)]
    (found,) = alone(e, place).what_if([changes])
    current = {name: column.copy() for name, column in columns.current.items()}
    for name, value in changes.items():
        current[name][place] = value
    whole = evaluate(e.scheme, unbroken(e.scheme, replace(columns, current=current)), references=e.references)
    assert (found.units, found.rank_overall, found.rank_stage) == (
        whole.total_cents[place], whole.rank_overall[place], whole.rank_stage[place],
    )  # fmt: skip
    assert (found.stage or None) == (e.scheme.stages[whole.stage[place]].code if whole.stage[place] >= 0 else None)


def unbroken(scheme, cohort):
    """As the assembly hands a cohort over: a run in a stage only where the firm is still in it."""
    from scoring.assembly.loading import _unbroken

    return replace(cohort, history=_unbroken(scheme, cohort))


def test_it_says_what_a_firm_within_its_zone_says():
    columns, e = judged()
    for place in scored(e)[:10]:
        within, one = Firm(e, columns, columns.keys[place]), alone(e, place)
        assert one.figures() == within.figures()
        changes = [{}, {"rd_expense": 1e4}, {"exports": 5.0, "standards": 3.0}]
        assert one.what_if(changes) == within.what_if(changes)


def test_unknown_metrics_and_foreign_records_are_refused():
    _, e = judged()
    place = scored(e)[0]
    with pytest.raises(ValueError, match="profits"):
        alone(e, place).judge([{"profits": 1.0}])
    with pytest.raises(ValueError, match="不符"):
        case(e.scheme, b"x", key="", year=2022, as_of=dt.date(2022, 12, 31))


def test_a_run_in_a_stage_begins_again_only_where_the_firm_comes_back_to_that_stage():
    """From 扩张期, held ten years, down to 成长期 and back: the decay of the long stay goes and comes with the stage."""
    _columns, e = judged()
    expansion = next(i for i, stage in enumerate(e.scheme.stages) if stage.code == "expansion")
    place = next(i for i in scored(e) if e.stage[i] == expansion)
    days = float(np.datetime64("2005-12-31").astype("datetime64[D]").astype(np.int64))
    one = record(e, place)
    held = replace(one, inputs={**one.inputs, ("history", "previous_stage"): float(expansion)}, since=days)
    down, up = (judge(e.scheme, e.references, held, [{"revenue": figure}]) for figure in (1000.0, 5000.0))
    assert up.factor[0] < 1
    assert up.factor[0] < judge(e.scheme, e.references, replace(held, since=np.nan), [{"revenue": 5000.0}]).factor[0]
    assert down.stage[0] != expansion


def test_a_run_in_one_stage_says_nothing_of_the_stage_the_firm_comes_into():
    """成长期 for ten years and now 扩张期: it has been that since today, not since then."""
    _columns, e = judged()
    growth, expansion = (next(i for i, stage in enumerate(e.scheme.stages) if stage.code == code) for code in ("growth", "expansion"))  # fmt: skip
    one = record(e, next(i for i in scored(e) if e.stage[i] == expansion))
    days = float(np.datetime64("2005-12-31").astype("datetime64[D]").astype(np.int64))

    def factor(was, since):
        held = replace(one, inputs={**one.inputs, ("history", "previous_stage"): float(was)}, since=since)
        return judge(e.scheme, e.references, held).factor[0]

    assert factor(growth, days) == factor(growth, np.nan) > factor(expansion, days)


def test_a_firm_in_another_stage_takes_nobody_out_of_it():
    """Its own total leaves the stage it stood in; who has the very same total in the stage it comes into stays there."""
    standing = Totals((np.array([500]), np.array([300, 500])), np.array([300, 500, 500]))
    was, now = (
        SimpleNamespace(status=[SCORED], total_cents=[units], stage=[stage]) for units, stage in ((500, 0), (400, 1))
    )
    assert under(standing, was, now) == (400, 2, 2)
    assert under(standing, None, now) == (400, 3, 2)


def two_periods(rules):
    old, new = ({**zone(1, 0), "firms": {f"F{i}": f for i, f in enumerate(zone(seed, 40)["firms"].values(), start)}}
                for seed, start in ((1, 0), (2, 5)))  # fmt: skip
    a, b = as_cohort(REGULATION, old), as_cohort(rules, new)
    return (REGULATION, unbroken(REGULATION, a)), (rules, unbroken(rules, b))


@pytest.mark.parametrize("change", [None, ("reference_method", '"p50"')])
def test_the_causes_of_a_change_add_up_and_those_of_the_total_are_the_zone_s(change):
    rules = parse_scheme(switch(REGULATION.text, *change)) if change else REGULATION
    before, after = two_periods(rules)
    whole = split(before, after)
    schemes, cohorts = (before[0], after[0]), (before[1], after[1])
    evaluated = {(r, o): evaluate(schemes[r], cohorts[o]) for r in (0, 1) for o in (0, 1)}
    worlds = {key: World(e.references, totals(e)) for key, e in evaluated.items()}
    seen = 0
    for n, key in enumerate(whole.keys):
        places = [cohort.keys.index(key) for cohort in cohorts]
        cases = tuple(record(evaluated[side, side], place) for side, place in enumerate(places))
        if any(evaluated[side, side].status[place] != SCORED for side, place in enumerate(places)):
            continue
        found = causes(schemes, cases, worlds)
        if found is None:
            continue
        seen += 1
        total, overall, stage = found
        for one in found:
            assert sum(one.parts.values()) == one.change
        assert total.parts == {cause: int(whole.parts[cause][n]) for cause in CAUSES}
        for side, name in ((0, "before"), (1, "after")):
            e = evaluated[side, side]
            assert getattr(overall, name) == e.rank_overall[places[side]]
            assert getattr(stage, name) == e.rank_stage[places[side]]
        if change is None:
            assert total.parts["rules"] == overall.parts["rules"] == 0
    assert seen > 10


def test_a_firm_left_out_in_one_period_has_no_causes():
    _, e = judged()
    left_out = int(np.flatnonzero(e.status != SCORED)[0])
    world = World(e.references, totals(e))
    cases = (record(e, left_out), record(e, scored(e)[0]))
    assert causes((e.scheme, e.scheme), cases, {(r, o): world for r in (0, 1) for o in (0, 1)}) is None


def test_a_point_is_worth_what_it_moves_in_the_base_score():
    _, e = judged()
    for place in scored(e)[:20]:
        points = dict(zip((i.code for i in e.scheme.indicators), e.points[place], strict=True))
        worths = worth(e.scheme, int(e.stage[place]))
        assert sum(points[code] * each for code, each in worths.items()) == pytest.approx(e.base[place])
    geometric = parse_scheme(REGULATION.text.replace('method = "arithmetic"', 'method = "geometric"', 1))
    assert worth(geometric, 0) is None
