"""The known figures of firms in order: what the quantiles, counts and sums of any choice of firms are picked from."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.analysis.arrays import Floats, Mask

SCALE = 1e4  # figures are stated to four decimals at most
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Grouping:
    """``of``: of each firm of a table the number of its group, below ``size``; ``name``: the same name, the same numbers."""

    name: Hashable
    of: NDArray[Any]
    size: int


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
            whole = np.rint(x * SCALE)
            exact = bool((whole / SCALE == x).all())
        every = np.zeros(len(values))
        every[known] = whole
        return cls(known[np.argsort(x, kind="stable")], every if exact else None, float(np.abs(whole).sum()))

    @property
    def exact(self) -> bool:
        """Whether all of them can be added."""
        return self.largest < 2**53

    @property
    def nbytes(self) -> int:
        return self.places.nbytes + (0 if self.whole is None else self.whole.nbytes) + 200


@dataclass(frozen=True)
class Sorted:
    """The known figures of some firms, group by group and rising in each. ``places``: of their firms; ``starts``: where each
    group starts, one more for the end; ``at``: of each firm looked at where it stands among them, -1 for unknown; ``whole``: their
    whole numbers in that order and a 0 behind, where there are any; ``exact``: whether all of them together are within 2⁵³."""

    places: NDArray[np.int32]
    starts: Counts
    at: NDArray[np.int32]
    whole: Floats | None
    exact: bool

    @classmethod
    def of(cls, ranked: Ranked, grouping: Grouping, *, added: bool) -> Sorted:
        """``added``: whether sums are wanted too."""
        of = grouping.of[ranked.places]
        counts = np.bincount(of, minlength=grouping.size)
        places = ranked.places if grouping.size == 1 else ranked.places[np.argsort(of, kind="stable")]
        at = np.full(len(grouping.of), -1, dtype=np.int32)
        at[places] = np.arange(len(places), dtype=np.int32)
        whole = np.append(ranked.whole[places], 0.0) if added and ranked.whole is not None else None
        return cls(places, np.concatenate([[0], np.cumsum(counts)]), at, whole, ranked.exact)

    def sums(self, chosen: NDArray[np.bool_] | None = None) -> Floats:
        """Of the whole numbers, group by group; of the ``chosen`` ones."""
        assert self.whole is not None
        whole = self.whole
        if chosen is not None:
            whole = whole.copy()
            whole[:-1] *= chosen
        return _added(whole, self.starts)

    @cached_property
    def all_sums(self) -> Floats:
        return self.sums()

    @property
    def nbytes(self) -> int:
        whole = 0 if self.whole is None else self.whole.nbytes
        return self.places.nbytes + self.starts.nbytes + self.at.nbytes + whole + 200


class Chosen:
    """The known figures of the firms in ``mask``, of all without one. ``starts``: where each group starts among them.

    Where few firms are left out, only those are looked at: what is asked most is asked of nearly all.
    """

    def __init__(self, every: Sorted, mask: Mask | None, out: NDArray[np.int64] | None = None) -> None:
        """``out``: the firms not in ``mask``, where they are few."""
        self.every, self.mask, self.starts = every, mask, every.starts
        self._chosen: NDArray[np.bool_] | None = None
        self._there: NDArray[np.int64] | None = None
        self._out: NDArray[np.int32] | None = None
        if out is not None:
            self._out = np.sort(every.at.take(out))
            self._out = self._out[np.searchsorted(self._out, 0) :]  # without the unknown
            self.starts = every.starts - np.searchsorted(self._out, every.starts)
        elif mask is not None:
            self._chosen = mask.take(every.places)
            self._there = np.flatnonzero(self._chosen)
            self.starts = np.searchsorted(self._there, every.starts)

    def places(self, numbers: NDArray[np.int64]) -> NDArray[np.int32]:
        """The places of the firms with these numbers."""
        if self._out is not None:  # as many further on as are left out before
            numbers = numbers + np.searchsorted(self._out - np.arange(len(self._out)), numbers, "right")
        return self.every.places[numbers if self._there is None else self._there[numbers]]

    def sums(self) -> Floats:
        """Of the whole numbers, group by group."""
        if self._out is None:
            return self.every.sums(self._chosen)
        if not self.every.exact and self.mask is not None:  # who is left out may be who is too large
            return self.every.sums(self.mask.take(self.every.places))
        assert self.every.whole is not None
        gone = _added(np.append(self.every.whole[self._out], 0.0), np.searchsorted(self._out, self.every.starts))
        return self.every.all_sums - gone


def _added(x: Floats, starts: Counts) -> Floats:
    """Group by group; ``x`` with one more behind. Of an empty group ``reduceat`` says what comes next."""
    return np.where(np.diff(starts) > 0, np.add.reduceat(x, starts[:-1]), 0.0)
