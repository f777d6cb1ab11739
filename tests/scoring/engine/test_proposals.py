"""What is proposed is the least that pays; of what is proposed nothing better than the highest can be put together."""

from itertools import product

import numpy as np
import pytest

from scoring.engine import evaluate
from scoring.engine.cheapest import cheapest, highest
from scoring.engine.proposals import Range, propose, tightened
from scoring.engine.whatif import Firm
from tests.scoring.engine.beside import SMALL, cohort, crowd, judged


def firm_of(**columns):
    zone = cohort(**columns)
    return Firm(evaluate(SMALL, zone), zone, "F0")


def test_tiers_come_out_at_their_edges_and_lines_in_parts():
    firm = firm_of(a=[5.0], b=[8.0], c=[20.0], d=[30.0])
    moves = propose(firm, {"a": Range(5, 80, 1, 1.0), "b": Range(8, 20, 0.01, 2.0)}, parts=4)
    assert [move.value for move in moves if move.metric == "a"] == [10, 50]
    values = [move.value for move in moves if move.metric == "b"]
    assert {11.0, 14.0, 17.0, 20.0} <= set(values)  # the line up to 20; the others are parts of the ratio b / c
    assert all(move.cost == pytest.approx((move.value - 8) * 2) for move in moves if move.metric == "b")


def test_one_unit_less_pays_less_and_no_range_is_left():
    columns, e = judged()
    for place in np.flatnonzero(e.status == 0)[:8]:
        firm = Firm(e, columns, columns.keys[place])
        now = firm.figures()
        names = [name for name in e.scheme.metrics_used if name != "torch_reported"]
        ranges = {n: Range(now.get(n, 0.0), abs(now.get(n, 0.0)) * 2 + 50, 1.0, 1.0) for n in names}
        moves = propose(firm, ranges, parts=2)
        assert moves
        rows = [{}, *({m.metric: m.value} for m in moves), *({m.metric: m.value - 1} for m in moves)]
        points = firm.judge(rows).points
        for i, move in enumerate(moves):
            assert ranges[move.metric].now < move.value <= ranges[move.metric].most
            assert (points[1 + i] > points[0] + 1e-12).any()
            assert (points[1 + i] > points[1 + len(moves) + i] + 1e-12).any()


def test_what_raises_nothing_is_not_proposed():
    firm = firm_of(a=[60.0], b=[10.0], c=[20.0], d=[30.0])
    assert propose(firm, {"a": Range(60, 90, 1, 1.0), "c": Range(20, 40, 1, 1.0), "d": Range(30, 30, 1, 1.0)}) == []


@pytest.mark.parametrize("seed", range(8))
def test_the_highest_is_the_best_of_all_combinations_and_nothing_reaches_beyond_it(seed):
    zone = crowd(20, seed)
    firm = Firm(evaluate(SMALL, zone), zone, f"F{seed}")
    now = firm.figures()
    moves = propose(firm, {n: Range(now[n], now[n] + 60, 1, 1.0) for n in "abcd"}, parts=3)
    options = {}
    for move in moves:
        options.setdefault(move.metric, [None]).append(move)
    rows = [{m.metric: m.value for m in chosen if m} for chosen in product(*options.values())]
    best = max(outcome.units for outcome in firm.what_if(rows))
    top = highest(firm, moves)
    assert top.outcome.units == best
    assert cheapest(firm, moves, best / 100).cost <= top.cost + 1e-9
    assert cheapest(firm, moves, best / 100 + 0.01) is None


def test_a_condition_that_no_move_can_change_ties_no_metrics_together():
    """Under the regulation research and patents decide who is evaluated at all; for a firm that is, raising them cannot."""
    columns, e = judged()
    place = int(np.flatnonzero(e.status == 0)[0])
    firm = Firm(e, columns, columns.keys[place])
    now = firm.figures()
    names = ["rd_expense", "invention_applications", "pct_applications", "invention_grants", "headcount", "exports"]
    moves = propose(firm, {n: Range(now.get(n, 0.0), now.get(n, 0.0) * 2 + 50, 1, 1.0) for n in names}, parts=5)
    assert len(moves) >= 20
    assert highest(firm, moves, limit=3000).outcome.total >= e.total[place]


def test_a_plan_that_is_not_accepted_is_passed_over():
    zone = crowd(20, 3)
    firm = Firm(evaluate(SMALL, zone), zone, "F3")
    now = firm.figures()
    moves = propose(firm, {n: Range(now[n], now[n] + 60, 1, 1.0) for n in "abcd"})
    target = firm.what_if([{}])[0].total + 1
    first = cheapest(firm, moves, target)
    other = cheapest(firm, moves, target, accept=lambda outcome: outcome.changes != first.outcome.changes)
    assert other is None or other.cost >= first.cost
    assert cheapest(firm, moves, target, accept=lambda _outcome: False) is None


@pytest.mark.parametrize("seed", range(6))
def test_a_plan_is_cut_down_to_what_just_does(seed):
    zone = crowd(20, seed)
    firm = Firm(evaluate(SMALL, zone), zone, f"F{seed}")
    now = firm.figures()
    ranges = {n: Range(now[n], now[n] + 60, 1, 1.0) for n in "abcd"}
    moves = propose(firm, ranges)
    units = int(firm.what_if([{}])[0].units + 700)
    plan = cheapest(firm, moves, units / 100)
    if plan is None:
        pytest.skip("out of reach for this firm")
    cut = tightened(firm, plan, ranges, units)
    assert cut.cost <= plan.cost
    assert cut.outcome == firm.what_if([{move.metric: move.value for move in cut.moves}])[0]
    assert cut.outcome.units >= units
    for move in cut.moves:
        less = {other.metric: other.value for other in cut.moves} | {move.metric: move.value - 1}
        assert firm.what_if([less])[0].units < units
