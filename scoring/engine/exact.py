"""The language and the roundings in exact arithmetic, one firm at a time.

It decides what float64 cannot: comparisons and totals within reach of a boundary. It is also what explains a score.
A number is a Fraction, MISSING or CANNOT; a condition is True, False or None (unknown).
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from fractions import Fraction
from typing import Any

from scoring.engine.calendar import from_days, years_between
from scoring.engine.grammar import compare
from scoring.engine.nodes import InputKey, Node

DIGITS = 15  # significant digits of a published reference
_WIDE = Context(prec=60, rounding=ROUND_HALF_UP, Emax=999999, Emin=-999999)


class State(enum.Enum):
    """Why a number is not there."""

    MISSING = "missing"
    CANNOT = "cannot"


MISSING, CANNOT = State.MISSING, State.CANNOT
Number = Fraction | State
Condition = bool | None


@dataclass(frozen=True)
class Row:
    """One firm's inputs: value of each input column (NaN = not provided; results may be Fractions)."""

    inputs: Mapping[InputKey, Any]
    year: int
    as_of: dt.date
    stage: int = -1
    grades: tuple[int, ...] = ()


def to_fraction(value: float) -> Fraction:
    """The decimal number that repr prints for a float, exactly."""
    if value.is_integer() and abs(value) < 2**53:
        return Fraction(int(value))
    return Fraction(Decimal(repr(value)))


def to_float(value: Fraction) -> float:
    """The nearest float; beyond the largest one, the largest one."""
    try:
        return float(value)
    except OverflowError:
        return 1.7976931348623157e308 if value > 0 else -1.7976931348623157e308


def decimal_of(value: float) -> Decimal:
    """The decimal number a computed float stands for, without its last digits: those are the arithmetic's (901.38 / 12 is
    75.115, not 75.11499999999999). Up to ten thousand million; beyond, the number repr prints."""
    return Decimal(f"{value:.14g}" if abs(value) < 1e10 else repr(float(value)))


def round_half_up(value: Fraction, decimals: int) -> Fraction:
    """Rounded to decimals, halves away from zero."""
    scale = 10**decimals
    cents = (abs(value) * scale + Fraction(1, 2)).__floor__()
    return Fraction(cents if value >= 0 else -cents, scale)


def significant(value: Fraction, digits: int = DIGITS) -> Fraction:
    """Rounded half up to significant digits: what a published reference is."""
    if value == 0:
        return value
    size = abs(value)
    exponent = len(str(size.numerator)) - len(str(size.denominator))
    if size < Fraction(10) ** exponent:
        exponent -= 1
    elif size >= Fraction(10) ** (exponent + 1):
        exponent += 1
    return round_half_up(value / Fraction(10) ** (exponent - digits + 1), 0) * Fraction(10) ** (exponent - digits + 1)


def decimal_text(value: Fraction) -> str:
    """A finite decimal as text; anything else rounded to 18 significant digits."""
    with localcontext(_WIDE):
        decimal = Decimal(value.numerator) / Decimal(value.denominator)
        if Fraction(decimal) != value:
            decimal = Decimal(significant(value, 18).numerator) / Decimal(significant(value, 18).denominator)
        text = format(decimal.normalize(), "f")
    return text if len(text) <= 40 else str(decimal.normalize())


def logarithm(value: Fraction) -> Fraction:
    """Natural logarithm to 50 digits; value > 0."""
    with localcontext(_WIDE):
        return Fraction((Decimal(value.numerator) / Decimal(value.denominator)).ln())


def power(base: Fraction, exponent: Fraction) -> Fraction:
    """base ** exponent for base ≥ 0, to 50 digits unless it is exact."""
    if base == 0:
        return Fraction(0) if exponent else Fraction(1)
    if exponent.denominator == 1:
        return base**exponent.numerator
    with localcontext(_WIDE):
        root = Decimal(base.numerator) / Decimal(base.denominator)
        return Fraction(root ** (Decimal(exponent.numerator) / Decimal(exponent.denominator)))


def number(node: Node, row: Row) -> Number:
    """The exact value of a numeric expression."""
    return _NUMBERS[node.op](node, row)


def condition(node: Node, row: Row) -> Condition:
    """The truth of a condition."""
    return _CONDITIONS[node.op](node, row)


def _input(node: Node, row: Row) -> Number:
    value = row.inputs[node.data]
    if isinstance(value, Fraction):
        return value
    return MISSING if value != value else to_fraction(float(value))


def _lacking(*values: Number) -> State | None:
    if MISSING in values:
        return MISSING
    return CANNOT if CANNOT in values else None


def _apply(node: Node, row: Row, function: Callable[..., Number]) -> Number:
    values = [number(arg, row) for arg in node.args]
    return _lacking(*values) or function(*values)


def _growth(node: Node, row: Row) -> Number:
    def rate(now: Fraction, before: Fraction) -> Number:
        if before == 0:
            return CANNOT if node.data is None else node.data
        return (now - before) / abs(before) * 100

    return _apply(node, row, rate)


