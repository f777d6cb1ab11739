"""What must hold for every zone and firm, whatever the figures: the fair-play rules of a ranking, tried by hypothesis.

HYPOTHESIS_PROFILE=thorough tries twenty times as many.
"""

import copy
import os
import random
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from scoring.engine import STATUSES, evaluate, explain_firm, input_digest, parse_scheme
from tests.oracle_cases import as_cohort, zone
from tests.oracle_schemes import scheme as random_scheme
from tests.oracle_schemes import switch, zone_for

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
TEXT = Path("scoring/schemes/xinkai-2022-110.toml").read_text()
SCHEME = parse_scheme(TEXT)
SCORED = STATUSES.index("scored")
# More of these can only help: they divide nothing, and no stage depends on them.
GOOD = """rd_expense hightech_revenue technologists postgraduates bachelors invention_applications pct_applications
 invention_grants tech_contract_value university_contract_value standards rd_tax_relief net_profit total_profit exports
 graduates_hired venture_capital invested_firms foreign_returnees""".split()  # noqa: SIM905
# Linear to a cohort reference of the same unit, and in no condition: the unit does not matter.
UNIT_FREE = ["hightech_revenue", "rd_tax_relief", "exports", "venture_capital", "total_profit", "standards"]
seeds = st.integers(0, 10**6)


def trials(number):
    return settings(
        max_examples=number * 20 if THOROUGH else number,
        deadline=None,
        derandomize=not THOROUGH,
        suppress_health_check=[HealthCheck.too_slow],
    )


@lru_cache(maxsize=64)
def published(seed, size=30):
    case = zone(seed, size)
    return case, evaluate(SCHEME, as_cohort(SCHEME, case))


def only(case, key, **changes):
    """A zone of one firm of the case, its current figures changed."""
    firm = copy.deepcopy(case["firms"][key])
    firm["current"] |= changes
    return {**case, "firms": {key: firm}}


def row(e, i):
    return e.records(i, i + 1)[0].tobytes()


@trials(80)
@given(st.integers(0, 40), st.data())
def test_a_better_figure_never_lowers_a_score(seed, data):
    case, e = published(seed)
    place = data.draw(st.sampled_from([i for i in range(len(e)) if e.status[i] == SCORED]))
    metric = data.draw(st.sampled_from(GOOD))
    key = list(case["firms"])[place]
    now = case["firms"][key]["current"].get(metric, 0.0)
    more = data.draw(st.one_of(st.sampled_from([0.01, 1.0, 1e6]), st.floats(1e-6, 1e9)))
    better = evaluate(SCHEME, as_cohort(SCHEME, only(case, key, **{metric: now + more})), references=e.references)
    assert better.unrounded[0] >= e.unrounded[place] - 1e-9
    assert better.total_cents[0] >= e.total_cents[place]


@trials(60)
@given(st.integers(0, 40), st.data())
def test_providing_a_figure_never_scores_less_than_leaving_it_out(seed, data):
    case, e = published(seed)
    metric = data.draw(st.sampled_from([name for name in GOOD if name not in ("rd_expense", "tech_contract_value")]))
    metric = metric if metric != "university_contract_value" else "exports"  # a stated contract value replaces entries
    blank = [i for i, f in enumerate(case["firms"].values()) if metric not in f["current"] and e.status[i] == SCORED]
    assume(blank)
    place = data.draw(st.sampled_from(blank))
    key = list(case["firms"])[place]
    stated = only(case, key, **{metric: data.draw(st.floats(-1e6, 1e6))})
    assert evaluate(SCHEME, as_cohort(SCHEME, stated), references=e.references).total_cents[0] >= e.total_cents[place]


