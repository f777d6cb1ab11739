"""How every firm of a run stands, as arrays: what two runs are compared by, a hundred thousand firms in some milliseconds.

Out of the run's columns where they are made, else out of its scores; a run never changes, so a process keeps them.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from scoring.analysis.arrays import Codes, Numbers, Texts
from scoring.analysis.memory import Memory
from scoring.assembly import columns
from scoring.models import Run, Score

UNIT = 10_000  # of a total: four decimals, whole numbers, so that 73.99 − 63.99 is 10
NONE = "none"  # not in the run at all
FIELDS = ("firm.credit_code", "firm.status", "firm.stage", "score.total", "score.rank")
KEPT = Memory(192 * 2**20)  # of 100,000 firms 4 MB a run
_ROWS = "SELECT firm_id, credit_code, status, stage, total, rank FROM scoring_score WHERE run_id = %s"


@dataclass(frozen=True)
class Outcomes:
    """The firms of a run by credit code. ``place``: index into ``names``, the stage's code of a ranked firm, else its status;
    ``units``: total in ten-thousandths of a point, ``rank``: both 0 where there is none."""

    ids: NDArray[np.int64]
    codes: NDArray[np.bytes_]
    place: NDArray[np.int8]
    names: tuple[str, ...]
    units: NDArray[np.int64]
    rank: NDArray[np.int64]
    by_id: NDArray[np.int64]  # the order in which ``ids`` rise

    def rows_of(self, firms: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where each of these firms stands, -1 where it is not in the run."""
        if not len(self.ids):
            return np.full(len(firms), -1, dtype=np.int64)
        at = self.by_id[np.minimum(np.searchsorted(self.ids, firms, sorter=self.by_id), len(self.ids) - 1)]
        return np.where(self.ids[at] == firms, at, -1)

    def is_in(self, names: Iterable[str]) -> NDArray[np.bool_]:
        """The firms that stand in one of these ways."""
        wanted = set(names)
        return np.array([name in wanted for name in self.names] or [False])[self.place]

    @property
    def nbytes(self) -> int:
        return sum(a.nbytes for a in (self.ids, self.codes, self.place, self.units, self.rank, self.by_id))


def outcomes(runs: Sequence[Run]) -> list[Outcomes]:
    """Of each run; no query for those at hand, else three for all that have columns and one a run for others."""
    missing = [run for run in runs if KEPT.get(_key(run)) is None]
    made: dict[int, Outcomes] = {}
    if missing:
        tables = columns.tables(missing)
        columns.fetch([table for table in tables.values() if table is not None], FIELDS)
        for run in missing:
            table = tables[run.pk]
            made[run.pk] = _from_columns(table) if table is not None else _from_scores(run)
            KEPT.put(_key(run), made[run.pk], made[run.pk].nbytes)
    return [made.get(run.pk) or KEPT.get(_key(run)) or _from_scores(run) for run in runs]


def to_confirm(run: Run) -> NDArray[np.int64]:
    """Firm ids of those whose stage somebody must still confirm (no query)."""
    [here] = outcomes([run])
    wanted = np.array(sorted(code.encode() for code in run.summary.get("to_confirm", [])), dtype=here.codes.dtype)
    return here.ids[np.isin(here.codes, wanted)]


def pairs(before: Outcomes, now: Outcomes) -> dict[tuple[str, str], int]:
    """(how a firm stood, how it stands) → firms, ``NONE`` for who is not in a run."""
    was = _with_none(before, before.rows_of(now.ids))
    table = np.zeros((len(before.names) + 1, len(now.names) + 1), dtype=np.int64)
    np.add.at(table, (was, now.place), 1)
    gone = now.rows_of(before.ids) < 0
    np.add.at(table[:, -1], before.place[gone], 1)
    names = (*before.names, NONE), (*now.names, NONE)
    return {(names[0][i], names[1][j]): int(table[i, j]) for i, j in zip(*np.nonzero(table), strict=True)}


def _with_none(there: Outcomes, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.append(there.place.astype(np.int64), len(there.names))[rows]


def _key(run: Run) -> Hashable:
    return run.pk, run.inputs_digest, run.created_at


def _from_columns(table: columns.RunTable) -> Outcomes:
    code, status, stage, total, rank = (table.column(name) for name in FIELDS)
    if not (isinstance(code, Texts) and isinstance(status, Codes) and isinstance(stage, Codes)):
        raise TypeError("columns of another kind")
    if not (isinstance(total, Numbers) and isinstance(rank, Numbers)):
        raise TypeError("columns of another kind")
    names = (*stage.names, *status.names)
    scored = status.is_in([Score.Status.SCORED])
    place = np.where(scored, stage.codes, len(stage.names) + status.codes)
    codes = np.array([text.encode() for text in code.texts(range(len(table)))], dtype=np.bytes_)
    units = np.rint(np.nan_to_num(total.values) * UNIT)
    return _sorted(table.ids, codes, place, names, units, np.nan_to_num(rank.values))


def _from_scores(run: Run) -> Outcomes:
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, [run.pk])
        found = cursor.fetchall()
    ids, codes, statuses, stages, totals, ranks = zip(*found, strict=True) if found else ((),) * 6
    stands = [
        stage if status == Score.Status.SCORED else status for status, stage in zip(statuses, stages, strict=True)
    ]
    names = tuple(dict.fromkeys(stands))
    number = {name: i for i, name in enumerate(names)}
    units = np.rint(np.array([float(total or 0) for total in totals]) * UNIT)
    return _sorted(
        np.array(ids, dtype=np.int64),
        np.array([code.encode() for code in codes], dtype=np.bytes_),
        np.array([number[stand] for stand in stands], dtype=np.int8),
        names,
        units,
        np.array([rank or 0 for rank in ranks]),
    )


def _sorted(
    ids: NDArray[Any], codes: NDArray[Any], place: NDArray[Any], names: tuple[str, ...], units: NDArray[Any], rank: Any
) -> Outcomes:
    order = np.argsort(codes, kind="stable")
    ids = ids[order]
    return Outcomes(
        ids,
        codes[order],
        place[order].astype(np.int8),
        names,
        units[order].astype(np.int64),
        rank[order].astype(np.int64),
        np.argsort(ids),
    )
