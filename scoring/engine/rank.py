"""Competition ranking (1, 1, 3) on the rounded total, overall and within groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ranks = NDArray[np.int32]


def competition(
    totals: NDArray[np.int64],
    ranked: NDArray[np.bool_],
    group: NDArray[Any] | None = None,
    breakers: Sequence[NDArray[np.float64]] = (),
) -> Ranks:
    """Rank int32[n], largest first, from 1 within each group; equal keys share a rank; 0 where not ranked."""
    result = np.zeros(len(totals), dtype=np.int32)
    rows = np.flatnonzero(ranked)
    if not len(rows):
        return result
    keys = [-totals[rows], *(-np.round(breaker[rows], 9) for breaker in breakers)]
    groups = np.zeros(len(rows), dtype=np.int64) if group is None else np.unique(group[rows], return_inverse=True)[1]
    order = np.lexsort([*reversed(keys), groups])
    grouped = groups[order]
    new_group = np.r_[True, grouped[1:] != grouped[:-1]]
    new_key = new_group.copy()
    for key in keys:
        new_key[1:] |= key[order][1:] != key[order][:-1]
    place = np.arange(len(rows))
    first = np.maximum.accumulate(np.where(new_key, place, 0))
    start = np.maximum.accumulate(np.where(new_group, place, 0))
    result[rows[order]] = first - start + 1
    return result
