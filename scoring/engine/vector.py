"""The language on whole columns, in float64, keeping a bound on the rounding error.

A comparison closer than its error bound is decided again in exact arithmetic for those firms, so every condition is
exactly right; numbers carry their bound along, so the caller knows which totals to recompute.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from scoring.engine import exact
from scoring.engine.calendar import years_since
from scoring.engine.nodes import ZERO, InputKey, Node

EPS = 2.3e-16
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass
class Number:
    """A numeric column. x: NaN where not known; cannot: where it is unknown because it cannot be computed.

    The error is |x|·relative, or `absolute` per firm when that is given. atom: an input or constant as it is.
    """

    x: Floats
    cannot: Bools | None = None
    relative: float = 0.0
    absolute: Floats | None = None
    atom: bool = False

    def error(self) -> Floats:
        """The error bound per firm."""
        return self.absolute if self.absolute is not None else np.abs(self.x) * self.relative


@dataclass
class Truth:
    """A condition column: where it is true and where it is false; elsewhere unknown."""

    true: Bools
    false: Bools


@dataclass
class Frame:
    """The inputs of n firms as columns, the dates they are judged at, and their stages once known."""

    n: int
    year: int
    as_of: dt.date
    columns: Mapping[InputKey, Floats]
    grades: tuple[int, ...] = ()
    stage: NDArray[np.int8] | None = None
    exact_results: Callable[[int], Mapping[InputKey, object]] | None = None
    errors: dict[InputKey, Floats] = field(default_factory=dict)
    ages: dict[InputKey, Floats] = field(default_factory=dict)  # years since a date, asked for more than once

    def row(self, i: int) -> exact.Row:
        """One firm's inputs for the exact arithmetic."""
        inputs: dict[InputKey, object] = {key: float(column[i]) for key, column in self.columns.items()}
        if self.exact_results is not None:
            inputs.update(self.exact_results(i))
        return exact.Row(inputs, self.year, self.as_of, -1 if self.stage is None else int(self.stage[i]), self.grades)


def number(node: Node, frame: Frame) -> Number:
    """The column of a numeric expression."""
    with np.errstate(all="ignore"):
        return _settle(node, _NUMBERS[node.op](node, frame), frame)


def condition(node: Node, frame: Frame) -> Truth:
    """The column of a condition."""
    with np.errstate(all="ignore"):
        return _CONDITIONS[node.op](node, frame)


def _settle(node: Node, value: Number, frame: Frame) -> Number:
    """Where float64 overflowed, take the exact value and leave an infinite error, so that it is never relied on."""
    if value.atom or not node.args:
        return value
    x = value.x
    odd = np.isinf(x)
    if value.absolute is not None:
        odd |= ~np.isfinite(value.absolute) & ~np.isnan(x)
    if not odd.any():
        return value
    # an overflow hides as NaN only when two infinities met; an operand was infinite then and was settled below here
    x, absolute = x.copy(), value.error().copy()
    for i in np.flatnonzero(odd):
        known = exact.number(node, frame.row(int(i)))
        if not isinstance(known, exact.State):
            x[i] = exact.to_float(known)
            absolute[i] = np.inf
    return Number(x, value.cannot, absolute=absolute)


def _either(*masks: Bools | None) -> Bools | None:
    present = [mask for mask in masks if mask is not None]
    if not present:
        return None
    result = present[0]
    for mask in present[1:]:
        result = result | mask
    return result


def _combine_cannot(values: list[Number]) -> Bools | None:
    """Cannot where an operand cannot and none is missing."""
    cannot = _either(*(value.cannot for value in values))
    if cannot is None:
        return None
    for value in values:
        gone = np.isnan(value.x)
        cannot = cannot & ~(gone if value.cannot is None else gone & ~value.cannot)
    return cannot


