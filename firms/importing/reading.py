"""A whole file read as one table: which of its sheets hold it, and what became of every one of its lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Any

from firms.catalogue import CheckSpec
from firms.importing import header
from firms.importing.fields import Table
from firms.importing.header import Header
from firms.importing.problem import Reason, Unreadable
from firms.importing.rows import Context, ReadRow, RowParser
from firms.importing.spool import Sheet, Spool

BLOCK = 1000  # rows whose cells are taken together, column by column
NAMED = 12  # places named in one notice before it says how many more


@dataclass(slots=True)
class Account:
    """What became of every line of the file: ``lines`` = ``heading`` + ``elsewhere`` + ``rows``; ``blank`` is part of rows."""

    lines: int = 0
    heading: int = 0
    elsewhere: int = 0
    rows: int = 0
    blank: int = 0
    headers: dict[str, Header] = field(default_factory=dict)
    sketches: dict[str, Header] = field(default_factory=dict)  # sheets not read, whose columns a person may yet explain
    problems: list[Reason] = field(default_factory=list)


class Reading:
    """One file read as one table. Iterate once; ``account`` is complete when the rows are used up.

    ``year`` is the data year the file is taken for (None where the table has none); ``file_name`` may name a category.
    Raises Unreadable when no sheet holds such a table.
    """

    def __init__(
        self,
        spool: Spool,
        table: Table,
        *,
        year: int | None = None,
        file_name: str = "",
        checks: Iterable[CheckSpec] = (),
    ) -> None:
        self.table = table
        self.year = year
        self.context = Context(table, year, file_name, tuple(checks))
        self.account = Account()
        self._spool = spool
        self._blank: list[int] = []

    def __iter__(self) -> Iterator[ReadRow]:
        other_years: set[int] = set()
        for sheet in self._spool.sheets():
            first = list(islice(sheet.rows, header.DEPTH))
            found = self._header(sheet, first) if sheet.visible else None
            years = header.years_in(sheet.name) or (found.years if found else frozenset())
            if found is None or not self._useful(found):
                self._sketch(sheet, first)
                self._leave_sheet(sheet, first, "隐藏" if not sheet.visible else "没有可识别的表头")
            elif self.year and years and self.year not in years:
                other_years |= years
                self._leave_sheet(sheet, first, f"属于{'、'.join(map(str, sorted(years)))}年")
            else:
                yield from self._sheet(sheet, found, first)
        self.account.lines = self._spool.lines  # as the child counted them, not as they were met here
        if not self.account.headers:
            raise self._no_table(other_years)
        if self._blank:
            self._note(
                Reason("blank_rows", f"空行{self.account.blank}行不计入：{_ranges(self._blank)}", level="notice")
            )

    def _header(self, sheet: Sheet, first: list[tuple[int, list[Any]]]) -> Header | None:
        try:
            return header.find(first, self.table, sheet.first_column, self.year)
        except Unreadable:
            self._sketch(sheet, first)
            raise

    def _sketch(self, sheet: Sheet, first: list[tuple[int, list[Any]]]) -> None:
        found = header.sketch(first, self.table, sheet.first_column) if sheet.visible else None
        if found is not None:
            self.account.sketches[sheet.name] = found

    def _useful(self, found: Header) -> bool:
        data = [column for column in found.columns if column.field.kind not in ("code", "name", "year")]
        return bool(data) or (self.table.kind == "firms" and found.has("credit_code") and found.has("name"))

    def _no_table(self, other_years: set[int]) -> Unreadable:
        if other_years:
            named = "、".join(map(str, sorted(other_years)))
            return Unreadable(
                "year_mismatch",
                f"表中写的是{named}年，所选年度是{self.year}年。",
                hint="请核对年度，或换成该年度的文件。",
            )
        wanted = "、".join(item.name for item in self.table.fields.values() if item.kind not in ("ignored", "year"))
        if len(wanted) > 120:
            wanted = wanted[:120] + "……"
        return Unreadable(
            "no_header",
            "没有找到表头：需要“统一社会信用代码”或“企业名称”，以及至少一个数据列。",
            place=f"前{header.DEPTH}行",
            hint=f"可识别的列：{wanted}。可下载模板对照。",
        )

    def _leave_sheet(self, sheet: Sheet, first: list, why: str) -> None:
        count = len(first) + sum(1 for _ in sheet.rows)
        self.account.elsewhere += count
        if count:
            self._note(Reason("sheet_left_out", f"工作表“{sheet.name}”{why}，共{count}行不计入。", level="notice"))

    def _note(self, reason: Reason) -> None:
        self.account.problems.append(reason)

    def _sheet(self, sheet: Sheet, found: Header, first: list[tuple[int, list[Any]]]) -> Iterator[ReadRow]:
        self.account.headers[sheet.name] = found
        self.account.heading += found.row
        self.account.problems += found.problems
        if found.ignored:
            self._note(
                Reason(
                    "unknown_columns",
                    f"未识别的列不读取：{_listed(found.ignored)}",
                    "需要导入的请改成目录中的名称。",
                    level="warning",
                )
            )
        parser = RowParser(replace(self.context, is_text=not sheet.name), sheet.name, found)
        rows = chain((pair for pair in first if pair[0] > found.row), sheet.rows)
        while block := list(islice(rows, BLOCK)):
            self.account.rows += len(block)
            reads = parser.read(block)
            blank = [number for (number, _), read in zip(block, reads, strict=True) if read is None]
            self.account.blank += len(blank)
            self._blank += blank
            yield from (read for read in reads if read is not None)
        self.account.problems += parser.compare_total()


def _ranges(numbers: list[int]) -> str:
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return _listed([f"第{low}行" if low == high else f"第{low}–{high}行" for low, high in runs])


def _listed(items: list[str]) -> str:
    more = f"等{len(items)}处" if len(items) > NAMED else ""
    return "、".join(items[:NAMED]) + more
