"""一企一档 as a workbook: a sheet a section, its tables one under the other, each figure with its source beside it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import xlsxwriter
from django.utils import timezone
from django.utils.translation import gettext as _

from firms.exports import FONT, clean
from scoring.presenters.firm_file import FirmFile
from scoring.presenters.firm_file.blocks import MOST, Block, Cell

if TYPE_CHECKING:
    from firms.models import User

_WIDTH = 18


def workbook(file: FirmFile, user: User) -> io.BytesIO:
    """The sections as this reader sees them, all rows (``MOST`` a list at most), with who made the file and when."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        looks = _looks(book)
        made = _("%(who)s %(at)s 导出；每个列表最多%(most)d行") % {
            "who": user, "at": f"{timezone.localtime():%Y-%m-%d %H:%M}", "most": MOST
        }  # fmt: skip
        for section in file.sections:
            sheet = book.add_worksheet(section.title[:31])
            sheet.write_string(0, 0, clean(f"{file.firm.name} {section.title}"), looks["title"])
            sheet.write_string(1, 0, clean(made), looks["line"])
            at = 3
            if section.note:
                sheet.write_string(2, 0, clean(section.note), looks["line"])
            for name, value in section.facts:
                sheet.write_row(at, 0, [clean(name), clean(value)], looks["text"])
                at += 1
            for block in section.blocks:
                at = _block(sheet, at, block, looks) + 1
            sheet.set_column(0, 0, 30)
            sheet.set_column(1, 40, _WIDTH)
            sheet.set_landscape()
            sheet.set_paper(9)
            sheet.fit_to_pages(1, 0)
    out.seek(0)
    return out


def _looks(book: xlsxwriter.Workbook) -> dict[str, Any]:
    base = {"font_name": FONT, "valign": "top"}
    cell = base | {"border": 1, "border_color": "#C3CEDB", "text_wrap": True}
    return {
        "title": book.add_format(base | {"bold": True, "font_size": 16, "font_color": "#0B3D91"}),
        "line": book.add_format(base | {"font_color": "#595959"}),
        "under": book.add_format(base | {"bold": True, "font_size": 12}),
        "head": book.add_format(cell | {"bold": True, "font_color": "#FFFFFF", "bg_color": "#0B3D91"}),
        "text": book.add_format(cell | {"num_format": "@"}),
        "number": book.add_format(cell | {"num_format": "#,##0.####"}),
    }


def _block(sheet: Any, at: int, block: Block, looks: dict[str, Any]) -> int:
    """Write one table from row ``at`` on; the first row free under it. A column with notes has them in one of their own."""
    if block.title:
        sheet.write_string(at, 0, clean(block.title), looks["under"])
        at += 1
    if not block.rows:
        sheet.write_string(at, 0, clean(block.empty), looks["line"])
        return at + 1
    noted = [any(row[column].notes for row in block.rows) for column in range(len(block.head))]
    column = 0
    for head, has_notes in zip(block.head, noted, strict=True):
        sheet.write_string(at, column, clean(head.title), looks["head"])
        column += 1
        if has_notes:
            sheet.write_string(at, column, clean(_("%s：说明") % head.title), looks["head"])
            column += 1
    for row in block.rows:
        at, column = at + 1, 0
        for cell, has_notes in zip(row, noted, strict=True):
            _cell(sheet, at, column, cell, looks)
            column += 1
            if has_notes:
                sheet.write_string(at, column, clean("\n".join(cell.notes)), looks["text"])
                column += 1
    return at + 1


def _cell(sheet: Any, row: int, column: int, cell: Cell, looks: dict[str, Any]) -> None:
    if cell.value is not None:
        sheet.write_number(row, column, cell.value, looks["number"])
    else:
        sheet.write_string(row, column, clean(cell.text), looks["text"])
