"""The answer to a question: each period by itself, and what was answered once is remembered.

A table never changes (its key says which it is), so neither does an answer: asking for five periods of which four were
asked before costs what the fifth one costs.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.analysis.arrays import Codes, Mask, Numbers, Table
from scoring.analysis.check import PER_MEASURE
from scoring.analysis.conditions import narrowed
from scoring.analysis.grouping import Grouped, grouped
from scoring.analysis.memory import ANSWERS, Memory, remembered
from scoring.analysis.query import Query

__all__ = [
    "ANSWERS",
    "Listed",
    "Matched",
    "Memory",
    "PeriodAnswer",
    "answer",
    "answer_of",
    "groups_of",
    "listed",
    "matching",
]


FEW = 16  # fewer than one firm in so many are sorted by themselves


@dataclass(frozen=True)
class Matched:
    """``mask``: bool[n], the firms that are in, in the table's order; ``left``: firms after each of ``conditions.steps``."""

    mask: Mask
    left: tuple[int, ...]

    @property
    def rows(self) -> NDArray[np.int32]:
        """Their places in the table."""
        return np.flatnonzero(self.mask).astype(np.int32)

    def __len__(self) -> int:
        return int(np.count_nonzero(self.mask))

    @property
    def nbytes(self) -> int:
        return self.mask.nbytes + 200


@dataclass(frozen=True)
class Listed:
    """The firms of one period in the order asked for, places in its table."""

    rows: NDArray[np.int32]

    @property
    def nbytes(self) -> int:
        return self.rows.nbytes + 200


@dataclass(frozen=True)
class PeriodAnswer:
    """``listed`` of a list, ``grouped`` of groups and pivots; the other is None."""

    matched: Matched
    listed: Listed | None = None
    grouped: Grouped | None = None


def answer(query: Query, tables: Mapping[int, Table]) -> dict[int, PeriodAnswer]:
    """The answer of each table by its year. ``query`` as ``check`` leaves it, without problems."""
    return {year: answer_of(query, table) for year, table in tables.items()}


def answer_of(query: Query, table: Table) -> PeriodAnswer:
    """One period's answer."""
    matched = matching(query, table)
    if query.rows:
        return PeriodAnswer(matched, grouped=groups_of(query, table))
    return PeriodAnswer(matched, listed=listed(query, table))


def matching(query: Query, table: Table) -> Matched:
    """The firms that meet the conditions."""
    key = (table.key, "matched", query.where, query.within)
    found: Matched = remembered(key, lambda: Matched(*narrowed(query, table)), lambda made: made.nbytes)
    return found


def listed(query: Query, table: Table) -> Listed:
    """The firms that meet the conditions, sorted; who is unknown in what is sorted by comes last, either way round."""
    by = tuple((code, direction) for code, direction in query.sort if not code.startswith(PER_MEASURE))
    if not by:
        return Listed(matching(query, table).rows)
    key = (table.key, "listed", query.where, query.within, by)
    found: Listed = remembered(key, lambda: Listed(_sorted(query, by, table)), lambda made: made.nbytes)
    return found


def _sorted(query: Query, by: tuple[tuple[str, str], ...], table: Table) -> NDArray[np.int32]:
    """Of many firms by the order of all of them, which is worked out once; of few by their own."""
    mask = matching(query, table).mask
    key = (table.key, "order", by)
    if ANSWERS.get(key) is None and np.count_nonzero(mask) * FEW <= len(mask):
        rows = np.flatnonzero(mask).astype(np.int32)
        return rows[_order(by, table, rows)]
    order: NDArray[np.int32] = remembered(key, lambda: _order(by, table), lambda made: made.nbytes)
    return order[mask.take(order)]


def groups_of(query: Query, table: Table) -> Grouped:
    """The groups of the firms that meet the conditions."""
    key = (table.key, "grouped", query.where, query.within, query.rows, query.across, query.measures, query.bands)
    found: Grouped = remembered(
        key,
        lambda: grouped(query, table, matching(query, table).mask),
        lambda made: made.counts.nbytes * (1 + len(made.values)) + sys.getsizeof(made.rows),
    )
    return found


def _order(by: Sequence[tuple[str, str]], table: Table, rows: NDArray[np.int32] | None = None) -> NDArray[np.int32]:
    """The order of the firms at ``rows``, of all of them without. The first one named decides first: lexsort takes it last. Ties
    stay in the table's order."""
    keys = [_sort_key(table, code, direction, rows) for code, direction in by]
    return np.lexsort(keys[::-1]).astype(np.int32)


def _sort_key(table: Table, code: str, direction: str, rows: NDArray[np.int32] | None) -> NDArray[Any]:
    """What ``lexsort`` puts in order: float64, infinite where unknown."""
    column = table.column(code)
    if isinstance(column, Numbers):
        x = column.values
    elif isinstance(column, Codes):
        x = np.where(column.unknown, np.nan, column.codes)
    else:
        x = column.order.astype(np.float64)
    x = x if rows is None else x[rows]
    return np.where(np.isnan(x), np.inf, -x if direction == "desc" else x)