def _merge(x: Floats, cannot: Bools | None, values: list[Number]) -> Number:
    """A column whose every value is one of the operands' (or bounded by them)."""
    if all(value.absolute is None for value in values):
        relative = max(value.relative for value in values)
        return Number(x, cannot, relative, atom=all(value.atom for value in values))
    absolute = np.maximum.reduce([np.nan_to_num(np.broadcast_to(value.error(), x.shape)) for value in values])
    return Number(x, cannot, absolute=absolute)


def _const(node: Node, frame: Frame) -> Number:
    return Number(np.full(frame.n, float(node.data)), relative=EPS, atom=True)


def _missing(node: Node, frame: Frame) -> Number:
    return Number(np.full(frame.n, np.nan), atom=True)


def _input(node: Node, frame: Frame) -> Number:
    if node.data in frame.errors:
        return Number(frame.columns[node.data], absolute=frame.errors[node.data])
    return Number(frame.columns[node.data], relative=EPS, atom=True)


def _sum(node: Node, frame: Frame) -> Number:
    a, b = (number(arg, frame) for arg in node.args)
    x = a.x + b.x if node.op == "add" else a.x - b.x
    return Number(x, _combine_cannot([a, b]), absolute=a.error() + b.error() + EPS * np.abs(x))


def _mul(node: Node, frame: Frame) -> Number:
    a, b = (number(arg, frame) for arg in node.args)
    x, cannot = a.x * b.x, _combine_cannot([a, b])
    if a.absolute is None and b.absolute is None:
        return Number(x, cannot, 1.01 * (a.relative + b.relative) + EPS)
    ea, eb = a.error(), b.error()
    return Number(x, cannot, absolute=np.abs(a.x) * eb + np.abs(b.x) * ea + ea * eb + EPS * np.abs(x))


def _quotient(a: Number, b: Number, bad: Bools, scale: float) -> Number:
    """a ÷ b × scale; cannot where bad."""
    x = a.x / b.x if scale == 1 else a.x / b.x * scale
    x[bad] = np.nan
    cannot = _combine_cannot([a, b])
    bad = bad & ~np.isnan(a.x)
    cannot = bad if cannot is None else cannot | bad
    if a.absolute is None and b.absolute is None:
        return Number(x, cannot, 1.01 * (a.relative + b.relative) + 3 * EPS)
    absolute = (a.error() * scale + np.abs(x) * b.error()) / np.abs(b.x) + 3 * EPS * np.abs(x)
    return Number(x, cannot, absolute=absolute * 1.01)


def _div(node: Node, frame: Frame) -> Number:
    a, b = (number(arg, frame) for arg in node.args)
    bad = compare_columns("==", node.args[1], ZERO, b, _const(ZERO, frame), frame).true
    return _quotient(a, b, bad, 1)


def _ratio(node: Node, frame: Frame) -> Number:
    a, b = (number(arg, frame) for arg in node.args)
    bad = compare_columns("<=", node.args[1], ZERO, b, _const(ZERO, frame), frame).true
    return _quotient(a, b, bad, 100)


def _growth(node: Node, frame: Frame) -> Number:
    now, before = (number(arg, frame) for arg in node.args)
    zero = compare_columns("==", node.args[1], ZERO, before, _const(ZERO, frame), frame).true
    difference = now.x - before.x
    change = Number(
        difference,
        _combine_cannot([now, before]),
        absolute=now.error() + before.error() + EPS * np.abs(difference),
    )
    base = Number(np.abs(before.x), before.cannot, before.relative, before.absolute)
    result = _quotient(change, base, zero, 100)
    if node.data is not None:
        declared = zero & ~np.isnan(difference)
        result.x[declared] = float(node.data)
        result.absolute = np.where(declared, 0.0, result.error())
        if result.cannot is not None:
            result.cannot = result.cannot & ~declared
    return result


def _two_year(node: Node, frame: Frame) -> Number:
    a, b = (number(arg, frame) for arg in node.args)
    gone_a, gone_b = np.isnan(a.x), np.isnan(b.x)
    cannot = _either(a.cannot, b.cannot)
    x = np.where(gone_a, 0, a.x) + np.where(gone_b, 0, b.x)
    x[gone_a & gone_b] = np.nan
    if cannot is not None:
        x[cannot] = np.nan
    error = np.nan_to_num(a.error()) + np.nan_to_num(b.error()) + EPS * np.abs(x)
    return Number(x, cannot, absolute=error)


