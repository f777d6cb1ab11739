"""Rows of other batches in force that said what was there already, and so wrote nothing: undoing what they found must not lose them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import models
from django.db.models.functions import Cast

from firms.importing.plan import SAME
from firms.models import ImportBatch, ImportRow
from firms.services import bulk


@dataclass(frozen=True, slots=True)
class Restatement:
    """One such row: what it said about a firm, in which batch, since when in force."""

    batch: int
    applied_at: datetime
    department: int | None
    by: int | None
    sheet: str
    number: int
    firm: int
    values: dict[str, Any]


def restatements(batch: ImportBatch, firms: Iterable[int | None]) -> list[Restatement]:
    """Of the batches in force like ``batch`` (kind, year, register, source), oldest first (one query)."""
    ids = sorted({firm for firm in firms if firm})
    if not ids:
        return []
    like = ImportBatch.objects.filter(
        kind=batch.kind, year=batch.year, register_kind=batch.register_kind, source=batch.source,
        state=ImportBatch.State.APPLIED,
    ).exclude(pk=batch.pk)  # fmt: skip
    rows = bulk.among(ImportRow.objects.filter(batch__in=like, verdict=SAME), "firm_id", ids)
    found = rows.annotate(text=Cast("values", models.TextField())).order_by("batch__applied_at", "pk")
    return [
        Restatement(*row[:-1], orjson.loads(row[-1]))  # type: ignore[call-arg]
        for row in found.values_list(
            "batch_id", "batch__applied_at", "batch__department_id", "batch__uploaded_by_id", "sheet", "row_number",
            "firm_id", "text",
        )
    ]  # fmt: skip
