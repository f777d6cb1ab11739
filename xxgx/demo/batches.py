"""The files the demo zone came in: one a department and year, one a register and keeper, one for the firms."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from firms import catalogue
from xxgx.demo.ledger import EntryRow
from xxgx.demo.places import INDUSTRIES, PARKS
from xxgx.demo.statements import Statement
from xxgx.demo.workbooks import plain_csv, workbook
from xxgx.demo.zone import Zone

# Who keeps which qualification; the other registers have one keeper, the first the catalogue names.
_KEEPERS = {"above_scale": "statistics", "srdi": "statistics", "champion": "statistics", "listed": "finance"}
_REGISTER_COLUMNS = ("category", "level", "title", "starts_on", "ends_on", "amount", "quantity", "document_number")
CODE, NAME = "统一社会信用代码", "企业名称"


class BatchFile(NamedTuple):
    """One file and its rows: row ``i`` of ``items`` stands in line ``first_row + i``."""

    kind: str  # firms | metrics | registers
    department: str
    year: int | None
    register_kind: str
    file_name: str
    content: bytes
    first_row: int
    items: tuple[Any, ...]


def keeper(entry: EntryRow) -> str:
    """The department that keeps this entry."""
    return _KEEPERS.get(entry.category) or catalogue.load().registers[entry.kind].owners[0]


def batch_files(zone: Zone) -> Iterator[BatchFile]:
    """Every file, firms first, in an order in which they could have been imported."""
    yield _firms(zone)
    for year in zone.years:
        for department in catalogue.load().departments:
            told = tuple(s for s in zone.statements if s.department == department and s.year == year)
            if told:
                yield _metrics(zone, department, year, told)
    kept: dict[tuple[str, str], list[EntryRow]] = {}
    for entry in zone.entries:
        kept.setdefault((entry.kind, keeper(entry)), []).append(entry)
    for (kind, department), entries in kept.items():
        yield _register(zone, kind, department, tuple(entries))


def _firms(zone: Zone) -> BatchFile:
    parks = {row.code: row.name for row in PARKS}
    industries = {row.code: row.name for row in INDUSTRIES}
    cells = tuple(
        (f.credit_code, f.name, f.registered_on.isoformat(), parks[f.park], f.industry, industries[f.industry])
        for f in zone.firms
    )
    header = (CODE, NAME, "注册成立日期", "园区", "行业代码", "行业名称")
    content = plain_csv([header, *cells])
    return BatchFile("firms", "", None, "", "演示-企业名录.csv", content, 2, zone.firms)


def heading(code: str) -> str:
    """A metric's column heading with its unit: 营业收入（万元）."""
    metric = catalogue.load().metrics[code]
    return f"{metric.name}（{metric.unit}）" if metric.unit else metric.name


def _metrics(zone: Zone, department: str, year: int, told: tuple[Statement, ...]) -> BatchFile:
    files = catalogue.load()
    codes = [code for code, metric in files.metrics.items() if metric.owner == department]
    cells = tuple(
        (zone.firms[s.firm].credit_code, zone.firms[s.firm].name, *(_cell(code, s.values.get(code)) for code in codes))
        for s in told
    )
    title = f"新乡高新区企业创新积分数据（{files.departments[department].name}）{year}年度"
    content = workbook(title, "演示数据", (CODE, NAME, *(heading(code) for code in codes)), cells)
    name = f"演示-{files.departments[department].short_name}-{year}.xlsx"
    return BatchFile("metrics", department, year, "", name, content, 4, told)


def _cell(code: str, value: float | None) -> Any:
    if code == "torch_reported" and value is not None:
        return "是" if value else "否"
    return value


def _register(zone: Zone, kind: str, department: str, entries: tuple[EntryRow, ...]) -> BatchFile:
    files = catalogue.load()
    spec = files.registers[kind]
    categories = {term.code: term.name for term in spec.categories} | {"": None}
    levels = {term.code: term.name for term in files.levels} | {"": None}
    names = {term.code: term.name for term in files.register_columns}
    header = (CODE, NAME, *(names[code] for code in _REGISTER_COLUMNS))
    header = tuple(f"{name}（万元）" if name == names["amount"] else name for name in header)
    cells = tuple(
        (
            zone.firms[e.firm].credit_code,
            zone.firms[e.firm].name,
            categories[e.category],
            levels[e.level],
            e.title,
            e.starts_on.isoformat(),
            e.ends_on.isoformat() if e.ends_on else None,
            e.amount,
            e.quantity,
            e.document_number,
        )
        for e in entries
    )
    name = f"演示-{spec.name}-{files.departments[department].short_name}.csv"
    return BatchFile("registers", department, None, kind, name, plain_csv([header, *cells]), 2, entries)
