"""Statistics of firms in cells: what a table of groups or a pivot says, totals included.

A question of many firms is answered over all firms of the period, those outside counted into a cell of their own: what a
field's order and whole numbers are is then worked out once a period, not once a question. Of few firms only they are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.analysis.arrays import Column, Floats, Numbers, Table
from scoring.analysis.memory import remembered
from scoring.analysis.query import Measure

QUANTILES = {"p10": 0.10, "p25": 0.25, "median": 0.50, "p75": 0.75, "p90": 0.90, "min": 0.0, "max": 1.0}
_SCALE = 1e4  # figures are stated to four decimals at most
_MANY = 8  # one in so many firms: looking at all of them costs less than choosing them
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Cells:
    """``of``: of each firm looked at the cell, row × ``width`` + column, ``size`` where it is in none; ``rows``: their places
    in the table, None for all of them. ``right``: whether there are columns at all; without them ``width`` is 1 and the totals to
    the right are not made."""

    of: NDArray[Any]
    height: int
    width: int
    right: bool
    rows: NDArray[np.int32] | None

    @property
    def size(self) -> int:
        return self.height * self.width

    @classmethod
    def of_firms(
        cls, mask: NDArray[np.bool_], down: NDArray[Any], right: NDArray[Any] | None, shape: tuple[int, int]
    ) -> Cells:
        """The firms in ``mask``; ``down`` and ``right``: the row and column of every firm of the table."""
        height, width = shape
        rows = None
        if np.count_nonzero(mask) * _MANY <= len(mask):
            rows = np.flatnonzero(mask).astype(np.int32)
            down, right = down[rows], None if right is None else right[rows]
        kind = _least(height * width)
        of = down.astype(kind, copy=False)
        if right is not None:
            of = of * kind.type(width) + right.astype(kind, copy=False)
        if rows is None:
            of = np.where(mask, of, kind.type(height * width))
        return cls(of, height, width, right is not None, rows)


@dataclass(frozen=True)
class Ranked:
    """A field of some firms. ``places``: of the known figures, from the least to the largest; ``whole``: ten thousand times the
    figure, 0 where unknown, None unless all are whole numbers then; ``largest``: the sum of their magnitudes. Whole numbers can
    be added in any order and any grouping to the same digit as long as no sum is beyond 2⁵³."""

    places: NDArray[np.int32]
    whole: Floats | None
    largest: float

    @classmethod
    def of(cls, values: Floats) -> Ranked:
        known = np.flatnonzero(~np.isnan(values)).astype(np.int32)
        x = values[known]
        with np.errstate(over="ignore", invalid="ignore"):
            whole = np.rint(x * _SCALE)
            exact = bool((whole / _SCALE == x).all())
        every = np.zeros(len(values))
        every[known] = whole
        return cls(known[np.argsort(x, kind="stable")], every if exact else None, float(np.abs(whole).sum()))

    @property
    def nbytes(self) -> int:
        return self.places.nbytes + (0 if self.whole is None else self.whole.nbytes) + 200


class Figures:
    """Figures of each cell as arrays [height + 1, width + 1], totals last in each direction.

    Unknown figures are left out. Quantiles lie between neighbours by linear interpolation, as the references of a scheme
    do. A share is in per cent of what all the cells have together.
    """

    def __init__(self, table: Table, cells: Cells) -> None:
        self.table, self.cells = table, cells
        self._columns: dict[str, tuple[Floats, Ranked, NDArray[Any]]] = {}
        self._counts: dict[str, Counts] = {}
        self._sums: dict[str, Floats] = {}
        self._sorted: dict[str, list[tuple[Any, NDArray[Any], Counts]]] = {}

    def of(self, measure: Measure) -> Floats:
        """NaN where no figure is known."""
        code, statistic = measure.field, measure.statistic
        if statistic == "count":
            return self.counts(code).astype(np.float64)
        if statistic == "share":
            part = self.sums(code) if code else self.counts("").astype(np.float64)
            whole = part[-1, -1 if self.cells.right else 0]  # without columns there are no totals to the right
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
            of = self._field(code)[2] if code else self.cells.of
            self._counts[code] = _with_totals(self._added(of, None))
        return self._counts[code]

    def sums(self, code: str) -> Floats:
        """NaN where nothing is known. Exact, whatever the order of the firms, where the figures are decimals of four digits."""
        if code not in self._sums:
            counts = self.counts(code)
            x, ranked, _ = self._field(code)
            whole = ranked.whole
            if whole is not None and (ranked.largest < 2**53 or self._largest(whole) < 2**53):
                sums = _with_totals(self._added(self.cells.of, whole)) / _SCALE
            else:
                sums = np.zeros(counts.shape)
                for at, of, size in self._parts(self.cells.of):
                    some = np.where(np.isnan(x), 0, x)
                    sums[at] = np.bincount(of, weights=some, minlength=size + 1)[:size].reshape(sums[at].shape)
            self._sums[code] = np.where(counts > 0, sums, np.nan)
        return self._sums[code]

    def quantiles(self, code: str, share: float) -> Floats:
        x, ranked, _ = self._field(code)
        result = np.full((self.cells.height + 1, self.cells.width + 1), np.nan)
        for at, order, counts in self._in_order(code):
            h = np.maximum(counts - 1, 0) * share
            low = np.floor(h).astype(np.int64)
            some = counts > 0
            first = (np.cumsum(counts) - counts + low)[some]
            second = first + (h > low)[some]
            a, b = x[ranked.places[order[first]]], x[ranked.places[order[second]]]
            found = np.full(len(counts), np.nan)
            found[some] = np.where(first == second, a, a + (h - low)[some] * (b - a))
            result[at] = found.reshape(result[at].shape)
        return result

    def _in_order(self, code: str) -> list[tuple[Any, NDArray[Any], Counts]]:
        """Where in the result, the known figures sorted within their cells (places in ``Ranked.places``), how many each has."""
        if code not in self._sorted:
            counts = self.counts(code)
            self._sorted[code] = [
                (at, _sorted(of, size), counts[at].reshape(-1)) for at, of, size in self._parts(self._field(code)[2])
            ]
        return self._sorted[code]

    def _parts(self, of: NDArray[Any]) -> Iterator[tuple[Any, NDArray[Any], int]]:
        """The cells, the totals to the right, those below and the corner: where in the result, the number of each firm there
        (the last one: nowhere), how many numbers there are."""
        height, width, size = self.cells.height, self.cells.width, self.cells.size
        narrow = _least(size)
        yield (slice(0, -1), slice(0, -1)), of, size
        yield (-1, -1 if self.cells.right else 0), of == size, 1
        if self.cells.right:
            yield (-1, slice(0, -1)), np.where(of == size, narrow.type(width), of % narrow.type(width)), width
            yield (slice(0, -1), -1), of // narrow.type(width), height

    def _field(self, code: str) -> tuple[Floats, Ranked, NDArray[Any]]:
        """The figures looked at, their order, and the cell of each known one in that order."""
        if code not in self._columns:
            x, rows = _values(self.table.column(code)), self.cells.rows
            if rows is None:
                ranked = remembered((self.table.key, "ranked", code), lambda: Ranked.of(x), lambda made: made.nbytes)
            else:
                x = x[rows]
                ranked = Ranked.of(x)
            self._columns[code] = x, ranked, self.cells.of[ranked.places]
        return self._columns[code]

    def _added(self, of: NDArray[Any], weights: Floats | None) -> Any:
        size = self.cells.size
        return np.bincount(of, weights=weights, minlength=size + 1)[:size].reshape(self.cells.height, self.cells.width)

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


def _sorted(of: NDArray[Any], size: int) -> NDArray[Any]:
    """The places of ``of`` by cell, each cell's in their order."""
    return np.flatnonzero(of == 0) if size == 1 else np.argsort(of, kind="stable")


def _least(size: int) -> np.dtype[Any]:
    """The least type that tells ``size`` + 1 numbers apart: bytes and pairs of them are sorted by radix, ten times as fast."""
    return np.dtype(np.uint8 if size < 2**8 else np.uint16 if size < 2**16 else np.int64)
