"""One exporter for every table that leaves the system: xlsx and csv, typed cells, nothing that can run.

A number is a number, a date a date, and a text always a text: in xlsx no cell is ever a formula; in csv, which has no
types, a text that a spreadsheet would run is disarmed and a code it would round to fifteen digits is protected.
Both stream: memory does not grow with the rows.
"""

import csv
import datetime as dt
import os
import re
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal

from django.http import FileResponse
from rustpy_xlsxwriter import Format, write_worksheet

from firms import catalogue
from firms.models import Department, Filing, Firm, ImportBatch, Metric, RegisterEntry, Source
from firms.services import imports
from firms.services.refusal import Refusal

FORMATS = ("xlsx", "csv")
XLSX_ROWS = 1_048_576  # what a worksheet can hold, headings included

Cell = str | int | float | Decimal | dt.date | None

FONT = "等线"  # the face Chinese Excel starts with; everything else falls back by itself
_DATE = "yyyy-mm-dd"
# What spreadsheets take for the start of a formula, behind anything they trim or do not show; full-width forms too,
# which East Asian locales accept.
_RUNS = re.compile(r"\t|[\s\ufeff\u200b-\u200f\u2060]*[=+\-@＝＋－＠]")
# A text a spreadsheet would read as a number and round or print as 9.14E+17: long digits, or digits around one E.
_LOOKS_NUMERIC = re.compile(r"\d{12,}|\d+E\d+", re.ASCII)
# Control characters and half characters are in no name or number; XML cannot carry most of them at all.
_UNPRINTABLE: dict[int, str | None] = dict.fromkeys(
    [*(c for c in range(0x20) if chr(c) not in "\t\n"), 0x7F, 0xFFFE, 0xFFFF]
)
_UNPRINTABLE |= dict.fromkeys(range(0xD800, 0xE000), "\ufffd")


@dataclass(frozen=True)
class Column:
    """One column: heading, what its cells are, unit (printed in the heading), decimals for numbers."""

    title: str
    kind: Literal["text", "integer", "number", "date"] = "text"
    unit: str = ""
    decimals: int = 2
    width: float = 0

    @property
    def heading(self) -> str:
        return f"{self.title}（{self.unit}）" if self.unit else self.title

    @property
    def columns_wide(self) -> float:
        usual = {"text": 16, "integer": 10, "number": 12, "date": 12}[self.kind]
        return self.width or max(usual, _width(self.heading) + 3)

    @property
    def number_format(self) -> str:
        if self.kind == "number":
            return "#,##0" + ("." + "0" * self.decimals if self.decimals else "")
        return {"text": "@", "integer": "0", "date": _DATE}[self.kind]


@dataclass(frozen=True)
class Table:
    """What is exported: a title, lines under it (period, conditions, units), columns, and rows read once.

    Rows are sequences as long as ``columns``; None is an empty cell. A number column may hold a text (such as
    未提供): it stays a text.
    """

    title: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Cell]]
    lines: Sequence[str] = field(default_factory=tuple)
    sheet: str = "数据"


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def clean(text: str) -> str:
    """The text without characters that no reader shows: NUL and other controls, halves of surrogate pairs."""
    return text.replace("\r\n", "\n").translate(_UNPRINTABLE)


def disarm(text: str) -> str:
    """A csv text no spreadsheet runs or rounds: a leading ' before = + - @, a trailing TAB after a long number."""
    text = clean(text)
    if _RUNS.match(text):
        return f"'{text}"
    return f"{text}\t" if _LOOKS_NUMERIC.fullmatch(text) else text


def _xlsx_cell(value: Cell) -> Any:
    if isinstance(value, str):
        return clean(value)
    return float(value) if isinstance(value, Decimal) else value


