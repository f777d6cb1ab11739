"""Firms in groups, and figures of each group: one pass over sorted arrays, however many groups there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.analysis.arrays import Codes, Column, Floats, Numbers, Table
from scoring.analysis.conditions import number_of
from scoring.analysis.memory import ANSWERS
from scoring.analysis.query import Condition, Measure, Query, Scalar

UNKNOWN = ""  # the key of those of whom the field is unknown
TOTAL = "*"
YES, NO = "1", "0"
QUANTILES = {"p10": 0.10, "p25": 0.25, "median": 0.50, "p75": 0.75, "p90": 0.90, "min": 0.0, "max": 1.0}
_SCALE = 1e4  # figures are stated to four decimals at most


@dataclass(frozen=True)
class Groups:
    """Each firm's index into ``keys``; they stand in the order they are shown in, the unknown last.

    A key is a choice's code, ``1``/``0`` of a flag, ``b0``, ``b1``, … of bands, "" for the unknown.
    """

    of: NDArray[np.int32]
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
        return Groups(
            np.where(column.codes < 0, len(column.names), column.codes).astype(np.int32), (*column.names, UNKNOWN)
        )
    if not isinstance(column, Numbers):
        raise TypeError("texts are in no groups")
    x, unknown = column.values, column.unknown
    if edges:
        at = np.searchsorted(np.array([number_of(edge) for edge in edges]), x, "right")
        last = len(edges) + 1
        keys = (*(f"b{i}" for i in range(last)), UNKNOWN)
    else:
        at, last, keys = np.where(x == 1, 0, 1), 2, (YES, NO, UNKNOWN)
    return Groups(np.where(unknown, last, at).astype(np.int32), keys)


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


def grouped(query: Query, table: Table, rows: NDArray[np.int32]) -> Grouped:
    """The firms at ``rows`` by ``query.rows`` and ``query.across``, with every measure of each group and of the totals."""
    down, keys = _present(query, query.rows, table, rows)
    right, heads = _present(query, query.across, table, rows) if query.across else (np.zeros(len(rows), np.int64), ())
    height, width = len(keys) + 1, max(len(heads), 1)
    counts = np.zeros((height, len(heads) + 1), dtype=np.int64)
    values = tuple(np.full(counts.shape, np.nan) for _ in query.measures)
    # The cells, the totals to the right, the totals below, and the corner. Without ``across`` the cells are the totals.
    shapes: list[tuple[Any, NDArray[np.int64], int, tuple[int, ...]]] = [
        ((slice(0, -1), -1), down, height - 1, (height - 1,)),
        ((-1, -1), np.zeros(len(rows), np.int64), 1, ()),
    ]
    if heads:
        shapes.append(((slice(0, -1), slice(0, -1)), down * width + right, (height - 1) * width, (height - 1, width)))
        shapes.append(((-1, slice(0, -1)), right, width, (width,)))
    columns: dict[str, _Chosen] = {}
    for where, of, number, shape in shapes:
        counts[where] = np.bincount(of, minlength=number).reshape(shape)
        figures = Figures(table, rows, of, number, columns)
        for target, measure in zip(values, query.measures, strict=True):
            target[where] = figures.of(measure).reshape(shape)
    return Grouped(keys, heads, counts, values)


def _present(
    query: Query, code: str, table: Table, rows: NDArray[np.int32]
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    found = groups(table.column(code), query.edges(code))
    of = found.of[rows]
    there = np.flatnonzero(np.bincount(of, minlength=len(found.keys)))
    number = np.zeros(len(found.keys), dtype=np.int64)
    number[there] = np.arange(len(there))
    return number[of], tuple(found.keys[i] for i in there.tolist())


@dataclass(frozen=True)
class _Chosen:
    """A field of the chosen firms: the figures that are known, which those are (None: all of them), and ten thousand times the
    figures where all are whole numbers then: those can be added in any order and any grouping to the same digit."""

    x: Floats
    there: NDArray[np.bool_] | None
    whole: Floats | None

    @classmethod
    def of(cls, table: Table, code: str, rows: NDArray[np.int32]) -> _Chosen:
        column = table.column(code)
        if isinstance(column, Numbers):
            x = column.values[rows]
            there = ~np.isnan(x)
        else:
            there = ~column.unknown[rows]
            x = np.full(len(there), np.nan)
        every = bool(there.all())
        x = x if every else x[there]
        with np.errstate(over="ignore", invalid="ignore"):
            whole = np.rint(x * _SCALE)
            exact = bool((whole / _SCALE == x).all()) and float(np.abs(whole).sum()) < 2**53
        return cls(x, None if every else there, whole if exact else None)


class Figures:
    """Statistics of the firms at ``rows``, by the number (0 … ``size`` − 1) of the group each is in.

    Unknown figures are left out. Quantiles lie between neighbours by linear interpolation, as the references of a scheme
    do. A share is in per cent of what all the groups have together. ``columns``: fields of these rows already read.
    """

    def __init__(
        self, table: Table, rows: NDArray[np.int32], of: NDArray[np.int64], size: int, columns: dict[str, _Chosen]
    ) -> None:
        self.table, self.rows, self.group, self.size, self.columns = table, rows, of, size, columns
        self._groups: dict[str, NDArray[np.int64]] = {}
        self._counted: dict[str, NDArray[np.int64]] = {}
        self._sorted: dict[str, tuple[Floats, NDArray[np.int64]]] = {}

    def of(self, measure: Measure) -> Floats:
        """float64[size], NaN where no figure is known."""
        code, statistic = measure.field, measure.statistic
        if statistic == "count":
            return self.counts(code).astype(np.float64)
        if statistic == "share":
            part = self.sums(code) if code else self.counts("").astype(np.float64)
            whole = self._whole(code)
            return part / whole * 100 if whole else np.full(self.size, np.nan)
        if statistic == "sum":
            return self.sums(code)
        if statistic == "mean":
            sums, counts = self.sums(code), self.counts(code)
            return np.divide(sums, counts, out=np.full(self.size, np.nan), where=counts > 0)
        return self.quantiles(code, QUANTILES[statistic])

    def counts(self, code: str) -> NDArray[np.int64]:
        """Firms of each group; of a field, those of which it is known."""
        if code not in self._counted:
            of = self._groups_of(code) if code else self.group
            self._counted[code] = np.bincount(of, minlength=self.size)
        return self._counted[code]

    def sums(self, code: str) -> Floats:
        """NaN where nothing is known. Exact, whatever the order of the firms, where the figures are decimals of four digits."""
        chosen = self._chosen(code)
        weights = chosen.x if chosen.whole is None else chosen.whole
        sums = np.bincount(self._groups_of(code), weights=weights, minlength=self.size).astype(np.float64)
        return np.where(self.counts(code) > 0, sums if chosen.whole is None else sums / _SCALE, np.nan)

    def quantiles(self, code: str, share: float) -> Floats:
        x, starts = self.ordered(code)
        counts = np.diff(starts)
        h = np.maximum(counts - 1, 0) * share
        low = np.floor(h).astype(np.int64)
        some = counts > 0
        result = np.full(self.size, np.nan)
        first = starts[:-1][some] + low[some]
        second = np.minimum(first + 1, starts[1:][some] - 1)
        a, b = x[first], x[second]
        result[some] = np.where(h[some] == low[some], a, a + (h[some] - low[some]) * (b - a))
        return result

    def ordered(self, code: str) -> tuple[Floats, NDArray[np.int64]]:
        """The known figures sorted within their groups, and where each group starts."""
        if code not in self._sorted:
            x, of = self._rising(code)
            narrow = np.uint16 if self.size < 2**16 else np.int64  # sorted by radix, ten times as fast
            starts = np.concatenate([[0], np.cumsum(self.counts(code))])
            self._sorted[code] = x[np.argsort(of.astype(narrow), kind="stable")], starts
        return self._sorted[code]

    def _rising(self, code: str) -> tuple[Floats, NDArray[np.int64]]:
        """The known figures, rising, and the group of each. Of many firms the table's own order is used: it is kept."""
        column = self.table.column(code)
        if isinstance(column, Numbers) and len(self.rows) * 8 > len(self.table):
            group = np.full(len(self.table), -1, dtype=np.int64)
            group[self.rows] = self.group
            order = rising(self.table, code, column)
            of = group[order]
            chosen = of >= 0
            return column.values[order[chosen]], of[chosen]
        x, of = self._chosen(code).x, self._groups_of(code)
        by = np.argsort(x, kind="stable")
        return x[by], of[by]

    def _chosen(self, code: str) -> _Chosen:
        if code not in self.columns:
            self.columns[code] = _Chosen.of(self.table, code, self.rows)
        return self.columns[code]

    def _groups_of(self, code: str) -> NDArray[np.int64]:
        if code not in self._groups:
            there = self._chosen(code).there
            self._groups[code] = self.group if there is None else self.group[there]
        return self._groups[code]

    def _whole(self, code: str) -> float:
        if not code:
            return float(len(self.rows))
        chosen = self._chosen(code)
        return float(chosen.x.sum() if chosen.whole is None else chosen.whole.sum() / _SCALE)


def rising(table: Table, code: str, column: Numbers) -> NDArray[np.int32]:
    """The places of a table's firms from the least figure to the largest, the unknown left out: sorted once a table."""
    key = (table.key, "rising", code)
    kept: NDArray[np.int32] | None = ANSWERS.get(key)
    if kept is not None:
        return kept
    known = np.flatnonzero(~column.unknown)
    found: NDArray[np.int32] = known[np.argsort(column.values[known], kind="stable")].astype(np.int32)
    ANSWERS.put(key, found, found.nbytes)
    return found
