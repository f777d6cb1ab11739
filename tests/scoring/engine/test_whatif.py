"""What-if answers are what the engine would have said; the cheapest plan is what trying everything would have found."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from scoring.engine import evaluate, parse_scheme
from scoring.engine.cheapest import Move, cheapest, suggest
from scoring.engine.whatif import Firm, marginal_gains
from tests.scoring.engine.beside import SMALL, TIERED, cohort, crowd, judged


def test_a_what_if_is_what_the_engine_says_of_the_changed_zone():
    columns, e = judged()
    place = int(np.flatnonzero((e.status == 0) & (e.rank_overall > 20))[0])
    firm = Firm(e, columns, columns.keys[place])
    variants = [{}, {"rd_expense": 1e4, "exports": 900.0}, {"revenue": 50000.0}, {"headcount": float("nan")}]
    for changes, outcome in zip(variants, firm.what_if(variants), strict=True):
        current = {name: column.copy() for name, column in columns.current.items()}
        for name, value in changes.items():
            current[name][place] = value
        whole = evaluate(e.scheme, replace(columns, current=current), references=e.references)
        assert outcome.units == whole.total_cents[place]
        assert outcome.rank_overall == whole.rank_overall[place]
        assert outcome.rank_stage == whole.rank_stage[place]
        assert outcome.stage == e.scheme.stages[whole.stage[place]].code


def test_unknown_firms_and_metrics_are_refused():
    columns, e = judged()
    with pytest.raises(KeyError):
        Firm(e, columns, "nobody")
    with pytest.raises(ValueError, match="profits"):
        Firm(e, columns, columns.keys[0]).judge([{"profits": 1.0}])


def test_marginal_gains_by_hand():
    # x1: a = 5 earns 20 of 60; x2: b/20 × 40; small firm: x weighs 0.6, y 0.4
    columns = cohort(a=[5.0, 1.0], b=[4.0, 1.0], c=[20.0, 1.0], d=[0.0, 1.0])
    gains = {
        g.metric: g for g in marginal_gains(Firm(evaluate(SMALL, columns), columns, "F0"), {"a": 5, "b": 1, "d": 40})
    }
    assert gains["a"].up == pytest.approx(0.6 * 25)  # reaches the tier from 10
    assert gains["a"].down == pytest.approx(-0.6 * 20 - 0.2 * (0.6 * 8 + 0.4 * 30))  # nothing left: no tier, and × 0.8
    # b / c = 20 % is the base, earning 60 % of 50; 25 % earns (60 + 40 × 5/60) %
    assert gains["b"].up == pytest.approx(0.6 * 2 + 0.4 * 50 * 0.4 * 5 / 60)
    assert gains["d"].up == pytest.approx(0.4 * 10)


def everything(firm, moves, target):
    """The least cost by trying every combination."""
    options = {}
    for move in moves:
        options.setdefault(move.metric, [None]).append(move)
    tried = [[move for move in chosen if move] for chosen in product(*options.values())]
    outcomes = firm.what_if([{move.metric: move.value for move in chosen} for chosen in tried])
    costs = [
        sum(move.cost for move in chosen)
        for chosen, outcome in zip(tried, outcomes, strict=True)
        if outcome.units >= round(target * 100) and outcome.status == "scored"
    ]
    return min(costs, default=None)


@pytest.mark.parametrize("seed", range(12))
def test_the_cheapest_plan_is_the_best_of_all_combinations(seed):
    draw = np.random.default_rng(seed)
    columns = crowd(20, seed)
    firm = Firm(evaluate(SMALL, columns), columns, f"F{seed}")
    values = {"a": [0, 1, 10, 49, 50], "b": [2, 5.5, 20], "c": [1, 30], "d": [39, 40, 99, 100, 160, 240]}
    moves = [Move(name, float(v), float(draw.integers(0, 50))) for name, column in values.items() for v in column]
    for target in (30, 45.5, 62.25, 80, 99.99, 101):
        plan = cheapest(firm, moves, target)
        best = everything(firm, moves, target)
        assert (plan and plan.cost) == best
        if plan:
            assert plan.outcome.total >= target
            assert len({move.metric for move in plan.moves}) == len(plan.moves)


def test_a_tree_that_does_not_add_up_is_tried_in_every_combination():
    scheme = parse_scheme(TIERED.replace('method = "arithmetic"', 'method = "geometric"'))
    columns = crowd(10, 4)
    firm = Firm(evaluate(scheme, columns), columns, "F3")
    moves = [Move("a", 50.0, 3), Move("a", 10.0, 1), Move("b", 20.0, 2), Move("d", 90.0, 4), Move("c", 20.0, 1)]
    for target in (20, 40, 60):
        plan = cheapest(firm, moves, target)
        assert (plan and plan.cost) == everything(firm, moves, target)


def test_many_separate_metrics_do_not_multiply():
    """Fifteen metrics with four moves each: 4¹⁵ combinations are never tried."""
    columns, e = judged()
    place = int(np.flatnonzero(e.status == 0)[0])
    firm = Firm(e, columns, columns.keys[place])
    names = ["exports", "venture_capital", "invested_firms", "foreign_returnees", "graduates_hired", "standards"]
    names += ["rd_tax_relief", "hightech_revenue", "invention_grants", "pct_applications", "tech_contract_value"]
    names += ["university_contract_value", "total_profit", "net_profit", "technologists"]
    prices = dict.fromkeys(names, 1.0)
    moves = suggest(firm, prices)
    assert len(moves) > 20
    target = float(e.total[place]) + 5
    plan = cheapest(firm, moves, target)
    assert plan is not None
    assert plan.outcome.total >= target
    dropped = [[m for m in plan.moves if m is not out] for out in plan.moves]
    outcomes = firm.what_if([{m.metric: m.value for m in rest} for rest in dropped])
    assert all(outcome.total < target for outcome in outcomes), "a plan holds no move it could do without"


def test_too_many_combinations_and_negative_costs_are_refused():
    columns = crowd(5)
    firm = Firm(evaluate(SMALL, columns), columns, "F0")
    with pytest.raises(ValueError, match="组合超过"):
        cheapest(firm, [Move(name, v, 1.0) for name in "abcd" for v in range(20)], 90, limit=100)
    with pytest.raises(ValueError, match="成本"):
        cheapest(firm, [Move("a", 1.0, -1.0)], 90)


def test_suggestions_are_the_edges_of_tiers_steps_and_full_marks():
    columns = cohort(a=[5.0], b=[10.0], c=[20.0], d=[30.0])
    firm = Firm(evaluate(SMALL, columns), columns, "F0")
    found = suggest(firm, {"a": 2.0, "b": 1.0, "d": 0.5, "c": 1.0})
    assert [(m.metric, m.value, m.cost) for m in found] == [
        ("a", 10.0, 10.0), ("a", 50.0, 90.0),
        ("b", 12.5, 2.5), ("b", 15.0, 5.0), ("b", 17.5, 7.5), ("b", 20.0, 10.0),
        ("d", 40.0, 5.0), ("d", 80.0, 25.0), ("d", 120.0, 45.0), ("d", 160.0, 65.0), ("d", 200.0, 85.0),
    ]  # fmt: skip