def _csv_cell(value: Cell, column: Column) -> Cell:
    if value is None:
        return ""
    if isinstance(value, str):
        return disarm(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    if column.kind == "number":
        return Decimal(str(value)).quantize(Decimal(1).scaleb(-column.decimals), ROUND_HALF_UP)
    return value


def _look(number_format: str = "") -> Format:
    look = Format().set_font_name(FONT)
    return look.set_num_format(number_format) if number_format else look


TITLE = _look().set_bold().set_font_size(16).set_font_color("#0B3D91")
LINE = _look().set_font_color("#595959").set_align("left")
HEADER = (
    _look()
    .set_bold()
    .set_font_color("#FFFFFF")
    .set_background_color("#0B3D91")
    .set_border("thin")
    .set_border_color("#FFFFFF")
    .set_align("center")
    .set_text_wrap()
)
PAPER = {"landscape": True, "paper_size": 9, "fit_to_pages": (1, 0), "footer": "&C第 &P 页，共 &N 页"}


def write_xlsx(table: Table, path: str | os.PathLike[str]) -> int:
    """Write the workbook at ``path``; return how many rows it holds. Refuses more than a worksheet can."""
    headings = [column.heading for column in table.columns]
    if len(set(headings)) != len(headings) or len(headings) < 2:
        raise ValueError(f"a table has two columns or more, each with its own heading: {headings}")
    above = [clean(text) for text in (table.title, *table.lines)]
    room = XLSX_ROWS - len(above) - 1
    count = 0

    def records() -> Iterator[dict[str, Any]]:
        nonlocal count
        for row in table.rows:
            if count == room:
                raise Refusal(
                    "export-too-long", "行数超过一张工作表的上限（1048576行）。", hint="请先筛选，或改为导出CSV。"
                )
            count += 1
            yield dict(zip(headings, map(_xlsx_cell, row), strict=True))
        if not count:  # the writer takes its headings from the first record: one blank row, and they are there
            yield dict.fromkeys(headings)

    write_worksheet(
        records(),
        os.fspath(path),
        sheet_name=table.sheet,
        header_row=len(above),
        merge_ranges=[(at, 0, at, len(headings) - 1, text, LINE if at else TITLE) for at, text in enumerate(above)],
        row_heights={0: 26.0, len(above): 32.0},
        column_widths=[float(column.columns_wide) for column in table.columns],
        column_formats=[_look(column.number_format) for column in table.columns],
        header_format=HEADER,
        freeze_row=len(above) + 1,
        autofilter=True,
        datetime_format=_DATE,
        ignore_errors=[column.heading for column in table.columns if column.kind == "text"],
        page_setup={**PAPER, "repeat_rows": len(above)},
    )
    return count


def write_csv(table: Table, path: str | os.PathLike[str]) -> int:
    """Write csv at ``path`` (UTF-8 with the mark Excel needs, every text quoted); return how many rows it holds."""
    count = 0
    with Path(path).open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
        writer.writerows([disarm(text)] for text in (table.title, *table.lines))
        writer.writerow([disarm(column.heading) for column in table.columns])
        for row in table.rows:
            writer.writerow([_csv_cell(*pair) for pair in zip(row, table.columns, strict=True)])
            count += 1
    return count


CONTENT_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}


def download(table: Table, file_name: str, file_format: str) -> tuple[FileResponse, int]:
    """The table as an attachment named ``file_name`` + ``.xlsx``/``.csv`` (RFC 5987), and its number of rows.

    Written whole to an unnamed temporary file before the first byte is sent: a reader never gets half a file with
    a 200, and memory stays flat.
    """
    write = {"xlsx": write_xlsx, "csv": write_csv}[file_format]
    with tempfile.TemporaryDirectory(prefix="export-") as folder:
        path = Path(folder) / f"table.{file_format}"
        count = write(table, path)
        file = path.open("rb")  # stays readable after the folder is gone
    response = FileResponse(
        file, as_attachment=True, filename=f"{file_name}.{file_format}", content_type=CONTENT_TYPES[file_format]
    )
    response["Cache-Control"] = "private, no-store"
    return response, count


def template(department: Department | None, year: int) -> Table:
    """The workbook a department fills in: every firm, its own data items, what it last stated for ``year``.

    ``None`` gives every data item (the office). Prefilled with the department's own words, not with what other
    sources won by: sending the file back unchanged must change nothing. An empty cell means 未提供, 0 means zero.
    """
    metrics = list(Metric.objects.filter(**{"owner": department} if department else {}))
    kinds: dict[str, Literal["text", "integer", "number"]] = {"amount": "number", "count": "integer", "flag": "text"}
    return Table(
        title=f"{department.name if department else '各部门'}{year}年度数据报送表",
        lines=["空白表示未提供，填0表示确认为零；请勿改动统一社会信用代码和表头。"],
        columns=[
            Column("统一社会信用代码", width=22),
            Column("企业名称", width=36),
            *(Column(m.name, kinds[m.kind], m.unit, m.decimals) for m in metrics),
        ],
        rows=_template_rows(department, year, metrics),
        sheet=f"{year}年度",
    )


def _template_rows(department: Department | None, year: int, metrics: list[Metric]) -> Iterator[list[Cell]]:
    """Two ordered streams merged, firms and what was stated about them: memory does not grow with the zone."""
    # What a connector fetched in the department's name is public data, not what the department stated.
    mine = {"department": department, "source": Source.GOVERNMENT} if department else {}
    filings = Filing.objects.in_force().filter(year=year, **mine).order_by("firm__credit_code", "id")
    stated = groupby(filings.values_list("firm__credit_code", "values").iterator(chunk_size=2000), key=itemgetter(0))
    waiting = next(stated, None)
    for code, name in Firm.objects.order_by("credit_code").values_list("credit_code", "name").iterator():
        values: dict[str, float] = {}
        if waiting is not None and waiting[0] == code:
            for _, later in waiting[1]:
                values |= later
            waiting = next(stated, None)
        yield [code, name, *(_template_cell(values.get(metric.code), metric) for metric in metrics)]


