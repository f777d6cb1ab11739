"""The parsed form of an expression: an immutable tree whose leaves name the inputs of a firm."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
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
