"""Firms in groups: which group each firm is in, and the table of their figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.analysis.arrays import Codes, Column, Floats, Mask, Numbers, Table
from scoring.analysis.conditions import number_of
from scoring.analysis.figures import Cells, Figures, least
from scoring.analysis.memory import remembered
from scoring.analysis.ordering import Grouping
from scoring.analysis.query import Condition, Query, Scalar

UNKNOWN = ""  # the key of those of whom the field is unknown
TOTAL = "*"
YES, NO = "1", "0"


@dataclass(frozen=True)
class Groups:
    """Each firm's index into ``keys``; they stand in the order they are shown in, the unknown last.

    A key is a choice's code, ``1``/``0`` of a flag, ``b0``, ``b1``, … of bands, "" for the unknown.
    """

    of: NDArray[Any]
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Grouped:
    """``counts``: int[rows + 1, across + 1] firms; ``values``: per measure the same of float64, NaN where there is nothing to
    say. The last row and column are the totals. Only keys that some firm has are here."""

    rows: tuple[str, ...]
    across: tuple[str, ...]
    counts: NDArray[np.int64]
    values: tuple[Floats, ...]


def groups(column: Column, edges: Sequence[Scalar]) -> Groups:
    """The groups of a field: of numbers and dates by ``edges``, else by what it says."""
    if isinstance(column, Codes):
        keys = (*column.names, UNKNOWN)
        return Groups(np.where(column.unknown, len(column.names), column.codes).astype(least(len(keys))), keys)
    if not isinstance(column, Numbers):
        raise TypeError("texts are in no groups")
    x, unknown = column.values, column.unknown
    if edges:
        at = np.searchsorted(np.array([number_of(edge) for edge in edges]), x, "right")
        last = len(edges) + 1
        keys = (*(f"b{i}" for i in range(last)), UNKNOWN)
    else:
        at, last, keys = np.where(x == 1, 0, 1), 2, (YES, NO, UNKNOWN)
    return Groups(np.where(unknown, last, at).astype(least(len(keys))), keys)


def behind(field: str, key: str, edges: Sequence[Scalar], kind: str) -> tuple[Condition, ...]:
    """The conditions that exactly the firms of a group meet."""
    if key == TOTAL:
        return ()
    if key == UNKNOWN:
        return (Condition(field, "unknown"),)
    if kind == "flag":
        return (Condition(field, "is", key == YES),)
    if not edges:
        return (Condition(field, "in", (key,)),)
    i = int(key[1:])
    low = (Condition(field, "ge", edges[i - 1]),) if i else ()
    high = (Condition(field, "lt", edges[i]),) if i < len(edges) else ()
    return (*low, *high)


def grouped(query: Query, table: Table, mask: Mask) -> Grouped:
    """The firms in ``mask`` by ``query.rows`` and ``query.across``, with every measure of each group and of the totals."""
    down = _groups(query, query.rows, table)
    right = _groups(query, query.across, table) if query.across else None
    across = _numbered(query, query.across, right) if right else None
    figures = Figures(table, Cells.of_firms(mask, _numbered(query, query.rows, down), across))
    counts = figures.counts("")
    some, there = np.flatnonzero(counts[:-1, -1]), np.flatnonzero(counts[-1, :-1] if right else [])
    shown = np.ix_([*some, -1], [*there, -1 if right else 0])
    return Grouped(
        tuple(down.keys[i] for i in some),
        tuple(right.keys[i] for i in there) if right else (),
        counts[shown],
        tuple(figures.of(measure)[shown] for measure in query.measures),
    )


def _numbered(query: Query, code: str, found: Groups) -> Grouping:
    return Grouping((code, query.edges(code)), found.of, len(found.keys))


def _groups(query: Query, code: str, table: Table) -> Groups:
    edges = query.edges(code)
    key = (table.key, "groups", code, edges)
    found: Groups = remembered(key, lambda: groups(table.column(code), edges), lambda made: made.of.nbytes + 200)
    return found
