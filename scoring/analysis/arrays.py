"""The arrays a question is answered from: one a field, one entry a firm, in the same order of firms."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

_END = b"\n"  # between the texts of two firms
_PART = b"\x1f"  # between the parts of one firm's text
FEW = 8  # texts that are sought one by one; more are looked up (measured: one search 2.6 ms, one look at all 40 ms)


@dataclass(frozen=True)
class Numbers:
    """Figures, flags as 1 and 0, dates as days since 1970; NaN is unknown."""

    values: Floats

    @property
    def unknown(self) -> Mask:
        return np.isnan(self.values)

    def take(self, rows: NDArray[Any]) -> Numbers:
        """The figures at ``rows``; -1 finds nothing."""
        return Numbers(np.append(self.values, np.nan)[rows])

    @property
    def nbytes(self) -> int:
        return self.values.nbytes


@dataclass(frozen=True)
class Codes:
    """One of few: int32 index into ``names``, -1 is unknown. ``names`` stand in the order they are shown in."""

    codes: NDArray[np.int32]
    names: tuple[str, ...]

    @property
    def unknown(self) -> Mask:
        return self.codes < 0

    def is_in(self, wanted: Iterable[Any]) -> Mask:
        asked = set(wanted)
        table = np.array([*(name in asked for name in self.names), False])
        return table[self.codes]

    def take(self, rows: NDArray[Any]) -> Codes:
        return Codes(np.append(self.codes, np.int32(-1))[rows], self.names)

    @property
    def nbytes(self) -> int:
        return self.codes.nbytes


@dataclass(frozen=True)
class Texts:
    """Texts as they are shown and as they are searched, each in one piece of bytes, and their order.

    A search is one pass over bytes: ten times as fast as asking a hundred thousand strings. ``shown_ends``: where each
    shown text ends in ``shown``; ``starts``: where each begins in ``searched``; ``order``: its place when sorted.
    """

    shown: bytes
    shown_ends: NDArray[np.int32]
    searched: bytes
    starts: NDArray[np.int32]
    order: NDArray[np.int32]

    @classmethod
    def of(cls, shown: Iterable[str], parts: Iterable[tuple[str, ...]], order: NDArray[np.int32]) -> Texts:
        """``parts`` of each: what ``in`` compares, then what else may be searched for (pinyin initials)."""
        texts = [text.encode() for text in shown]
        lines = [_PART.join(part.encode() for part in (*some, "")) for some in parts]
        lengths = np.fromiter((len(line) + 1 for line in lines), np.int32, len(lines))
        return cls(
            b"".join(texts),
            np.cumsum(np.fromiter((len(text) for text in texts), np.int32, len(texts)), dtype=np.int32),
            _END + _END.join([*lines, b""]),
            (1 + np.cumsum(lengths, dtype=np.int32) - lengths).astype(np.int32),
            order,
        )

    def __len__(self) -> int:
        return len(self.shown_ends)

    @property
    def unknown(self) -> Mask:
        return np.diff(self.shown_ends, prepend=0) == 0

    def texts(self, rows: Iterable[int]) -> list[str]:
        """The texts at these places, as they are shown."""
        ends = self.shown_ends
        return [self.shown[ends[row - 1] if row else 0 : ends[row]].decode() for row in rows]

    def contains(self, text: str) -> Mask:
        """``text`` in the form the texts were given in to be searched."""
        return self._found(re.finditer(re.escape(text.encode()), self.searched))

    def is_in(self, wanted: Iterable[str]) -> Mask:
        """Those that are one of these texts, whole. Of many texts each firm is looked at once: a search for each of a list
        pasted in would take as many passes as the list is long."""
        texts = {text.encode() for text in wanted}
        if len(texts) > FEW:
            lines = self.searched.split(_END)[1:-1]
            return np.fromiter((line.partition(_PART)[0] in texts for line in lines), np.bool_, len(lines))
        found = np.zeros(len(self), dtype=bool)
        for text in texts:
            found |= self._found(re.finditer(re.escape(_END + text + _PART), self.searched), 1)
        return found

    def _found(self, hits: Iterable[re.Match[bytes]], offset: int = 0) -> Mask:
        at = np.fromiter((hit.start() + offset for hit in hits), np.int64)
        mask = np.zeros(len(self), dtype=bool)
        mask[np.searchsorted(self.starts, at, "right") - 1] = True
        return mask

    @property
    def nbytes(self) -> int:
        return len(self.shown) + len(self.searched) + 3 * self.order.nbytes


Column = Numbers | Codes | Texts


class Table(Protocol):
    """The firms of one period. ``key`` names exactly these arrays: same key, same answers. ``normalised`` brings a searched
    text into the form the texts are in."""

    @property
    def key(self) -> Hashable: ...

    def __len__(self) -> int: ...

    def column(self, code: str) -> Column:
        """The field's array; of a field this period does not have, all unknown (Numbers of NaN, whatever its kind)."""

    def normalised(self, text: str) -> str: ...
