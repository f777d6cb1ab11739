"""What to send back to whoever filled the file in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from firms.importing import cells, spool
from firms.importing.plan import REFUSED, UNMATCHED
from firms.models import ImportBatch
from firms.services import import_rows


def refused_rows(batch: ImportBatch) -> Iterable[tuple[list[str], Iterator[tuple[str, int, list[Any], str]]]]:
    """What to send back: for each sheet its header texts and (sheet, row number, raw cells, reasons in words) of every row
    that was refused or not matched, in file order."""
    for sheet, found in batch.mapping.items():
        if found.get("sketch"):  # not read: no row of it is staged
            continue
        yield found["texts"], _refused_of(batch, sheet)


def _refused_of(batch: ImportBatch, sheet: str) -> Iterator[tuple[str, int, list[Any], str]]:
    wanted = batch.rows.filter(sheet=sheet, verdict__in=(REFUSED, UNMATCHED), cells=[]).values_list(
        "row_number", flat=True
    )
    sent = raw_cells(batch, sheet, set(wanted))
    for chunk in import_rows.staged(batch, verdicts=(REFUSED, UNMATCHED), with_cells=True):
        for _, row in chunk:
            if row.sheet == sheet:
                said = row.cells or sent.get(row.number, [])
                yield row.sheet, row.number, said, "；".join(map(in_words, row.reasons))


def raw_cells(batch: ImportBatch, sheet: str, numbers: set[int]) -> dict[int, list[Any]]:
    """Row number → cells as they stand in the original file, for rows that were good until another one contradicted them."""
    if not numbers:
        return {}
    with spool.read(batch.file.path) as rows:
        return {
            number: [cells.shown(cell) for cell in found]
            for page in rows.sheets()
            if page.name == sheet
            for number, found in page.rows
            if number in numbers
        }


def in_words(reason: dict[str, str]) -> str:
    """A reason as one sentence: place, what, what to do."""
    place = f"{reason['column']}：" if reason.get("column") else ""
    hint = f"（{reason['hint']}）" if reason.get("hint") else ""
    return f"{place}{reason['message']}{hint}"
