"""Arrays to rows: a run is written once, in the order it will be read, and never updated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import orjson
from django.db import connection
from numpy.typing import NDArray

from scoring.assembly import cube
from scoring.assembly.loading import Loaded, uncollected
from scoring.engine import STATUSES, Evaluation
from scoring.models import Run, RunSlice, Score

CHUNK = 5_000
COLUMNS = (
    "run_id", "firm_id", "credit_code", "name", "status", "stage", "cluster", "park", "total", "grade",
    "dimension_points", "rank", "stage_rank", "industry_rank", "position", "by_name", "by_dimension_1",
    "by_dimension_2", "by_dimension_3", "search", "detail",
)  # fmt: skip
_TYPES = (
    "int8", "int8", "varchar", "varchar", "varchar", "varchar", "varchar", "varchar", "numeric", "varchar",
    "bytea", "int4", "int4", "int4", "int4", "int4", "int4", "int4", "int4", "varchar", "bytea",
)  # fmt: skip
SORTABLE = 3  # dimensions a ranking can be sorted by: Score.by_dimension_1 … 3


@uncollected()
def save(run: Run, loaded: Loaded, evaluation: Evaluation) -> None:
    """Write the scores, the cube and the summary of ``run`` in the caller's transaction. Firms are not sorted in memory
    twice: the rows go in as they will be read, ranked ones first, so that a page's rows lie side by side on the disk."""
    order = _Orders(loaded, evaluation)
    rows = _rows(run.pk, loaded, evaluation, order)
    if connection.vendor == "postgresql":
        _copy(rows)
    else:
        _insert(rows)
    RunSlice.objects.bulk_create(cube.slices(run, loaded, evaluation), batch_size=500)
    run.summary |= cube.summary(loaded, evaluation)
    run.references = evaluation.references
    run.firms = len(evaluation)
    run.ranked = order.ranked
    run.state = Run.State.COMPLETE
    run.save(update_fields=["summary", "references", "firms", "ranked", "state"])


class _Orders:
    """The display orders of a run. ``rows``: the firms as they are written, ranked ones first; the other arrays hold for
    each firm of the cohort its number from 1, 0 for the unranked."""

    def __init__(self, loaded: Loaded, evaluation: Evaluation) -> None:
        codes = np.array(loaded.cohort.keys, dtype="S18")
        rank = evaluation.rank_overall
        unranked = rank == 0
        self.rows = np.lexsort([codes, rank, unranked])
        self.ranked = int((~unranked).sum())
        listed = self.rows[: self.ranked]
        self.position = self._numbers(listed, len(rank))
        names = sorted(listed.tolist(), key=lambda i: (loaded.name_keys[i] or loaded.names[i], self.position[i]))
        self.by_name = self._numbers(np.array(names, dtype=np.int64), len(rank))
        self.by_dimension = []
        for j in top_dimensions(evaluation)[:SORTABLE]:
            points = evaluation.dimensions[listed, j].round(9)
            self.by_dimension.append(self._numbers(listed[np.argsort(-points, kind="stable")], len(rank)))
        while len(self.by_dimension) < SORTABLE:
            self.by_dimension.append(np.zeros(len(rank), dtype=np.int32))

    @staticmethod
    def _numbers(order: NDArray[np.int64], n: int) -> NDArray[np.int32]:
        numbers = np.zeros(n, dtype=np.int32)
        numbers[order] = np.arange(1, len(order) + 1, dtype=np.int32)
        return numbers


def top_dimensions(evaluation: Evaluation) -> list[int]:
    """Columns of the dimensions that stand directly under the total: those a ranking row shows."""
    return [j for j, dimension in enumerate(evaluation.scheme.dimensions) if not dimension.parent]


def _rows(run_id: int, loaded: Loaded, evaluation: Evaluation, order: _Orders) -> Iterator[list[tuple[Any, ...]]]:
    """Chunks of rows in the order of COLUMNS; NULL where a firm is not ranked."""
    scheme = evaluation.scheme
    decimals = scheme.settings["decimals"]
    stages = [*(stage.code for stage in scheme.stages), ""]  # index -1 is none
    grades = [*(grade.name for grade in scheme.grades), ""]
    shown = top_dimensions(evaluation)
    numbers = (
        evaluation.rank_overall, evaluation.rank_stage, evaluation.rank_industry, order.position, order.by_name,
        *order.by_dimension,
    )  # fmt: skip
    for start in range(0, len(order.rows), CHUNK):
        part = order.rows[start : start + CHUNK]
        records = evaluation.records(rows=part)
        columns = [column[part].tolist() for column in numbers]
        points = evaluation.dimensions[part][:, shown].round(6).tolist()
        yield [
            (
                run_id,
                firm_id,
                loaded.cohort.keys[i],
                loaded.names[i],
                STATUSES[status],
                stages[stage],
                loaded.clusters.names[cluster],
                loaded.parks.names[park],
                Decimal(cents).scaleb(-decimals) if status == 0 else None,
                grades[grade],
                of_dimensions,
                *(number or None for number in of_firm),
                loaded.searches[i],
                record.tobytes(),
            )
            for i, firm_id, status, stage, cluster, park, cents, grade, of_dimensions, of_firm, record in zip(
                part.tolist(),
                loaded.firm_ids[part].tolist(),
                evaluation.status[part].tolist(),
                evaluation.stage[part].tolist(),
                loaded.clusters.codes[part].tolist(),
                loaded.parks.codes[part].tolist(),
                evaluation.total_cents[part].tolist(),
                evaluation.grade[part].tolist(),
                points,
                zip(*columns, strict=True),
                records,
                strict=True,
            )
        ]


_POINTS = COLUMNS.index("dimension_points")


def _copy(chunks: Iterator[list[tuple[Any, ...]]]) -> None:
    """Binary COPY: no text in between, and one statement for the whole run."""
    columns = ", ".join(f'"{name}"' for name in COLUMNS)
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY scoring_score ({columns}) FROM STDIN (FORMAT binary)") as copy,
    ):
        copy.set_types(_TYPES)
        for chunk in chunks:
            for row in chunk:
                # jsonb on the wire is a version byte and the text: sent as bytes, it is not dumped a second time.
                points = b"\x01" + orjson.dumps(row[_POINTS])
                copy.write_row((*row[:_POINTS], points, *row[_POINTS + 1 :]))


def _insert(chunks: Iterator[list[tuple[Any, ...]]]) -> None:
    for chunk in chunks:
        Score.objects.bulk_create([Score(**dict(zip(COLUMNS, row, strict=True))) for row in chunk], batch_size=500)


__all__: Sequence[str] = ("SORTABLE", "save", "top_dimensions")
