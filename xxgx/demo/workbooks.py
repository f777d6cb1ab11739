"""Files as departments send them: the originals the demo's batches keep, and samples for trying the import."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import xlsxwriter

_CREATED = datetime(2022, 1, 1)  # fixed: the same zone makes the same bytes


def workbook(
    title: str,
    unit_line: str,
    header: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    totals: Sequence[float] = (),
) -> bytes:
    """An xlsx with a merged title, a unit line, the header on row 3 and the data from row 4.

    ``totals``, if any, stand in a 合计 row at the end, from the third column on.
    """
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": title, "created": _CREATED})
    heading = book.add_format({"bold": True, "align": "center", "font_size": 14})
    bold = book.add_format({"bold": True, "border": 1})
    dates = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet = book.add_worksheet("Sheet1")
    sheet.merge_range(0, 0, 0, len(header) - 1, title, heading)
    sheet.write_string(1, 0, unit_line)
    sheet.write_row(2, 0, header, bold)
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 34)
    sheet.set_column(2, len(header) - 1, 14)
    number = 2
    for number, row in enumerate(rows, start=3):
        for column, value in enumerate(row):
            if isinstance(value, date):
                sheet.write_datetime(number, column, datetime(value.year, value.month, value.day), dates)
            elif value is not None:
                sheet.write(number, column, value)
    if totals:
        sheet.write_row(number + 1, 0, ["合计", None, *(round(total, 2) for total in totals)])
    book.close()
    return out.getvalue()


def plain_csv(rows: Iterable[Sequence[Any]], encoding: str = "utf-8-sig") -> bytes:
    """A csv as Excel saves it: UTF-8 with a mark, or GB18030."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([["" if cell is None else cell for cell in row] for row in rows])
    return out.getvalue().encode(encoding)
