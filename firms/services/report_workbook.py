"""The form as a workbook: taken away prefilled, one row a data item, and read back into changes to look at before they count."""

from __future__ import annotations

import io
import tempfile
from dataclasses import dataclass, field
from typing import Any

import xlsxwriter
from django.core.files.base import File

from firms.importing import cells as reading
from firms.importing import sniff, spool
from firms.importing.checks import NONE, VALUE, ZERO, Examined, Typed
from firms.importing.figures import plain
from firms.importing.problem import BadCell, Unreadable
from firms.models import Source
from firms.services.import_scope import clean_name, refusal_of
from firms.services.refusal import Refusal
from firms.services.report_standing import Standing
from firms.services.reports import LONGEST_REASON, LONGEST_TEXT, Change

HEADINGS = ("数据项代码", "数据项", "单位", "上年数", "部门已提供", "填报状态", "本年数", "说明", "统计口径")
WIDTHS = (24, 38, 8, 16, 30, 12, 18, 36, 80)
STATES = {VALUE: "有数", ZERO: "确认为零", NONE: "未提供"}
_OF_NAMES = {reading.key(name): state for state, name in STATES.items()}
SHEET = "填报表"
FIRST = 5  # the row, from 0, of the first data item
LIMITS = sniff.Limits(size=2 * 1024 * 1024, unpacked=40 * 1024 * 1024)
BOUNDS = spool.Bounds(memory=400, seconds=20, rows=5_000, columns=60)