def _two_year(node: Node, row: Row) -> Number:
    values = [number(arg, row) for arg in node.args]
    if all(value is MISSING for value in values):
        return MISSING
    if CANNOT in values:
        return CANNOT
    return sum((value for value in values if isinstance(value, Fraction)), Fraction(0))


def _first(node: Node, row: Row) -> Number:
    values = [number(arg, row) for arg in node.args]
    for value in values:
        if isinstance(value, Fraction):
            return value
    return CANNOT if CANNOT in values else MISSING


def _best(node: Node, row: Row) -> Number:
    values = [number(arg, row) for arg in node.args]
    known = [value for value in values if isinstance(value, Fraction)]
    return max(known) if known else (CANNOT if CANNOT in values else MISSING)


def _choose_number(node: Node, row: Row) -> Number:
    chosen = condition(node.args[0], row)
    return MISSING if chosen is None else number(node.args[1 if chosen else 2], row)


def _choose_condition(node: Node, row: Row) -> Condition:
    chosen = condition(node.args[0], row)
    return None if chosen is None else condition(node.args[1 if chosen else 2], row)


def _as_number(node: Node, row: Row) -> Number:
    value = condition(node.args[0], row)
    return MISSING if value is None else Fraction(int(value))


def _years(node: Node, row: Row) -> Number:
    days = row.inputs[node.data]
    return MISSING if days != days else years_between(from_days(days), row.as_of)


def _grade(row: Row, name: str) -> int | None:
    index = row.stage if name == "stage" else row.inputs[("history", name)]
    return None if index != index or index < 0 else row.grades[int(index)]


def _dropped(node: Node, row: Row) -> Number:
    now = _grade(row, "stage")
    if node.op == "grades_below_peak":
        before = _grade(row, "peak_stage")
        if before is None:
            past = [g for g in (_grade(row, "previous_stage"), _grade(row, "previous2_stage")) if g is not None]
            before = max(past) if past else None
    else:
        before = _grade(row, "previous_stage")
    return Fraction(0 if now is None or before is None else max(0, before - now))


def _compare(node: Node, row: Row) -> Condition:
    left, right = (number(arg, row) for arg in node.args)
    return None if _lacking(left, right) else compare(node.data, left, right)


def _and(node: Node, row: Row) -> Condition:
    values = [condition(arg, row) for arg in node.args]
    return False if False in values else (None if None in values else True)


def _or(node: Node, row: Row) -> Condition:
    values = [condition(arg, row) for arg in node.args]
    return True if True in values else (None if None in values else False)


def _not(node: Node, row: Row) -> Condition:
    value = condition(node.args[0], row)
    return None if value is None else not value


def _same(node: Node, row: Row) -> Condition:
    left, right = (condition(arg, row) for arg in node.args)
    return None if left is None or right is None else left is right


def _flag(node: Node, row: Row) -> Condition:
    value = number(node.args[0], row)
    return None if isinstance(value, State) else value != 0


def _is_stage(node: Node, row: Row) -> Condition:
    name, wanted = node.data
    index = row.stage if name == "stage" else row.inputs[("history", name)]
    return None if index != index or index < 0 else int(index) in wanted


_NUMBERS: dict[str, Callable[[Node, Row], Number]] = {
    "const": lambda node, row: node.data,
    "missing": lambda node, row: MISSING,
    "input": _input,
    "as_number": _as_number,
    "neg": lambda node, row: _apply(node, row, lambda a: -a),
    "add": lambda node, row: _apply(node, row, lambda a, b: a + b),
    "sub": lambda node, row: _apply(node, row, lambda a, b: a - b),
    "mul": lambda node, row: _apply(node, row, lambda a, b: a * b),
    "div": lambda node, row: _apply(node, row, lambda a, b: CANNOT if b == 0 else a / b),
    "ratio": lambda node, row: _apply(node, row, lambda a, b: CANNOT if b <= 0 else a / b * 100),
    "growth": _growth,
    "two_year": _two_year,
    "best": _best,
    "first_known": _first,
    "min": lambda node, row: _apply(node, row, lambda *values: min(values)),
    "max": lambda node, row: _apply(node, row, lambda *values: max(values)),
    "abs": lambda node, row: _apply(node, row, abs),
    "log": lambda node, row: _apply(node, row, lambda a: CANNOT if a <= 0 else logarithm(a)),
    "choose": _choose_number,
    "years_since": _years,
    "grades_dropped": _dropped,
    "grades_below_peak": _dropped,
}
_CONDITIONS: dict[str, Callable[[Node, Row], Condition]] = {
    "const": lambda node, row: bool(node.data),
    "compare": _compare,
    "and": _and,
    "or": _or,
    "not": _not,
    "same": _same,
    "flag": _flag,
    "is_stage": _is_stage,
    "known": lambda node, row: not isinstance(number(node.args[0], row), State),
    "surely": lambda node, row: condition(node.args[0], row) is True,
    "choose": _choose_condition,
}