@trials(20)
@given(seeds, st.sampled_from([0.0, 0.2, 0.8]))
def test_scores_stay_within_their_bounds(seed, missing):
    case = zone(seed, 25, missing=missing, trouble=0.5)
    e = evaluate(SCHEME, as_cohort(SCHEME, case))
    most = np.array([float(i.max_points) for i in SCHEME.indicators])
    assert (e.points >= 0).all()
    assert (e.points <= most * (1 + 1e-12)).all()
    assert (e.fraction >= 0).all()
    assert (e.fraction <= 1 + 1e-12).all()
    assert (e.dimensions >= 0).all()
    assert (e.dimensions <= 100 + 1e-9).all()
    assert (e.base <= 100 + 1e-9).all()
    assert (e.total_cents >= 0).all()
    assert (e.total_cents <= 10600).all()
    assert (e.at_stake >= 0).all()
    assert (e.at_stake + e.points <= most + 1e-9).all()


@trials(25)
@given(seeds)
def test_ranks_follow_totals_and_leave_no_hole_but_ties(seed):
    _, e = published(seed, 40)
    scored = e.status == SCORED
    totals = e.total_cents[scored]
    assert e.rank_overall[scored].tolist() == [1 + int((totals > total).sum()) for total in totals]
    assert (e.rank_overall[~scored] == 0).all()
    for stage in range(len(SCHEME.stages)):
        inside = scored & (e.stage == stage)
        totals = e.total_cents[inside]
        assert e.rank_stage[inside].tolist() == [1 + int((totals > total).sum()) for total in totals]


@trials(25)
@given(seeds, st.randoms(use_true_random=False))
def test_the_order_of_the_firms_means_nothing(seed, luck):
    text = luck.choice([TEXT, random_scheme(seed % 300)])
    scheme = parse_scheme(text)
    case = zone_for(text, seed, 25)
    order = list(case["firms"])
    luck.shuffle(order)
    a, b = (as_cohort(scheme, case, keys) for keys in (None, order))
    one, other = evaluate(scheme, a), evaluate(scheme, b)
    assert one.references == other.references
    assert input_digest(a, scheme) == input_digest(b, scheme)
    places = {key: place for place, key in enumerate(order)}
    for i, key in enumerate(case["firms"]):
        assert row(one, i) == row(other, places[key])


@trials(25)
@given(seeds)
def test_the_same_inputs_give_the_same_bytes(seed):
    text = random_scheme(seed % 300) if seed % 2 else TEXT
    scheme, again = parse_scheme(text), parse_scheme(text)
    case = zone_for(text, seed, 25)
    one, other = evaluate(scheme, as_cohort(scheme, case)), evaluate(again, as_cohort(again, case))
    assert one.records().tobytes() == other.records().tobytes()
    assert one.references == other.references
    assert one.input_digest == other.input_digest


@trials(20)
@given(seeds)
def test_frozen_references_give_the_same_scores_back(seed):
    case, e = published(seed)
    again = evaluate(SCHEME, as_cohort(SCHEME, case), references=e.references)
    assert again.records().tobytes() == e.records().tobytes()


@trials(20)
@given(seeds, seeds)
def test_firms_that_are_not_scored_move_nobody(seed, other):
    case, before = published(seed % 60)
    crowd = zone(other, 40, trouble=1.0)
    judged = evaluate(SCHEME, as_cohort(SCHEME, crowd))
    outside = [key for i, key in enumerate(crowd["firms"]) if judged.status[i] != SCORED]
    assume(outside)
    firms = {f"X{key}": crowd["firms"][key] for key in outside}
    after = evaluate(SCHEME, as_cohort(SCHEME, {**case, "firms": {**firms, **case["firms"]}}))
    shift = len(firms)
    assert after.references == before.references
    assert (after.status[:shift] != SCORED).all()
    for i in range(len(before)):
        assert row(after, i + shift) == row(before, i)


@trials(20)
@given(seeds, st.booleans())
def test_an_explanation_adds_up_to_the_total(seed, regulation):
    text = TEXT if regulation else random_scheme(seed % 300)
    scheme = parse_scheme(text)
    e = evaluate(scheme, as_cohort(scheme, zone_for(text, seed, 6, trouble=0.1)))
    decimals = scheme.settings["decimals"]
    for i in range(len(e)):
        told = explain_firm(e, i)
        assert told.status == STATUSES[e.status[i]]
        assert Decimal(told.total_text).scaleb(decimals) == int(e.total_cents[i])
        if told.status != "scored":
            assert told.steps == []
            continue
        changes = [Decimal(step.change) for step in told.steps]
        running = np.cumsum(np.array(changes, dtype=object))
        assert sum(changes) == Decimal(told.total_text)
        assert [Decimal(step.after) for step in told.steps] == list(running)
        assert np.allclose([line.points for line in told.indicators], e.points[i], rtol=1e-9, atol=1e-9)


