"""Figures brought in by a department's workbook: one filing a row, folded into the sheets in force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.db import models

from firms.importing.fold import Ruling, Statement
from firms.importing.plan import PlannedRow, folded_with, metrics_row
from firms.models import Filing, Firm, ImportBatch
from firms.services import bulk, filings
from firms.services.catalogue import in_force
from firms.services.restatements import Restatement, restatements


class MetricsTarget:
    """Filings of one data year; the year's row is the mutex."""

    matches_firms = True

    def __init__(self, batch: ImportBatch) -> None:
        assert batch.year is not None
        self.batch = batch
        self.year: int = batch.year
        self.catalogue = in_force()
        self._stated: dict[int, list[Statement]] = {}
        self._ruled: dict[int, dict[str, Ruling]] = {}

    def lock(self) -> None:
        filings.lock_year(self.year)

    def key(self, row: PlannedRow) -> Any:
        return row.firm

    def plan(self, rows: Sequence[PlannedRow]) -> None:
        """Verdict of each matched row against the filings in force and last year's figures (three queries a chunk)."""
        firms = [row.firm for row in rows if row.firm is not None]
        self._stated = filings.statements(self.year, firms)
        self._ruled = filings.rulings(self.year, firms)
        last_year = filings.sheet_values(self.year - 1, firms)
        metrics, checks = self.catalogue.metrics, self.catalogue.checks
        for row in rows:
            firm = row.firm or 0
            known = self._stated.get(firm, ()), metrics, checks, last_year.get(firm), self._ruled.get(firm)
            metrics_row(row, *known, source=self.batch.source)

    def apply_staged(self) -> int:
        """File, without reading them, the rows about firms of which nothing is known for the year: their plan cannot have changed."""
        return filings.file_staged(self.batch, source=self.batch.source)

    def apply(self, rows: Sequence[tuple[int, PlannedRow]]) -> None:
        """File the rows that say something new, and fold them in. Follows ``plan`` of the same rows under the same lock."""
        new = [row for _, row in rows if row.verdict in ("create", "change") and row.firm is not None]
        ids = filings.append(
            [filings.NewFiling(row.firm, row.values, row.sheet, row.number) for row in new],  # type: ignore[arg-type]
            year=self.year,
            source=self.batch.source,
            by_id=self.batch.uploaded_by_id,
            department_id=self.batch.department_id,
            batch_id=self.batch.pk,
        )
        folded = {
            row.firm: folded_with(
                row,
                self._stated.get(row.firm or 0, ()),
                self.catalogue.metrics,
                filing,
                self._ruled.get(row.firm or 0),
                source=self.batch.source,
            )
            for filing, row in zip(ids, new, strict=True)
        }
        filings.write_sheets(self.year, folded)  # type: ignore[arg-type]

    def kept(self, chunk: Sequence[tuple[int, PlannedRow]]) -> list[str]:
        """What later filings said about this batch's cells, in words: undoing the batch leaves it standing (reads only)."""
        firms = _firms_of(chunk)
        later = self._later(firms)
        for again in self._taken_over(firms):
            for code in again.values:
                later.setdefault((again.firm, code), f"第{again.batch}批")
        names = dict(Firm.objects.filter(pk__in={firm for firm, _ in later}).values_list("pk", "name"))
        metrics = self.catalogue.metrics
        return [
            f"{names[row.firm]} {metrics[code].name if code in metrics else code}（{later[row.firm, code]}又报，保留）"
            for _, row in chunk
            for code in row.values
            if row.firm is not None and (row.firm, code) in later
        ]

    def undo(self, chunk: Sequence[tuple[int, PlannedRow]]) -> list[str]:
        """Fold again without this batch, which is no longer in force.

        What a later batch said as well, and did not file because it was known, is filed now in that batch's name.
        """
        kept, firms = self.kept(chunk), _firms_of(chunk)
        for (batch, by, department), said in groupby(
            self._taken_over(firms), key=attrgetter("batch", "by", "department")
        ):
            filings.append(
                [filings.NewFiling(again.firm, again.values, again.sheet, again.number) for again in said],
                year=self.year,
                source=self.batch.source,
                by_id=by,
                department_id=department,
                batch_id=batch,
            )
        filings.refold(self.year, firms, self.catalogue.metrics)
        return kept

    def _filed(self, firms: Sequence[int]) -> models.QuerySet[Filing]:
        """The source's other filings in force about these firms, oldest first."""
        rows = Filing.objects.in_force().filter(year=self.year, source=self.batch.source).exclude(batch=self.batch)
        return bulk.among(rows, "firm_id", firms).order_by("id")

    def _later(self, firms: Sequence[int]) -> dict[tuple[int, str], str]:
        """(firm, metric) → who filed it after this batch (two queries)."""
        mine = dict(bulk.among(self.batch.filings.all(), "firm_id", firms).order_by("id").values_list("firm_id", "id"))
        return {
            (firm, code): f"第{batch}批" if batch else "之后"
            for pk, firm, values, batch in self._filed(list(mine)).values_list("id", "firm_id", "values", "batch_id")
            if pk > mine[firm]
            for code in values
        }

    def _taken_over(self, firms: Sequence[int]) -> list[Restatement]:
        """What batches in force restated and no filing left in force says: each with only the cells it must now carry."""
        said = restatements(self.batch, firms)
        if not said:
            return []
        about = sorted({again.firm for again in said})
        current = {
            (firm, code): (value, at)
            for firm, values, at in self._filed(about).values_list("firm_id", "values", "filed_at")
            for code, value in values.items()
        }
        found = []
        for again in said:
            carried = {}
            for code, value in again.values.items():
                known, at = current.get((again.firm, code), (None, None))
                if known != value and (at is None or at < again.applied_at):
                    carried[code] = value
                    current[again.firm, code] = (value, again.applied_at)
            if carried:
                found.append(replace(again, values=carried))
        return found


def _firms_of(chunk: Sequence[tuple[int, PlannedRow]]) -> list[int]:
    """Every firm an accepted row spoke of: one that changed nothing then may carry what an earlier batch took with it."""
    return sorted({row.firm for _, row in chunk if row.firm is not None})