def _pick(node: Node, frame: Frame) -> Number:
    """first_known and best: over the known operands."""
    values = [number(arg, frame) for arg in node.args]
    x = values[0].x.copy()
    for value in values[1:]:
        x = np.fmax(x, value.x) if node.op == "best" else np.where(np.isnan(x), value.x, x)
    cannot = _either(*(value.cannot for value in values))
    return _merge(x, None if cannot is None else cannot & np.isnan(x), values)


def _extreme(node: Node, frame: Frame) -> Number:
    values = [number(arg, frame) for arg in node.args]
    function = np.minimum if node.op == "min" else np.maximum
    x = function.reduce([value.x for value in values])
    return _merge(x, _combine_cannot(values), values)


def _abs(node: Node, frame: Frame) -> Number:
    a = number(node.args[0], frame)
    return Number(np.abs(a.x), a.cannot, a.relative, a.absolute, a.atom)


def _neg(node: Node, frame: Frame) -> Number:
    a = number(node.args[0], frame)
    return Number(-a.x, a.cannot, a.relative, a.absolute, a.atom)


def _log(node: Node, frame: Frame) -> Number:
    a = number(node.args[0], frame)
    bad = compare_columns("<=", node.args[0], ZERO, a, _const(ZERO, frame), frame).true
    x = np.log(np.where(bad, np.nan, a.x))
    cannot = bad if a.cannot is None else a.cannot | bad
    return Number(x, cannot, absolute=a.error() / np.abs(a.x) + 2 * EPS * (np.abs(x) + 1))


def _choose_number(node: Node, frame: Frame) -> Number:
    chosen = condition(node.args[0], frame)
    a, b = (number(arg, frame) for arg in node.args[1:])
    x = np.where(chosen.true, a.x, np.where(chosen.false, b.x, np.nan))
    cannot = None
    if a.cannot is not None or b.cannot is not None:
        no = np.zeros(frame.n, dtype=bool)
        first = no if a.cannot is None else a.cannot
        cannot = (chosen.true & first) | (chosen.false & (no if b.cannot is None else b.cannot))
    return _merge(x, cannot, [a, b])


def _as_number(node: Node, frame: Frame) -> Number:
    truth = condition(node.args[0], frame)
    return Number(np.where(truth.true, 1.0, np.where(truth.false, 0.0, np.nan)), relative=EPS, atom=True)


def _years(node: Node, frame: Frame) -> Number:
    if node.data not in frame.ages:
        frame.ages[node.data] = years_since(frame.columns[node.data], frame.as_of)
    return Number(frame.ages[node.data], relative=4 * EPS)


def grade_column(name: str, frame: Frame) -> Floats:
    """The grade of the present stage or of a stage of the history; NaN if there is none."""
    stage = frame.stage if name == "stage" else frame.columns[("history", name)]
    if stage is None:
        return np.full(frame.n, np.nan)
    none = ~(stage >= 0)
    grades = np.array(frame.grades, dtype=np.float64)[np.where(none, 0, stage).astype(np.int64)]
    return np.where(none, np.nan, grades)


def _dropped(node: Node, frame: Frame) -> Number:
    before = grade_column("previous_stage", frame)
    if node.op == "grades_below_peak":
        peak = grade_column("peak_stage", frame)
        before = np.where(np.isnan(peak), np.fmax(before, grade_column("previous2_stage", frame)), peak)
    drop = before - grade_column("stage", frame)
    return Number(np.where(np.isnan(drop), 0.0, np.maximum(drop, 0.0)), relative=EPS, atom=True)


_UFUNC = {
    "==": np.equal, "!=": np.not_equal, "<": np.less,
    "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal,
}  # fmt: skip


