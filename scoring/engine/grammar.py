"""What an expression may say: its names, its kinds, its numbers, and the error that names a mistake."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

MAX_LENGTH = 2000
DATES = ("registered_on", "stage_since")
STAGE_NAMES = ("stage", "previous_stage", "previous2_stage")
RESULTS = ("base", "total")
KIND_WORDS = {
    "number": "数值", "bool": "条件", "text": "文字", "list": "列表", "date": "日期", "stage": "阶段", "group": "分组",
    "entries": "台账条目",
}  # fmt: skip
SPECIAL = {*DATES, *STAGE_NAMES, *RESULTS, "missing", "grades_dropped", "grades_below_peak", "demoted_before"}


class ExpressionError(ValueError):
    """A mistake in an expression; `offset` is the position in its text."""

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


@dataclass(frozen=True)
class Vocabulary:
    """The names an expression may use."""

    metrics: Collection[str] = ()
    levels: tuple[str, ...] = ()
    registers: Mapping[str, Collection[str]] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    stages: tuple[str, ...] = ()
    scores: Collection[str] = ()
    growth_zero_base: Fraction | None = None


def exact_constant(value: int | float, offset: int = 0) -> Fraction:
    """The decimal a number of a scheme stands for; at most 15 significant digits, so float64 keeps their order."""
    decimal = Decimal(repr(value)).normalize() if value == value and abs(value) != float("inf") else None
    if decimal is None or len(decimal.as_tuple().digits) > 15:
        raise ExpressionError("常量最多15位有效数字", offset)
    return Fraction(decimal)


def compare(symbol: str, left: Any, right: Any) -> bool:
    """left symbol right, for exact numbers."""
    return {
        "==": left == right, "!=": left != right, "<": left < right,
        "<=": left <= right, ">": left > right, ">=": left >= right,
    }[symbol]  # fmt: skip
