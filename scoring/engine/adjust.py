"""From the base score to the total: deductions, floor, decay, bonus, cap, in the order the scheme gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.engine import exact, vector
from scoring.engine.exact import to_float
from scoring.engine.scheme import Adjustment, Scheme
from scoring.engine.vector import Frame

Floats = NDArray[np.float64]


@dataclass
class Adjusted:
    """deductions [K], bonuses [B]: points per firm; decays [L]: factor per firm (1 = does not apply); the rest [n]."""

    deductions: list[Floats]
    decays: list[Floats]
    bonuses: list[Floats]
    deduction: Floats
    factor: Floats
    bonus: Floats
    unrounded: Floats


@dataclass(frozen=True)
class Step:
    """One step of the way to the total: what it changed, and what stood after it."""

    name: str
    change: Fraction
    after: Fraction


@dataclass(frozen=True)
class ExactAdjusted:
    """The same for one firm."""

    deductions: dict[str, Fraction]
    decays: dict[str, Fraction]
    bonuses: dict[str, Fraction]
    factor: Fraction
    steps: list[Step] = field(default_factory=list)
    unrounded: Fraction = Fraction(0)


def adjust(scheme: Scheme, frame: Frame, base: Floats) -> Adjusted:
    """Apply every adjustment to the base scores."""
    deductions = [_points(item, frame) for item in scheme.deductions]
    bonuses = [_points(item, frame) for item in scheme.bonuses]
    decays = [
        np.where(vector.condition(decay.when.node, frame).true, to_float(decay.factor), 1.0) for decay in scheme.decays
    ]
    deduction = _capped(deductions, scheme.deduction_cap, frame.n)
    bonus = _capped(bonuses, scheme.bonus_cap, frame.n)
    factor = np.ones(frame.n)
    for decay in decays:
        factor = np.minimum(factor, decay) if scheme.settings["decay_stacking"] == "smallest" else factor * decay
    x = base
    for step in scheme.settings["order"]:
        if step == "deductions":
            x = x - deduction
        elif step == "floor":
            x = np.maximum(x, 0.0)
        elif step == "decay":
            x = x * factor
        elif step == "bonus":
            x = x + bonus
        elif scheme.total is not None:
            x = np.minimum(x, to_float(scheme.total))
    return Adjusted(deductions, decays, bonuses, deduction, factor, bonus, x)


def _points(item: Adjustment, frame: Frame) -> Floats:
    x = vector.number(item.points.node, frame).x
    x = np.where(x > 0, x, 0.0)
    return x if item.cap is None else np.minimum(x, to_float(item.cap))


def _capped(items: list[Floats], cap: Fraction | None, n: int) -> Floats:
    total = np.zeros(n)
    for item in items:
        total = total + item
    return total if cap is None else np.minimum(total, to_float(cap))


def adjust_exactly(scheme: Scheme, row: exact.Row, base: Fraction) -> ExactAdjusted:
    """Apply every adjustment to one firm's base score, keeping each step."""
    deductions = {item.code: _exact_points(item, row) for item in scheme.deductions}
    bonuses = {item.code: _exact_points(item, row) for item in scheme.bonuses}
    decays = {decay.code: decay.factor for decay in scheme.decays if exact.condition(decay.when.node, row) is True}
    factor = Fraction(1)
    for value in decays.values():
        factor = min(factor, value) if scheme.settings["decay_stacking"] == "smallest" else factor * value
    steps: list[Step] = []
    x = base
    changes: dict[str, Any] = {
        "deductions": lambda v: v - _exact_capped(deductions, scheme.deduction_cap),
        "floor": lambda v: max(v, Fraction(0)),
        "decay": lambda v: v * factor,
        "bonus": lambda v: v + _exact_capped(bonuses, scheme.bonus_cap),
        "cap": lambda v: v if scheme.total is None else min(v, scheme.total),
    }
    for name in scheme.settings["order"]:
        after = changes[name](x)
        steps.append(Step(name, after - x, after))
        x = after
    return ExactAdjusted(deductions, decays, bonuses, factor, steps, x)


def _exact_points(item: Adjustment, row: exact.Row) -> Fraction:
    value = exact.number(item.points.node, row)
    if isinstance(value, exact.State) or value <= 0:
        return Fraction(0)
    return value if item.cap is None else min(value, item.cap)


def _exact_capped(items: dict[str, Fraction], cap: Fraction | None) -> Fraction:
    total: Any = sum(items.values(), Fraction(0))
    return total if cap is None else min(total, cap)
