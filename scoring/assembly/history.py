"""The stages of earlier years, folded into what the regulation asks of them (readings 7 to 10). Pure arrays."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from scoring.engine.cohort import History

UNKNOWN = -1


def fold(
    n: int,
    grades: tuple[int, ...],
    years: Iterable[tuple[dt.date, NDArray[np.int8]]],
    overrides: NDArray[np.int8] | None = None,
) -> History:
    """History of ``n`` firms from their stages in earlier periods.

    ``years``: (as-of date, int8[n] stage index, -1 = not scored) of each earlier year, oldest first; ``grades``: grade
    per stage index. A year in which a firm was not scored is skipped: its previous scored period is the last one that
    knows its stage, so leaving a year out neither hides a demotion nor breaks a run.
    """
    grade = np.array([*grades, UNKNOWN], dtype=np.int16)  # index -1 finds the sentinel
    last = np.full(n, UNKNOWN, dtype=np.int8)
    before = last.copy()
    peak = last.copy()
    dropped = np.zeros(n, dtype=bool)
    since = np.full(n, "NaT", dtype="datetime64[D]")
    for as_of, stage in years:
        known = stage != UNKNOWN
        first = known & (last == UNKNOWN)
        fell = known & ~first & (grade[stage] < grade[last])
        # A fall begins at the stage left; a further one keeps the peak; reaching it again ends it.
        peak = np.where(fell & (peak == UNKNOWN), last, peak)
        peak = np.where(known & (peak != UNKNOWN) & (grade[stage] >= grade[peak]), UNKNOWN, peak).astype(np.int8)
        since = np.where(known & (stage != last), np.datetime64(as_of, "D"), since)
        dropped = np.where(known, fell, dropped)
        before = np.where(known, last, before)
        last = np.where(known, stage, last)
    none = np.full(n, UNKNOWN, dtype=np.int8)
    return History(
        previous_stage=last,
        previous2_stage=before,
        demoted_previous=dropped,
        stage_since=since,
        override_stage=none if overrides is None else overrides,
        peak_stage=peak,
    )
