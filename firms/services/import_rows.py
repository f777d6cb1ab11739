"""The staged rows of a batch: written and read in chunks, never one query a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import orjson
from django.db import models
from django.db.models.functions import Cast

from firms.importing import cells
from firms.importing.plan import ACCEPTED, Digest, PlannedRow
from firms.models import Filing, ImportBatch, ImportRow
from firms.services import bulk

CHUNK = 2000
_COLUMNS = ("batch_id", "sheet", "row_number", "verdict", "firm_id", "cells", "values", "before", "reasons")
_JSON = ("cells", "values", "before", "reasons")


def stage(batch: ImportBatch, rows: Iterable[PlannedRow], tally: Tally | None = None) -> None:
    """Append rows to the batch and to its tally. What an accepted row said stands in its values; raw cells are kept for
    all others."""
    tally = tally or Tally()

    def fields(row: PlannedRow) -> tuple[Any, ...]:
        values, before = tally.add(row)
        raw = "[]" if row.verdict in ACCEPTED else bulk.json_text([cells.shown(cell) for cell in row.cells])
        reasons = bulk.json_text(row.reasons) if row.reasons else "[]"
        return batch.pk, row.sheet, row.number, row.verdict, row.firm, raw, values.decode(), before.decode(), reasons

    bulk.insert(ImportRow, _COLUMNS, map(fields, rows))


def staged(
    batch: ImportBatch, *, verdicts: Iterable[str] | None = None, with_cells: bool = False, unfiled: bool = False
) -> Iterator[list[tuple[int, PlannedRow]]]:
    """The batch's rows in file order, in chunks of (primary key, row); ``unfiled``: without those already filed."""
    names = [name for name in _JSON if with_cells or name != "cells"]
    rows = ImportRow.objects.filter(batch=batch).order_by("id")
    if verdicts is not None:
        rows = rows.filter(verdict__in=list(verdicts))
    if unfiled:
        rows = rows.exclude(models.Exists(Filing.objects.filter(batch=batch, firm=models.OuterRef("firm"))))
    # Decoded here by orjson: five times faster than the field's own json.
    query = rows.annotate(**{f"{name}_text": Cast(name, models.TextField()) for name in names})
    last = 0
    while chunk := list(
        query.filter(pk__gt=last).values_list(
            "pk", "sheet", "row_number", "verdict", "firm_id", *(f"{name}_text" for name in names)
        )[:CHUNK]
    ):
        last = chunk[-1][0]
        yield [
            (pk, PlannedRow(sheet, number, verdict, firm, **dict(zip(names, map(orjson.loads, texts), strict=True))))
            for pk, sheet, number, verdict, firm, *texts in chunk
        ]


def restate(rows: Iterable[tuple[int, PlannedRow]]) -> None:
    """Write verdict, firm, before and reasons of staged rows anew."""
    changed = [
        ImportRow(pk=pk, verdict=row.verdict, firm_id=row.firm, before=row.before, reasons=row.reasons) for pk, row in rows
    ]  # fmt: skip
    ImportRow.objects.bulk_update(changed, ["verdict", "firm", "before", "reasons"], batch_size=500)


class Tally:
    """Rows by verdict (with ``warnings``) and the digest of the plan they make, added in file order."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._digest = Digest()

    def add(self, row: PlannedRow) -> tuple[bytes, bytes]:
        """Count a row; its values and before as JSON, the one time they are written."""
        values, before = orjson.dumps(row.values), orjson.dumps(row.before)
        self.counts[row.verdict] += 1
        if row.reasons and row.verdict in ACCEPTED:
            self.counts["warnings"] += any(reason.get("level") == "warning" for reason in row.reasons)
        self._digest.add(row.sheet, row.number, row.verdict, row.firm, values, before)
        return values, before

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


def tally(batch: ImportBatch) -> Tally:
    """The tally of what is staged now."""
    found = Tally()
    for chunk in staged(batch):
        for _, row in chunk:
            found.add(row)
    return found