def compare_columns(symbol: str, left: Node, right: Node, a: Number, b: Number, frame: Frame) -> Truth:
    """Compare two columns; what float64 cannot decide is decided exactly."""
    known = ~(np.isnan(a.x) | np.isnan(b.x))
    true = _UFUNC[symbol](a.x, b.x) & known
    if not (a.atom and b.atom):
        near = known & ~(np.abs(a.x - b.x) > a.error() + b.error())
        for i in np.flatnonzero(near):
            row = frame.row(int(i))
            x, y = exact.number(left, row), exact.number(right, row)
            if isinstance(x, exact.State) or isinstance(y, exact.State):
                true[i] = known[i] = False
            else:
                true[i] = exact.compare(symbol, x, y)
    return Truth(true, known & ~true)


def _compare(node: Node, frame: Frame) -> Truth:
    left, right = node.args
    return compare_columns(node.data, left, right, number(left, frame), number(right, frame), frame)


def _and(node: Node, frame: Frame) -> Truth:
    parts = [condition(arg, frame) for arg in node.args]
    return Truth(np.logical_and.reduce([p.true for p in parts]), np.logical_or.reduce([p.false for p in parts]))


def _or(node: Node, frame: Frame) -> Truth:
    parts = [condition(arg, frame) for arg in node.args]
    return Truth(np.logical_or.reduce([p.true for p in parts]), np.logical_and.reduce([p.false for p in parts]))


def _not(node: Node, frame: Frame) -> Truth:
    truth = condition(node.args[0], frame)
    return Truth(truth.false, truth.true)


def _same(node: Node, frame: Frame) -> Truth:
    a, b = (condition(arg, frame) for arg in node.args)
    return Truth((a.true & b.true) | (a.false & b.false), (a.true & b.false) | (a.false & b.true))


def _flag(node: Node, frame: Frame) -> Truth:
    x = number(node.args[0], frame).x
    known = ~np.isnan(x)
    return Truth(known & (x != 0), known & (x == 0))


def _is_stage(node: Node, frame: Frame) -> Truth:
    name, wanted = node.data
    stage = frame.stage if name == "stage" else frame.columns[("history", name)]
    if stage is None:
        return Truth(np.zeros(frame.n, dtype=bool), np.zeros(frame.n, dtype=bool))
    known = stage >= 0
    inside = np.isin(stage, wanted)
    return Truth(known & inside, known & ~inside)


def _known(node: Node, frame: Frame) -> Truth:
    gone = np.isnan(number(node.args[0], frame).x)
    return Truth(~gone, gone)


def _surely(node: Node, frame: Frame) -> Truth:
    true = condition(node.args[0], frame).true
    return Truth(true, ~true)


def _choose_condition(node: Node, frame: Frame) -> Truth:
    chosen, a, b = (condition(arg, frame) for arg in node.args)
    return Truth(
        (chosen.true & a.true) | (chosen.false & b.true),
        (chosen.true & a.false) | (chosen.false & b.false),
    )


def _truth_const(node: Node, frame: Frame) -> Truth:
    true = np.full(frame.n, bool(node.data))
    return Truth(true, ~true)


_NUMBERS: dict[str, Callable[[Node, Frame], Number]] = {
    "const": _const, "missing": _missing, "input": _input, "as_number": _as_number, "neg": _neg, "add": _sum,
    "sub": _sum, "mul": _mul, "div": _div, "ratio": _ratio, "growth": _growth, "two_year": _two_year,
    "best": _pick, "first_known": _pick, "min": _extreme, "max": _extreme, "abs": _abs, "log": _log,
    "choose": _choose_number, "years_since": _years, "grades_dropped": _dropped, "grades_below_peak": _dropped,
}  # fmt: skip
_CONDITIONS: dict[str, Callable[[Node, Frame], Truth]] = {
    "const": _truth_const, "compare": _compare, "and": _and, "or": _or, "not": _not, "same": _same, "flag": _flag,
    "is_stage": _is_stage, "known": _known, "surely": _surely, "choose": _choose_condition,
}  # fmt: skip
