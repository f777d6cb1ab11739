"""Statistics of firms in cells: what a table of groups or a pivot says, totals included.

A question of many firms is answered over all firms of the period, those outside counted into a cell of their own: a field's
whole numbers and its order within every group are then worked out once a period, not once a question. Of few firms only they
are looked at, of nearly all only those left out.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.analysis.arrays import Column, Floats, Mask, Numbers, Table
from scoring.analysis.memory import remembered
from scoring.analysis.ordering import SCALE, Chosen, Counts, Grouping, Ranked, Sorted
from scoring.analysis.query import Measure

QUANTILES = {"p10": 0.10, "p25": 0.25, "median": 0.50, "p75": 0.75, "p90": 0.90, "min": 0.0, "max": 1.0}
_MANY = 8  # one in so many firms: looking at all of them costs less than choosing them


@dataclass(frozen=True)
class Cells:
    """``of``: of each firm looked at the cell, row × ``width`` + column, ``size`` where it is in none. ``parts``: what is told of
    the cells (first), of the corner, of the totals to the right and below: where in the result, by which grouping. ``rows``: the places
    in the table of the firms looked at, None where all are; ``mask``: which of all are chosen then; ``out``: those that are not,
    where they are few."""

    of: NDArray[Any]
    height: int
    width: int
    parts: tuple[tuple[Any, Grouping], ...]
    mask: Mask
    rows: NDArray[np.int32] | None
    out: NDArray[np.int64] | None

    @property
    def size(self) -> int:
        return self.height * self.width

    @classmethod
    def of_firms(cls, mask: Mask, down: Grouping, right: Grouping | None) -> Cells:
        """The firms in ``mask`` by row and, if there are columns, by column; without them no totals to the right are told."""
        rows = out = None
        chosen = np.count_nonzero(mask)
        if (len(mask) - chosen) * _MANY <= len(mask):
            out = np.flatnonzero(~mask)
        elif chosen * _MANY <= len(mask):
            rows = np.flatnonzero(mask).astype(np.int32)
            down, right = _only(down, rows), right and _only(right, rows)
        width = right.size if right else 1
        size = down.size * width
        kind = least(size)
        of = down.of.astype(kind, copy=False)
        if right:
            of = of * kind.type(width) + right.of.astype(kind, copy=False)
        cells = Grouping((down.name, right.name if right else ()), of, size)
        every = Grouping((), np.zeros(len(of), dtype=np.uint8), 1)
        parts: list[tuple[Any, Grouping]] = [((slice(0, -1), slice(0, -1)), cells), ((-1, -1 if right else 0), every)]
        if right:
            parts += [((slice(0, -1), -1), down), ((-1, slice(0, -1)), right)]
        if rows is None:  # the outside by a maximum: a tenth of what np.where takes
            of = np.maximum(of, (~mask).view(np.uint8).astype(kind, copy=False) * kind.type(size))
        return cls(of, down.size, width, tuple(parts), mask, rows, out)


class Figures:
    """Figures of each cell as arrays [height + 1, width + 1], totals last in each direction.

    Unknown figures are left out. Quantiles lie between neighbours by linear interpolation, as the references of a scheme
    do. A share is in per cent of what all the cells have together.
    """

    def __init__(self, table: Table, cells: Cells) -> None:
        self.table, self.cells = table, cells
        self._columns: dict[str, tuple[Floats, Ranked]] = {}
        self._counts: dict[str, Counts] = {}
        self._sums: dict[str, Floats] = {}
        self._chosen: dict[tuple[str, Hashable], Chosen] = {}

    def of(self, measure: Measure) -> Floats:
        """NaN where no figure is known."""
        code, statistic = measure.field, measure.statistic
        if statistic == "count":
            return self.counts(code).astype(np.float64)
        if statistic == "share":
            part = self.sums(code) if code else self.counts("").astype(np.float64)
            whole = part[self.cells.parts[1][0]]
            return part / whole * 100 if whole and whole == whole else np.full(part.shape, np.nan)
        if statistic == "sum":
            return self.sums(code)
        if statistic == "mean":
            sums, counts = self.sums(code), self.counts(code)
            return np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
        return self.quantiles(code, QUANTILES[statistic])

    def counts(self, code: str) -> Counts:
        """Firms of each cell; of a field, those of which it is known."""
        if code not in self._counts:
            counts = np.diff(self._in_cells(code).starts) if code else self._firms()
            self._counts[code] = _with_totals(counts.reshape(self.cells.height, self.cells.width))
        return self._counts[code]

    def sums(self, code: str) -> Floats:
        """NaN where nothing is known. Exact, whatever the order of the firms, where the figures are decimals of four digits."""
        if code not in self._sums:
            counts = self.counts(code)
            x, ranked = self._field(code)
            whole = ranked.whole
            if whole is not None and (ranked.exact or self._largest(whole) < 2**53):
                cells = self._in_cells(code).sums()
                sums = _with_totals(cells.reshape(self.cells.height, self.cells.width)) / SCALE
            else:
                sums = np.zeros(counts.shape)
                some = np.where(np.isnan(x) | (self.cells.of == self.cells.size), 0, x)
                for at, grouping in self.cells.parts:
                    sums[at] = np.bincount(grouping.of, some, grouping.size).reshape(sums[at].shape)
            self._sums[code] = np.where(counts > 0, sums, np.nan)
        return self._sums[code]

    def quantiles(self, code: str, share: float) -> Floats:
        x, _ = self._field(code)
        result = np.full((self.cells.height + 1, self.cells.width + 1), np.nan)
        for at, grouping in self.cells.parts:
            known = self._in_order(code, grouping)
            counts = np.diff(known.starts)
            h = np.maximum(counts - 1, 0) * share
            low = np.floor(h).astype(np.int64)
            some = counts > 0
            first = (known.starts[:-1] + low)[some]
            second = first + (h > low)[some]
            a, b = x[known.places(first)], x[known.places(second)]
            found = np.full(len(counts), np.nan)
            found[some] = np.where(first == second, a, a + (h - low)[some] * (b - a))
            result[at] = found.reshape(result[at].shape)
        return result

    def _firms(self) -> Counts:
        size, cells, out = self.cells.size, self.cells.parts[0][1], self.cells.out
        if out is None:
            return np.bincount(self.cells.of, minlength=size + 1)[:size]
        name = (self.table.key, "firms", cells.name)
        every: Counts = remembered(name, lambda: np.bincount(cells.of, minlength=size), lambda made: made.nbytes)
        return every - np.bincount(cells.of[out], minlength=size)

    def _in_cells(self, code: str) -> Chosen:
        return self._in_order(code, self.cells.parts[0][1])

    def _in_order(self, code: str, grouping: Grouping) -> Chosen:
        """The known figures of the chosen firms. Of all firms of the table they are sorted once."""
        key = code, grouping.name
        if key not in self._chosen:
            ranked, added = self._field(code)[1], grouping is self.cells.parts[0][1]
            if self.cells.rows is not None:
                self._chosen[key] = Chosen(Sorted.of(ranked, grouping, added=added), None)
            else:
                name = (self.table.key, "sorted", code, grouping.name)
                every = remembered(name, lambda: Sorted.of(ranked, grouping, added=added), lambda made: made.nbytes)
                self._chosen[key] = Chosen(every, self.cells.mask, self.cells.out)
        return self._chosen[key]

    def _field(self, code: str) -> tuple[Floats, Ranked]:
        """The figures looked at, and their order."""
        if code not in self._columns:
            x, rows = _values(self.table.column(code)), self.cells.rows
            if rows is None:
                ranked = remembered((self.table.key, "ranked", code), lambda: Ranked.of(x), lambda made: made.nbytes)
            else:
                x = x[rows]
                ranked = Ranked.of(x)
            self._columns[code] = x, ranked
        return self._columns[code]

    def _largest(self, whole: Floats) -> float:
        return float(np.abs(whole[self.cells.of < self.cells.size]).sum())


def _values(column: Column) -> Floats:
    """Of what is no figure all there is to say is of whom it is known."""
    return column.values if isinstance(column, Numbers) else np.where(column.unknown, np.nan, 0.0)


def _with_totals(cells: Any) -> Any:
    """Of whole numbers: they add up to the same in any order."""
    height, width = cells.shape
    result = np.zeros((height + 1, width + 1), dtype=cells.dtype)
    result[:-1, :-1] = cells
    result[-1, :-1] = cells.sum(axis=0)
    result[:, -1] = result[:, :-1].sum(axis=1)
    return result


def _only(grouping: Grouping, rows: NDArray[np.int32]) -> Grouping:
    return Grouping(grouping.name, grouping.of[rows], grouping.size)


def least(size: int) -> np.dtype[Any]:
    """The least type that tells ``size`` + 1 numbers apart: bytes and pairs of them are sorted by radix, ten times as fast."""
    return np.dtype(np.uint8 if size < 2**8 else np.uint16 if size < 2**16 else np.int64)
