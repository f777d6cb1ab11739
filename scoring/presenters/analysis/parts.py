"""What the builder's template draws: topics of fields, rows of conditions, groups of them, lines of columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils.functional import Promise

from scoring.analysis.query import MAX_DEPTH

if TYPE_CHECKING:
    from scoring.analysis.fields import Field

Pair = tuple[str, str | Promise]


@dataclass(frozen=True)
class Topic:
    """Fields that are chosen together: an optgroup."""

    name: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Row:
    """A condition: ``name`` is the start of its inputs' names, ``to`` and ``of`` only where the operator wants them."""

    name: str
    number: str
    field: str  # without how many periods back
    back: str
    backs: list[tuple[str, str]]
    kind: str
    unit: str
    op: str
    ops: list[Pair]
    value: str
    to: str
    of: str
    choices: list[tuple[str, str, bool]]
    problem: str
    hint: str
    depth: int
    first: bool
    last: bool
    unknown: bool  # a field this reader may not use, or that no period has
    focus: bool
    is_group = False

    @property
    def id(self) -> str:
        return self.name.replace(".", "-")


@dataclass(frozen=True)
class Branch:
    """A group of conditions; ``depth`` 0 is the question itself."""

    name: str
    how: str
    depth: int
    problem: str
    first: bool = True
    last: bool = True
    children: list[Row | Branch] = field(default_factory=list)
    focus: bool = False
    is_group = True

    @property
    def id(self) -> str:
        return self.name.replace(".", "-")

    @property
    def may_nest(self) -> bool:
        return self.depth + 1 < MAX_DEPTH


@dataclass(frozen=True)
class Line:
    """A chosen column, an order or a measure: a code with what goes with it."""

    field: str
    label: str
    how: str = ""
    unit: str = ""
    problem: str = ""