def workbook(found: Standing) -> bytes:
    """An xlsx with what is known filled in; everything but the firm's own three columns is locked."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    look = _looks(book)
    sheet = book.add_worksheet(SHEET)
    sheet.merge_range(0, 0, 0, len(HEADINGS) - 1, f"{found.year}年度企业填报表", look["title"])
    sheet.write_row(1, 0, ["统一社会信用代码", found.firm.credit_code], look["line"])
    sheet.write_row(2, 0, ["企业名称", found.firm.name], look["line"])
    told = "只填写白色单元格；部门已提供的不用填。状态选“有数”并填本年数，或选“确认为零”“未提供”；灰色单元格已锁定。"
    sheet.write_row(3, 0, ["年度", str(found.year), told], look["line"])
    sheet.write_row(FIRST - 1, 0, HEADINGS, look["head"])
    for at, row in enumerate(_rows(found), FIRST):
        own = row.pop()
        for column, value in enumerate(row):
            is_open = own and column in (5, 6, 7)
            sheet.write_string(at, column, value, look["open" if is_open else "locked"])
        if own:
            sheet.data_validation(at, 5, at, 5, {"validate": "list", "source": list(STATES.values())})
    for column, width in enumerate(WIDTHS):
        sheet.set_column(column, column, width)
    sheet.freeze_panes(FIRST, 2)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.protect("", {"format_columns": True, "format_rows": True, "select_locked_cells": True})
    book.close()
    return out.getvalue()


def _looks(book: xlsxwriter.Workbook) -> dict[str, Any]:
    base = {"font_name": "等线", "valign": "vcenter"}
    cell = base | {"border": 1, "border_color": "#C3CEDB", "num_format": "@"}
    return {
        "title": book.add_format(base | {"bold": True, "font_size": 16, "font_color": "#0B3D91"}),
        "line": book.add_format(base | {"num_format": "@"}),
        "head": book.add_format(base | {"bold": True, "font_color": "#FFFFFF", "bg_color": "#0B3D91", "border": 1}),
        "locked": book.add_format(cell | {"bg_color": "#EEF1F5", "font_color": "#4A586A"}),
        "open": book.add_format(cell | {"locked": False}),
    }


def _rows(found: Standing) -> list[list[Any]]:
    rows = []
    for code, metric in found.catalogue.metrics.items():
        given, cell = found.provided.get(code), found.report.cells.get(code) or {}
        stated = ""
        if given is not None:
            who = given.department or str(Source(given.source).label)
            figure = ("是" if given.value else "否") if metric.kind == "flag" else plain(given.value)
            stated = f"{figure}（{who} {given.filed_at:%Y-%m-%d}）"
        last = found.last_year.get(code)
        typed = ["", "", ""]
        if given is None:
            typed = [STATES.get(str(cell.get("state", "")), ""), str(cell.get("text", "")), str(cell.get("reason", ""))]
        before = "" if last is None else ("是" if last else "否") if metric.kind == "flag" else plain(last)
        rows.append([code, metric.name, metric.unit, before, stated, *typed, metric.help_text, given is None])
    return rows


@dataclass(frozen=True, slots=True)
class Difference:
    """One cell the file would change: how it stands and what the file says."""

    change: Change
    before: Typed
    after: Typed


@dataclass(slots=True)
class Preview:
    """``differences`` to look at; ``examined``: the form as it would be; ``passed_over``: rows not taken and why."""

    differences: list[Difference] = field(default_factory=list)
    same: int = 0
    passed_over: list[tuple[str, str]] = field(default_factory=list)
    examined: Examined = field(default_factory=Examined)


def read(file: File, found: Standing) -> Preview:
    """What an uploaded workbook would change in this form; nothing is written.

    Raises Refusal (400): no workbook, or another firm's or year's.
    """
    name = clean_name(file.name)
    try:
        if not sniff.identify(file, LIMITS).startswith(("xlsx", "xls")):  # type: ignore[arg-type]
            raise Unreadable("not_a_workbook", "这不是 Excel 工作簿。", hint="请上传下载的填报表。")
        with tempfile.NamedTemporaryFile(suffix=".xlsx") as copy:
            for block in file.chunks():
                copy.write(block)
            copy.flush()
            with spool.read(copy.name, BOUNDS) as rows:
                lines = [row for sheet in rows.sheets() if sheet.visible for _, row in _aligned(sheet)]
    except Unreadable as bad:
        raise refusal_of(bad, name) from bad
    return _preview(lines, found, name)


def _aligned(sheet: spool.Sheet) -> list[tuple[int, list[Any]]]:
    return [(number, [""] * sheet.first_column + row) for number, row in sheet.rows]


def _preview(lines: list[list[Any]], found: Standing, name: str) -> Preview:
    head = next(
        (at for at, line in enumerate(lines) if {"数据项代码", "填报状态", "本年数"} <= set(map(_said, line))), None
    )
    if head is None:
        raise Refusal(
            "no_header",
            "没有找到“数据项代码、填报状态、本年数”这一行表头。",
            place=f"文件“{name}”",
            hint="请用下载的填报表填写。",
            status=400,
        )
    _refuse_another(lines[:head], found, name)
    columns = {_said(cell): at for at, cell in enumerate(lines[head])}
    preview, cells = Preview(), dict(found.report.cells)
    seen: set[str] = set()
    for line in lines[head + 1 :]:
        code = _at(line, columns["数据项代码"])
        if not code:
            continue
        if code not in found.catalogue.metrics:
            preview.passed_over.append((code[:48], "没有这个数据项"))
        elif code in seen:
            preview.passed_over.append((found.catalogue.metrics[code].name, "重复的行，只取第一行"))
        else:
            seen.add(code)
            _line(code, line, columns, found, cells, preview)
    preview.examined = found.examine_with(cells)
    return preview


def _line(
    code: str, line: list[Any], columns: dict[str, int], found: Standing, cells: dict[str, Any], preview: Preview
) -> None:
    name = found.catalogue.metrics[code].name
    stands = found.report.cells.get(code) or {}
    text, reason = _at(line, columns["本年数"]), _at(line, columns.get("说明", -1))
    state = _of(_at(line, columns["填报状态"]), text)
    if code in found.provided:
        if text or state:
            preview.passed_over.append((name, "部门已提供，不取文件中的数；认为有误的请提异议"))
        return
    if state is None:
        preview.passed_over.append((name, "填报状态应为“有数”“确认为零”或“未提供”"))
        return
    if len(text) > LONGEST_TEXT or len(reason) > LONGEST_REASON:
        preview.passed_over.append((name, "内容过长"))
        return
    before, after = Typed.of(stands), Typed(state, text, reason)
    if before == after:
        preview.same += 1
    elif after == Typed():
        preview.same += 1  # left empty in the file: not a wish to erase what was typed on the page
    else:
        preview.differences.append(
            Difference(Change(code, state, text, reason, int(stands.get("edition", 0))), before, after)
        )
        cells[code] = {"state": state, "text": text, "reason": reason}


def _of(said: str, text: str) -> str | None:
    """The state a cell names; a figure without one is a figure; None for anything else."""
    if not said:
        return VALUE if text else ""
    return _OF_NAMES.get(reading.key(said))


def _refuse_another(lines: list[list[Any]], found: Standing, name: str) -> None:
    told = [_said(cell) for line in lines for cell in line]
    year = next((told[at + 1] for at, cell in enumerate(told[:-1]) if cell == "年度"), "")
    if found.firm.credit_code not in told:
        raise Refusal(
            "another_firm",
            "文件里的统一社会信用代码不是本企业的。",
            place=f"文件“{name}”",
            hint="请用本企业下载的填报表。",
            status=400,
        )
    if year != str(found.year):
        raise Refusal(
            "another_year", f"文件是{year or '未写明的'}年度的，本表是{found.year}年度。", place=f"文件“{name}”",
            hint="请用本年度下载的填报表。", status=400,
        )  # fmt: skip


def _said(cell: Any) -> str:
    try:
        return reading.text(cell)
    except BadCell:
        return ""


def _at(line: list[Any], column: int) -> str:
    """A cell as typed text; a fault of the spreadsheet is kept as such, to be refused as a figure."""
    if not 0 <= column < len(line):
        return ""
    try:
        return reading.text(line[column])
    except BadCell:
        return str(reading.shown(line[column]))