def _template_cell(value: float | None, metric: Metric) -> Cell:
    if value is None or metric.kind != Metric.Kind.FLAG:
        return value
    return "是" if value else "否"


def firms_template() -> Table:
    """企业名录 as it stands: corrected and sent back it changes what was corrected and nothing else."""
    firms = Firm.objects.order_by("credit_code").values_list(
        "credit_code", "name", "registered_on", "park__name", "industry__code"
    )
    return Table(
        title="企业名录",
        lines=["新增企业请加行；请勿改动已有企业的统一社会信用代码和表头。"],
        columns=[
            Column("统一社会信用代码", width=22),
            Column("企业名称", width=36),
            Column("注册成立日期", "date"),
            Column("园区"),
            Column("行业代码"),
        ],
        rows=firms.iterator(chunk_size=2000),
        sheet="企业名录",
    )


def register_template(department: Department | None, kind: str) -> Table:
    """A register's entries in force as its keeper entered them (None: everybody's, for the office), to correct and add to.

    Firm, category, level, name and first day say which entry a row is; sent back unchanged, it changes nothing.
    """
    current = catalogue.load()
    spec = current.registers[kind]
    kept = {column.code for column in current.register_columns}
    wanted = [column for column in spec.heads(current.register_columns) if column.code in kept]
    kinds: dict[str, Literal["text", "integer", "number", "date"]] = {
        "starts_on": "date", "ends_on": "date", "amount": "number", "quantity": "integer",
    }  # fmt: skip
    words = {
        "category": {term.code: term.name for term in spec.categories},
        "level": {term.code: term.name for term in current.levels},
    }
    entries = RegisterEntry.objects.in_force().filter(kind=kind, **({"department": department} if department else {}))
    found = entries.order_by("firm__credit_code", "starts_on", "id").values_list(
        "firm__credit_code", "firm__name", *(column.code for column in wanted)
    )
    return Table(
        title=f"{department.name if department else '各部门'}{spec.name}台账",
        lines=[
            "新增请加行；类别和专利号相同的行视为同一件。"
            if spec.numbered
            else "新增请加行；代码、类别、级别、名称和起始日期相同的行视为同一条目。"
        ],
        columns=[
            Column("统一社会信用代码", width=22),
            Column("企业名称", width=36),
            *(
                Column(
                    column.name,
                    kinds.get(column.code, "text"),
                    "万元" if column.code == "amount" else "",
                    4,
                    36 if column.code == "title" else 0,
                )
                for column in wanted
            ),
        ],
        rows=(
            (
                code,
                name,
                *(words.get(column.code, {}).get(value, value) for column, value in zip(wanted, row, strict=True)),
            )
            for code, name, *row in found.iterator(chunk_size=2000)
        ),
        sheet="台账",
    )


def missing(metric: Metric, year: int, firms: Iterable[Sequence[Cell]]) -> Table:
    """Firms without this metric, its column left empty: filled in and sent back it is an import. ``firms``: code and name."""
    return Table(
        title=f"{year}年度缺报企业（{metric.name}）",
        lines=["填写后可直接上传；空白表示未提供，填0表示确认为零。"],
        columns=[
            Column("统一社会信用代码", width=22),
            Column("企业名称", width=36),
            Column(metric.name, "number", metric.unit, metric.decimals),
        ],
        rows=([code, name, None] for code, name in firms),
        sheet=f"{year}年度",
    )


def refused(batch: ImportBatch) -> Table:
    """The rows of a batch that were refused or not matched, as they were sent, each with where it stood and why.

    Sent back mended, the file reads again: the three added columns are known to say nothing.
    """
    sheets = list(imports.refused_rows(batch))
    texts = max((texts for texts, _ in sheets), key=len, default=[])
    headings: list[str] = []
    for at, text in enumerate(texts, 1):
        heading = clean(text).strip() or f"第{at}列"
        headings.append(f"{heading}（第{at}列）" if heading in headings else heading)
    return Table(
        title=f"{batch.file_name} 拒收行",
        lines=[f"第{batch.pk}批；请按“原因”更正后重新上传本文件。"],
        columns=[
            *(Column(heading) for heading in headings),
            Column("原因", width=60),
            Column("原工作表"),
            Column("原行号", "integer"),
        ],
        rows=(
            [*(cells[i] if i < len(cells) else None for i in range(len(texts))), reasons, sheet, number]
            for _, rows in sheets
            for sheet, number, cells, reasons in rows
        ),
        sheet="拒收行",
    )
