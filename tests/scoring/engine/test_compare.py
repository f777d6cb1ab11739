"""Who moved, and the three causes that add up to each firm's change."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from scoring.engine import Cohort, evaluate, parse_scheme
from scoring.engine.compare import CAUSES, ORDERS, apportion, shapley, shift, split
from tests.oracle_cases import as_cohort, zone
from tests.oracle_schemes import switch
from tests.scoring.engine.beside import REGULATION, SMALL, cohort


def table(function):
    return {(d, r, o): np.array([function(d, r, o)]) for d in (0, 1) for r in (0, 1) for o in (0, 1)}


@pytest.mark.parametrize(
    ("function", "parts"),
    [
        (lambda d, r, o: 3 * d + 5 * r - 2 * o, (3, 5, -2)),
        (lambda d, r, o: 6 * d * r * o, (2, 2, 2)),
        (lambda d, r, o: 4 * d * r + o, (2, 2, 1)),
        (lambda d, r, o: 12 * d * (1 - r), (6, -6, 0)),
    ],
)
def test_shapley_of_games_worked_out_by_hand(function, parts):
    found = shapley(table(function))
    assert tuple(Fraction(int(found[cause][0]), ORDERS) for cause in CAUSES) == parts


def test_whole_units_add_up_and_are_within_one_of_the_exact_parts():
    draw = np.random.default_rng(3)
    totals = {key: draw.integers(-5000, 10600, 500) for key in table(lambda *_: 0)}
    change = totals[1, 1, 1] - totals[0, 0, 0]
    sixths = shapley(totals)
    assert (sum(sixths.values()) == 6 * change).all()
    parts = apportion(sixths, change)
    assert (sum(parts.values()) == change).all()
    for cause in CAUSES:
        assert (np.abs(6 * parts[cause] - sixths[cause]) < 6).all()


def year(seed, keys):
    firms = zone(seed, len(keys))["firms"]
    return dict(zip(keys, firms.values(), strict=True))


def both_years():
    old = {**zone(1, 0), "firms": year(1, [f"F{i}" for i in range(40)])}
    new = {**zone(1, 0), "firms": year(2, [f"F{i}" for i in range(5, 45)])}
    return old, new


def test_the_three_parts_add_up_to_every_change_between_two_years_and_two_schemes():
    old, new = both_years()
    other = parse_scheme(switch(REGULATION.text, "reference_method", '"p50"'))
    a, b = as_cohort(REGULATION, old), as_cohort(other, new)
    found = split((REGULATION, a), (other, b))
    assert found.keys == tuple(f"F{i}" for i in range(5, 40))
    before, after = evaluate(REGULATION, a), evaluate(other, b)
    for i, key in enumerate(found.keys):
        change = int(after.total_cents[b.keys.index(key)]) - int(before.total_cents[a.keys.index(key)])
        assert found.change[i] == change
        assert sum(int(found.sixths[cause][i]) for cause in CAUSES) == 6 * change
        assert sum(int(found.parts[cause][i]) for cause in CAUSES) == change


def test_a_change_with_one_cause_is_given_to_that_cause_alone():
    old, new = both_years()
    still = [f"F{i}" for i in range(5, 20)]
    new["firms"] = {**new["firms"], **{key: old["firms"][key] for key in still}}
    a, b = as_cohort(REGULATION, old), as_cohort(REGULATION, new)
    found = split((REGULATION, a), (REGULATION, b))
    mine = [found.keys.index(key) for key in still]
    assert (found.change[mine] != 0).any(), "the references must have moved for this to test anything"
    assert (found.sixths["data"][mine] == 0).all()
    assert (found.sixths["rules"] == 0).all()
    stricter = parse_scheme(switch(REGULATION.text, "reference_method", '"max"'))
    rules = split((REGULATION, a), (stricter, a))
    assert (rules.change != 0).any()
    assert (rules.sixths["rules"] == 6 * rules.change).all()


def test_schemes_of_different_decimals_cannot_be_split():
    a = as_cohort(REGULATION, zone(1, 3))
    with pytest.raises(ValueError, match="小数位数"):
        split((REGULATION, a), (parse_scheme(switch(REGULATION.text, "decimals", "1")), a))


def test_shifts_and_the_boundary_of_a_list():
    one = cohort(a=[60, 10, 1, 0], b=[0, 0, 0, 0], c=[1, 1, 1, 1], d=[0, 0, 0, 0])
    two = Cohort(
        ["F3", "F1", "NEW", "F0"], one.year, one.as_of, current={**one.current, "a": np.array([60.0, 10, 60, 1])}
    )
    found = shift(evaluate(SMALL, one), evaluate(SMALL, two), top=2)
    assert found.keys == ("F3", "F1", "F0")
    assert (found.entered, found.left) == (("NEW",), ("F2",))
    assert found.rank_before.tolist() == [4, 2, 1]
    assert found.rank_after.tolist() == [1, 3, 4]
    assert found.moved.tolist() == [3, -1, -3]
    assert (found.joined, found.dropped) == (("F3",), ("F1", "F0"))
    assert found.before.tolist() == [0, 2700, 3600]
    assert shift(evaluate(SMALL, one), evaluate(SMALL, replace(one))).moved.tolist() == [0, 0, 0, 0]
