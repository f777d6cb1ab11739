"""Moves worth offering a firm: for each of its figures, the smallest values at which some indicator earns noticeably more.

Found by asking the engine, not by turning rules round: it holds for every rule, for ratios and growths as for plain figures.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.engine.cheapest import Move, Plan
from scoring.engine.whatif import Firm, Outcome

PARTS = 3  # steps on the way from what an indicator earns now to what it can earn
HAIR = 1e-9  # points
CUTS = 16  # values tried at a time where an increase is cut down


@dataclass(frozen=True)
class Range:
    """How far a metric may be raised: from its present value (0 where not provided) to `most`, in steps of `unit`.

    cost: of one unit of increase, in any unit of one's own.
    """

    now: float
    most: float
    unit: float
    cost: float


def propose(firm: Firm, ranges: Mapping[str, Range], *, parts: int = PARTS) -> list[Move]:
    """For each metric alone: the least values that lift some indicator by 1/parts, 2/parts, … of what raising the metric to the
    end of its range would lift it by; tiers and thresholds come out at their edges. Raises ValueError for an unknown metric.

    Lowering a figure is never proposed, even where a ratio would gain.
    """
    names = [name for name, found in ranges.items() if found.most > found.now]
    if not names:
        return []
    points = firm.judge([{}, *({name: ranges[name].most} for name in names)]).points
    tried: list[tuple[str, int, float]] = []
    for row, name in enumerate(names, start=1):
        for column in np.flatnonzero(points[row] > points[0] + HAIR):
            gap = points[row, column] - points[0, column]
            tried += [(name, int(column), float(points[0, column] + gap * k / parts)) for k in range(1, parts + 1)]
    values = _least(firm, ranges, tried)
    found: dict[str, set[float]] = {}
    for (name, _, _), value in zip(tried, values, strict=True):
        found.setdefault(name, set()).add(value)
    return [
        Move(name, value, (value - ranges[name].now) * ranges[name].cost)
        for name in names
        for value in sorted(found.get(name, ()))
    ]


def _least(firm: Firm, ranges: Mapping[str, Range], tried: list[tuple[str, int, float]]) -> list[float]:
    """The least value of each metric that gives its indicator so many points: bisection in whole units, all at once."""
    if not tried:
        return []
    low = np.zeros(len(tried), dtype=np.int64)  # units above now: too little
    high = np.array([math.ceil((ranges[n].most - ranges[n].now) / ranges[n].unit) for n, _, _ in tried], dtype=np.int64)
    columns = np.array([column for _, column, _ in tried])
    levels = np.array([level for _, _, level in tried])
    while (high - low > 1).any():
        middle = (low + high) // 2
        enough = _points(firm, ranges, tried, middle)[np.arange(len(tried)), columns] >= levels - HAIR
        high, low = np.where(enough, middle, high), np.where(enough, low, middle)
    return [_value(ranges[name], int(units)) for (name, _, _), units in zip(tried, high, strict=True)]


def _points(
    firm: Firm, ranges: Mapping[str, Range], tried: list[tuple[str, int, float]], units: NDArray[np.int64]
) -> NDArray[np.float64]:
    rows = [{name: _value(ranges[name], int(unit))} for (name, _, _), unit in zip(tried, units, strict=True)]
    return firm.judge(rows).points


def _value(found: Range, units: int) -> float:
    """So many units above the present value, not beyond the range; without the dust of adding decimals."""
    digits = max(0, round(-math.log10(found.unit))) if found.unit < 1 else 0
    grid = math.floor(found.now / found.unit + HAIR) * found.unit
    return min(round(grid + units * found.unit, digits), found.most)


def tightened(
    firm: Firm, plan: Plan, ranges: Mapping[str, Range], units: int, accept: Callable[[Outcome], bool] = lambda _: True
) -> Plan:
    """The plan with every increase cut down to what still reaches `units` (total, in units), the dearest first.

    Proposed values are steps; between two of them less may do. What is left of no use is left out. Never costs more.
    """
    kept = {move.metric: move.value for move in plan.moves}
    outcome = plan.outcome
    for move in sorted(plan.moves, key=lambda move: -move.cost):
        found = ranges[move.metric]
        low, high = -1, math.ceil((kept[move.metric] - found.now) / found.unit)  # in units above the present value
        while high - low > 1:
            tried = sorted({low + max(1, (high - low) * k // CUTS) for k in range(1, CUTS)} - {high})
            rows = [_with(kept, move.metric, found, value) for value in tried]
            for value, judged in zip(tried, firm.what_if(rows), strict=True):
                if judged.units >= units and judged.status == "scored" and accept(judged):
                    high, outcome = value, judged
                    break
                low = value
        kept = _with(kept, move.metric, found, high)
    cut = tuple(Move(name, v, (v - ranges[name].now) * ranges[name].cost) for name, v in kept.items())
    return Plan(cut, sum(move.cost for move in cut), outcome)


def _with(kept: Mapping[str, float], metric: str, found: Range, units: int) -> dict[str, float]:
    """The changes with one metric so many units above its present value; without it for none."""
    changed = {name: value for name, value in kept.items() if name != metric}
    return changed if units <= 0 else {**changed, metric: _value(found, units)}