@trials(20)
@given(seeds)
def test_under_the_regulation_points_weights_and_steps_add_up_exactly(seed):
    e = evaluate(SCHEME, as_cohort(SCHEME, zone(seed, 6, trouble=0.1)))
    for i in range(len(e)):
        told = explain_firm(e, i)
        if told.status != "scored":
            continue
        for dimension in told.dimensions:
            points = [line.points_exact for line in told.indicators if line.dimension == dimension.code]
            near(sum(map(Decimal, points)), dimension.points_exact)
            near(Decimal(dimension.points_exact) * Decimal(dimension.weight) / 100, dimension.weighted_exact)
        near(sum(Decimal(dimension.weighted_exact) for dimension in told.dimensions), told.base_exact)
        amounts = {line.code: Decimal(repr(line.amount)) for line in told.adjustments if line.applies}
        kinds = {line.code: line.kind for line in told.adjustments}
        x = Decimal(told.base_exact) - sum(v for code, v in amounts.items() if kinds[code] == "deduction")
        x = max(x, Decimal(0))
        for code, factor in amounts.items():
            x *= factor if kinds[code] == "decay" else 1
        near(x + sum(v for code, v in amounts.items() if kinds[code] == "bonus"), told.unrounded_exact)


def near(found, wanted):
    """Equal up to what 18 printed digits leave open."""
    assert abs(found - Decimal(wanted)) < Decimal("1e-14")


@trials(25)
@given(seeds, st.sampled_from(UNIT_FREE), st.sampled_from([0.001, 0.1, 10.0, 10000.0]))
def test_the_unit_of_an_amount_does_not_matter(seed, metric, factor):
    """Everybody's exports in yuan instead of 10,000 yuan: the references follow, so no score moves."""
    case, before = published(seed % 60)
    changed = copy.deepcopy(case)
    for firm in changed["firms"].values():
        for sheet in (firm["current"], firm["previous"]):
            if metric in sheet:
                sheet[metric] = float(Decimal(repr(sheet[metric])) * Decimal(repr(factor)))
    after = evaluate(SCHEME, as_cohort(SCHEME, changed))
    assert after.total_cents.tolist() == before.total_cents.tolist()
    assert np.allclose(after.points, before.points, rtol=1e-9, atol=1e-9)


@trials(20)
@given(seeds, st.data())
def test_twins_share_a_score_and_a_rank(seed, data):
    case, e = published(seed % 60)
    keys = [key for i, key in enumerate(case["firms"]) if e.status[i] == SCORED]
    key = data.draw(st.sampled_from(keys))
    both = {**case, "firms": {**case["firms"], "TWIN": case["firms"][key]}}
    after = evaluate(SCHEME, as_cohort(SCHEME, both), references=e.references)
    mine, twin = list(both["firms"]).index(key), len(after) - 1
    assert after.total_cents[mine] == after.total_cents[twin] == e.total_cents[mine]
    assert after.rank_overall[mine] == after.rank_overall[twin]


@trials(20)
@given(seeds, st.sampled_from(["zero", "mean", "penalty", "rescale"]))
def test_huge_and_tiny_figures_do_no_harm(seed, policy):
    luck = random.Random(seed)
    case = zone(seed, 12)
    for firm in case["firms"].values():
        for name in firm["current"]:
            if luck.random() < 0.3:
                firm["current"][name] = luck.choice([1e300, 1e-300, -1e300, 0.0, 5e-324, 1e15 + 0.5])
    scheme = parse_scheme(switch(TEXT, "missing", f'"{policy}"'))
    e = evaluate(scheme, as_cohort(scheme, case))
    assert np.isfinite(e.points).all()
    assert np.isfinite(e.total).all()
    assert (e.rank_overall[e.status == SCORED] > 0).all()
