"""Figures brought in by a department's workbook: one filing a row, folded into the sheets in force."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from firms.importing.fold import Ruling, Statement
from firms.importing.plan import SOURCE, PlannedRow, folded_with, metrics_row
from firms.models import ImportBatch
from firms.services import filings
from firms.services.catalogue import in_force


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
            metrics_row(row, self._stated.get(firm, ()), metrics, checks, last_year.get(firm), self._ruled.get(firm))

    def apply(self, rows: Sequence[tuple[int, PlannedRow]]) -> None:
        """File the rows that say something new, and fold them in. Follows ``plan`` of the same rows under the same lock."""
        new = [row for _, row in rows if row.verdict in ("create", "change") and row.firm is not None]
        ids = filings.append(
            [filings.NewFiling(row.firm, row.values, row.sheet, row.number) for row in new],  # type: ignore[arg-type]
            year=self.year,
            source=SOURCE,
            by_id=self.batch.uploaded_by_id,
            department_id=self.batch.department_id,
            batch_id=self.batch.pk,
        )
        folded = {
            row.firm: folded_with(
                row, self._stated.get(row.firm or 0, ()), self.catalogue.metrics, filing, self._ruled.get(row.firm or 0)
            )
            for filing, row in zip(ids, new, strict=True)
        }
        filings.write_sheets(self.year, folded)  # type: ignore[arg-type]

    def undo(self, chunk: Sequence[tuple[int, PlannedRow]]) -> list[str]:
        """Fold again without this batch, which is no longer in force."""
        firms = [row.firm for _, row in chunk if row.verdict in ("create", "change") and row.firm is not None]
        filings.refold(self.year, firms, self.catalogue.metrics)
        return []
