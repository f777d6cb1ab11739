"""The parsed form of an expression: an immutable tree whose leaves name the inputs of a firm."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

# An input of a firm, one column of the input table. The first element says where it comes from:
# ("metric", code) ("previous", code) ("date", name) ("history", name) ("manual", name)
# ("group", name, values) ("register", RegisterQuery) ("result", code)
InputKey = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class RegisterQuery:
    """One question to the registers: which entries, and what of them.

    function: has | count | amount | quantity | best_level | level_sum | weighted.
    window: None or (name, years); name is one of years | overlaps | held | unresolved | expired.
    weights: (level, number) pairs of the level functions.
    """

    function: str
    kind: str
    categories: tuple[str, ...] | None = None
    levels: tuple[str, ...] | None = None
    window: tuple[str, int] | None = None
    weights: tuple[tuple[str, Fraction], ...] = ()

    def admits(
        self, category: str, level: str, starts: date | None, ends: date | None, *, year: int, as_of: date
    ) -> bool:
        """Whether one entry counts for this question: what ``inputs.gather`` asks of whole tables, asked of one row."""
        if self.categories is not None and category not in self.categories:
            return False
        if self.levels is not None and level not in self.levels:
            return False
        if self.weights and level not in dict(self.weights):
            return False
        start, end = starts or date.min, ends or date.max
        name, years = self.window or ("", 0)
        if name == "years":
            return date(year - years + 1, 1, 1) <= start <= date(year, 12, 31)
        if name == "overlaps":
            return start <= date(year, 12, 31) and end >= date(year, 1, 1)
        ended = {"held": end < as_of, "unresolved": end <= as_of, "expired": end >= as_of}.get(name, False)
        return start <= as_of and not ended


@dataclass(frozen=True, slots=True)
class Node:
    """op with arguments; kind is the type of the result: number, bool, text, list, date, stage or group."""

    op: str
    kind: str
    args: tuple[Node, ...] = ()
    data: Any = None

    def walk(self) -> Iterator[Node]:
        """This node and everything below it, depth first."""
        yield self
        for arg in self.args:
            yield from arg.walk()

    def inputs(self) -> Iterator[InputKey]:
        """The input columns this expression reads, in order of appearance (with repetitions)."""
        for node in self.walk():
            if node.op == "input" or node.op == "years_since":
                yield node.data
            elif node.op in ("grades_dropped", "grades_below_peak"):
                yield ("history", "previous_stage")
                if node.op == "grades_below_peak":
                    yield ("history", "previous2_stage")
                    yield ("history", "peak_stage")
            elif node.op == "is_stage" and node.data[0] != "stage":
                yield ("history", node.data[0])


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression of a scheme: its text, its tree, the line where it stands."""

    text: str
    node: Node
    line: int


def constant(value: Any) -> Node:
    """A constant; numbers are exact fractions."""
    if isinstance(value, bool):
        return Node("const", "bool", data=value)
    if isinstance(value, Fraction):
        return Node("const", "number", data=value)
    if isinstance(value, str):
        return Node("const", "text", data=value)
    return Node("const", "list", data=tuple(value))


ZERO = constant(Fraction(0))
MISSING = Node("missing", "number")
