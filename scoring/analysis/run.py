"""The answer to a question: each period by itself, and what was answered once is remembered.

A table never changes (its key says which it is), so neither does an answer: asking for five periods of which four were
asked before costs what the fifth one costs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.analysis.arrays import Codes, Numbers, Table
from scoring.analysis.check import PER_MEASURE
from scoring.analysis.conditions import narrowed
from scoring.analysis.grouping import Grouped, grouped
from scoring.analysis.memory import ANSWERS, Memory
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


@dataclass(frozen=True)
class Matched:
    """``rows``: the firms' places in the table, in the table's order; ``left``: firms after each of ``conditions.steps``."""

    rows: NDArray[np.int32]
    left: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        return self.rows.nbytes + 200


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

    def find() -> Matched:
        mask, left = narrowed(query, table)
        return Matched(np.flatnonzero(mask).astype(np.int32), left)

    return _remembered((table.key, "matched", query.where, query.within), find, lambda found: found.nbytes)


def listed(query: Query, table: Table) -> Listed:
    """The firms that meet the conditions, sorted; who is unknown in what is sorted by comes last, either way round."""

    def sort() -> Listed:
        rows = matching(query, table).rows
        keys = [
            _sort_key(table, code, direction)[rows]
            for code, direction in query.sort
            if not code.startswith(PER_MEASURE)
        ]
        # The first one named decides first: lexsort takes it last. Ties stay in the table's order.
        return Listed(rows[np.lexsort(keys[::-1])] if keys else rows)

    if not query.sort:
        return Listed(matching(query, table).rows)
    return _remembered((table.key, "listed", query.where, query.within, query.sort), sort, lambda found: found.nbytes)


def groups_of(query: Query, table: Table) -> Grouped:
    """The groups of the firms that meet the conditions."""

    def group() -> Grouped:
        return grouped(query, table, matching(query, table).rows)

    key = (table.key, "grouped", query.where, query.within, query.rows, query.across, query.measures, query.bands)
    return _remembered(
        key, group, lambda found: found.counts.nbytes * (1 + len(found.values)) + sys.getsizeof(found.rows)
    )


def _remembered(key: Hashable, make: Callable[[], Any], size: Callable[[Any], int]) -> Any:
    found = ANSWERS.get(key)
    if found is None:
        found = make()
        ANSWERS.put(key, found, size(found))
    return found


def _sort_key(table: Table, code: str, direction: str) -> NDArray[Any]:
    """What ``lexsort`` puts in order: float64, infinite where unknown."""
    column = table.column(code)
    if isinstance(column, Numbers):
        x = column.values
    elif isinstance(column, Codes):
        x = np.where(column.unknown, np.nan, column.codes)
    else:
        x = column.order.astype(np.float64)
    return np.where(np.isnan(x), np.inf, -x if direction == "desc" else x)
