"""One row under a header: read to values, refused with its reasons, or left out with its reason."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import Any

from firms.catalogue import CheckSpec, Term
from firms.importing import cells, patents
from firms.importing.columns import taken
from firms.importing.fields import Table
from firms.importing.figures import plain
from firms.importing.header import Column, Header
from firms.importing.problem import BadCell, Reason, Unreadable

_TOTAL = re.compile(r"^.{0,8}(合计|总计|小计|共计|总和|平均值?|平均数)[:：]?$")
_NOTE = re.compile(
    r"^(备注|注|说明|附注|填表人?|制表人?|审核人?|复核人?|单位负责人|统计负责人|填报人|填报日期|填报单位|联系人|联系电话|数据来源|填表说明)\s*\d*[:：、.]"
)
_STEMS = "甲乙丙丁戊己庚辛壬癸"


@dataclass(slots=True)
class ReadRow:
    """``verdict`` is "" (to be planned), refused or left_out. ``cells`` are kept where a person will have to look at them."""

    sheet: str
    number: int
    code: str = ""
    name: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    reasons: list[Reason] = field(default_factory=list)
    verdict: str = ""
    cells: list[Any] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Context:
    """What a row's meaning depends on beside its header. ``year`` is the data year; ``is_text`` for CSV, where an unquoted
    comma moves every cell after it."""

    table: Table
    year: int | None = None
    file_name: str = ""
    checks: tuple[CheckSpec, ...] = ()
    is_text: bool = False


class RowParser:
    """Reads the rows of one sheet under one header."""

    def __init__(self, context: Context, sheet: str, found: Header) -> None:
        self.context = context
        self.sheet = sheet
        self.header = found
        self.table = context.table
        self.kind = context.table.kind.partition(":")[0]
        self.width = len(found.texts)
        self.first_text = "".join(next(filter(None, found.texts), "").split())
        by_code = {column.field.code: column for column in found.columns}
        self.code = by_code.pop("credit_code", None)
        self.name = by_code.pop("name", None)
        self.year = by_code.pop("_year", None)
        self.columns = by_code
        self.reach = 1 + max(column.index for column in found.columns)
        self.category = self._context_category(by_code)
        self.sums = dict.fromkeys((code for code, column in by_code.items() if column.field.kind == "amount"), 0.0)
        self.totals: list[tuple[int, dict[str, float]]] = []
        spared = {"category"} if self.category else set()
        if self.table.register is not None and self.table.register.numbered:
            spared |= patents.supplied(by_code)
        missing = [
            item.name for item in self.table.fields.values()
            if item.required and item.code not in by_code and item.code not in spared
        ]  # fmt: skip
        if missing:
            raise Unreadable(
                "missing_column", f"缺少必填列：{'、'.join(missing)}。", place=f"工作表“{sheet}”第{found.row}行表头",
                hint="请补上这些列后重新上传，可下载模板对照。",
            )  # fmt: skip

    def _context_category(self, by_code: dict[str, Column]) -> str:
        """The category of a register without that column: the one its title, sheet or file name speaks of."""
        spec = self.table.register
        if spec is None or not spec.categories or "category" in by_code:
            return ""
        for context in (self.header.title, self.sheet, self.context.file_name):
            if len(found := _mentioned(context, spec.categories)) == 1:
                return found.pop()
        return spec.default_category

    def read(self, numbered: Sequence[tuple[int, list[Any]]]) -> list[ReadRow | None]:
        """The rows read, column by column; None for each blank one."""
        reads = [self._opened(number, row) for number, row in numbered]
        self._values([read for read in reads if read is not None and not read.verdict])
        return reads

    def _opened(self, number: int, row: list[Any]) -> ReadRow | None:
        """A row before its values: left out already if it is none of the data, None if it is blank."""
        first = next((cell for cell in row if cell != "" and (type(cell) is not str or cell.strip())), None)
        if first is None:
            return None
        # A row may still turn out to be nobody's: only then, and when refused, are its cells written down.
        read = ReadRow(self.sheet, number, cells=row)
        if isinstance(first, str) and (why := self._why_left_out(number, row, first)):
            read.verdict, read.reasons = "left_out", [why]
        return read

    def _why_left_out(self, number: int, row: list[Any], first: str) -> Reason | None:
        if not self._has_code(row):
            name = row[self.name.index] if self.name and self.name.index < len(row) else ""
            named = "".join(name.split()) if isinstance(name, str) else ""
            if total := _TOTAL.match("".join(first.split())) or _TOTAL.match(named):
                self._keep_total(number, row)
                return Reason("total_row", f"“{total[0][:20]}”行不计入", level="notice")
            if _NOTE.match(first.strip()):
                return Reason("note_row", "备注行不计入", level="notice")
        if "".join(first.split()) == self.first_text and self._repeats_header(row):
            return Reason("repeated_header", "重复的表头不计入", level="notice")
        if number == self.header.row + 1 and self._is_numbering(row):
            return Reason("numbering_row", "栏次行不计入", level="notice")
        return None

    def _has_code(self, row: list[Any]) -> bool:
        cell = row[self.code.index] if self.code and self.code.index < len(row) else ""
        return isinstance(cell, str) and len(cell.strip()) > 10 and not _NOTE.match(cell.strip())

    def _keep_total(self, number: int, row: list[Any]) -> None:
        found = {}
        for code in self.sums:
            column = self.columns[code]
            if column.index < len(row):
                try:
                    found[code] = replace(column.field, minimum=None, maximum=None).parser(column.factor)(
                        row[column.index]
                    )
                except BadCell:
                    continue
        self.totals.append((number, {code: value for code, value in found.items() if value is not None}))

    def _repeats_header(self, row: list[Any]) -> bool:
        return [" ".join(str(cell).split()) for cell in row[: self.width]] == list(self.header.texts[: len(row)])

    def _is_numbering(self, row: list[Any]) -> bool:
        """The line 甲 乙 丙 1 2 3 that forms put under their header."""
        marks = [
            str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip(" ()（）")
            for cell in row
        ]
        marks = [mark for mark in marks if mark]
        letters = [mark for mark in marks if mark in _STEMS]
        numbers = [int(mark) for mark in marks if mark.isascii() and mark.isdigit() and len(mark) < 3]
        return (
            len(marks) > 1
            and len(letters) + len(numbers) == len(marks)
            and letters == list(_STEMS[: len(letters)])
            and numbers in (list(range(1, len(numbers) + 1)), list(range(len(letters) + 1, len(marks) + 1)))
        )

    def _values(self, reads: list[ReadRow]) -> None:
        """Values, code and name of these rows, and what becomes of each."""
        if not reads:
            return
        rows = [
            read.cells if len(read.cells) >= self.reach else read.cells + [""] * (self.reach - len(read.cells))
            for read in reads
        ]
        cells_of = list(zip(*rows, strict=False))  # by column
        found = {code: self._taken(reads, column, cells_of[column.index]) for code, column in self.columns.items()}
        for code in self.sums:
            self.sums[code] += sum(filter(None, found[code]))
        # In the order in which PostgreSQL keeps the keys of a document: it need not sort them.
        found = {code: found[code] for code in sorted(found, key=lambda code: (len(code), code))}
        holes = any(None in values for values in found.values())
        for read, values in zip(reads, zip(*found.values(), strict=True) if found else repeat(()), strict=False):
            pairs = zip(found, values, strict=True)
            read.values = {code: value for code, value in pairs if value is not None} if holes else dict(pairs)
        if self.code is not None:
            for read, code in zip(reads, self._taken(reads, self.code, cells_of[self.code.index]), strict=True):
                read.code = code or ""
        if self.name is not None:
            for read, name in zip(reads, self._taken(reads, self.name, cells_of[self.name.index]), strict=True):
                read.name = name or ""
        contradicted = self._contradicted(found)
        for at, read in enumerate(reads):
            if self._of_this_year(read):
                self._settle(read, at in contradicted)

    def _taken(self, reads: list[ReadRow], column: Column, given: Sequence[Any]) -> list[Any]:
        """The column's value in each row; what is wrong with it goes to the row's reasons."""
        values, bad = taken(column, given)
        for at, error in bad.items():
            reads[at].reasons.append(Reason(error.code, error.message, error.hint, column.place))
        return values

    def _contradicted(self, found: dict[str, list[Any]]) -> set[int]:
        """The rows in which a part is larger than its whole."""
        return {
            at
            for check in self.context.checks if check.part in found and check.whole in found
            for at, (part, whole) in enumerate(zip(found[check.part], found[check.whole], strict=True))
            if part is not None and whole is not None and part > whole
        }  # fmt: skip

    def _of_this_year(self, read: ReadRow) -> bool:
        """False for a row that says it is of another year, left out with that reason; notes cells beyond the header."""
        if self.year is not None and self._other_year(read, read.cells, self.year):
            return False
        if self.context.is_text and any(str(cell).strip() for cell in read.cells[self.width :]):
            read.reasons.append(
                Reason(
                    "extra_cells",
                    f"本行有{len(read.cells)}列，表头只有{self.width}列",
                    "数字中的千分位逗号要么去掉，要么给单元格加引号。",
                )
            )
        return True

    def _other_year(self, read: ReadRow, row: list[Any], column: Column) -> bool:
        try:
            year = column.parse(row[column.index]) if column.index < len(row) else None
        except BadCell as bad:
            read.reasons.append(Reason(bad.code, bad.message, bad.hint, column.place))
            return False
        if year is None or year == self.context.year:
            return False
        read.verdict, read.values = "left_out", {}
        read.reasons = [
            Reason("other_year", f"属于{year}年，不是所选的{self.context.year}年", column=column.place, level="notice")
        ]
        return True

    def _settle(self, read: ReadRow, contradicted: bool) -> None:
        """Refused if anything is wrong with it, left out if it says nothing, otherwise to be planned."""
        if not read.reasons and not read.values and self.kind != "firms":
            read.verdict = "left_out"
            read.reasons = [Reason("no_values", "本行没有数据", level="notice")]
            return
        if self.kind == "registers":
            self._settle_register(read)
        elif self.kind == "firms":
            for column, given in (("统一社会信用代码", read.code), ("企业名称", read.name)):
                if not given and not read.reasons:
                    read.reasons.append(Reason("required", f"没有填写{column}", "企业名录两项都要填写。", column))
        elif contradicted:
            read.reasons += row_checks(read.values, self.context.checks, self.table)
        wrong = any(reason.level == "error" for reason in read.reasons)
        if not (read.code or read.name or read.verdict or wrong):  # a warning says nothing of whose row it is
            read.reasons.append(
                Reason("no_identity", "有数据，但没有统一社会信用代码和企业名称", "请补上其中一项后重新上传。")
            )
        if any(reason.level == "error" for reason in read.reasons):
            read.verdict = "refused"

    def _settle_register(self, read: ReadRow) -> None:
        spec = self.table.register
        assert spec is not None
        if self.category:
            read.values.setdefault("category", self.category)
        if spec.numbered:
            stated, found = patents.read(read.values)
            if stated is None:
                read.verdict, read.values, read.reasons = "left_out", {}, found
                return
            said = {reason.column for reason in read.reasons}
            placed = [replace(reason, column=self._place(reason.column)) for reason in found]
            read.values, read.reasons = stated, read.reasons + [one for one in placed if one.column not in said]
        values = read.values
        if spec.default_title and not values.get("title"):
            values["title"] = next(
                (item.name for item in spec.categories if item.code == values.get("category")), spec.name
            )
        said = {reason.column for reason in read.reasons}
        for item in self.table.fields.values():
            place = self._place(item.code)
            if item.required and item.code not in values and place not in said:
                read.reasons.append(Reason("required", f"没有填写{item.name}", "该项必填。", place))
        if values.get("category") in spec.needs_end and "ends_on" not in values:
            read.reasons.append(
                Reason("required", "没有填写有效期（终止日期）", "该类资质有有效期，请补上。", "终止日期")
            )
        if values.get("ends_on", "9999") < values.get("starts_on", ""):
            read.reasons.append(
                Reason(
                    "dates_reversed",
                    f"终止日期 {values['ends_on']} 早于起始日期 {values['starts_on']}",
                    "请核对两个日期。",
                    "终止日期",
                )
            )

    def _place(self, code: str) -> str:
        return self.columns[code].place if code in self.columns else self.table.fields[code].name

    def compare_total(self) -> list[Reason]:
        """A warning where the file's own single total is not the sum of its rows."""
        if len(self.totals) != 1:
            return []
        number, totals = self.totals[0]
        names = {code: column.header for code, column in self.columns.items()}
        return [
            Reason(
                "total_differs",
                f"第{number}行合计“{names[code]}”为 {stated:,.2f}，各行之和为 {self.sums[code]:,.2f}",
                "请核对是否缺行或有错数。",
                level="warning",
            )
            for code, stated in totals.items()
            if abs(stated - self.sums[code]) > max(0.01, 1e-6 * abs(stated))
        ]


def row_checks(values: dict[str, Any], checks: Iterable[CheckSpec], table: Table) -> list[Reason]:
    """Part ≤ whole for the figures one row states."""
    found = []
    for check in checks:
        part, whole = values.get(check.part), values.get(check.whole)
        if part is not None and whole is not None and part > whole:
            names = table.fields[check.part].name, table.fields[check.whole].name
            found.append(
                Reason(
                    check.code,
                    f"{names[0]} {plain(part)} 大于{names[1]} {plain(whole)}",
                    "部分不能大于整体，请核对。",
                    names[0],
                    check.severity,
                )
            )
    return found


def _mentioned(text: str, terms: Iterable[Term]) -> set[str]:
    key = cells.key(text)
    hits = {(name, term.code) for term in terms for name in map(cells.key, (term.name, *term.aliases)) if name in key}
    # 重大科技项目 speaks of 重大, not also of the shorter names inside it.
    return {code for name, code in hits if not any(name != other and name in other for other, _ in hits)}
