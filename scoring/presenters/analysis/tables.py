"""A result as tables: a list of firms, groups by period, a pivot of both; each figure leads to the firms behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from scoring.analysis.fields import FLAG, NUMBER
from scoring.analysis.grouping import TOTAL
from scoring.analysis.query import Query
from scoring.presenters.analysis.draft import NAME
from scoring.presenters.analysis.words import label_of, with_unit

if TYPE_CHECKING:
    from scoring.analysis.fields import Field
    from scoring.services.analysis import Head, PeriodView, Result

    Address = Callable[[Query], str]
    CellLink = Callable[[int, str, str], str]


@dataclass(frozen=True)
class Cell:
    """``order``: ascending, descending or none, of a head that sorts; ``across``/``down``: how many it spans."""

    text: str
    url: str = ""
    num: bool = False
    head: bool = False
    scope: str = "col"
    unit: str = ""
    order: str = ""
    minor: bool = False  # a head behind the row's first one
    across: int = 1
    down: int = 1


@dataclass(frozen=True)
class Line:
    cells: list[Cell]
    total: bool = False


@dataclass(frozen=True)
class Table:
    caption: str
    heads: list[list[Cell]]
    rows: list[Line]
    pivot: bool = False
    notes: list[str] = field(default_factory=list)


def tables(result: Result, here: Address) -> list[Table]:
    """``here``: where the question is, otherwise sorted. Empty without figures."""
    if not result.answered:
        return []
    mode = result.query.mode
    if mode == "list":
        return [_list(result, here)] if result.rows else []
    if not any(result.matched.values()):
        return []
    if mode == "groups":
        return [_groups(result, here)]
    cell = cell_links(result)
    return [_pivot(result, index, cell) for index in range(len(result.measures))]


# ---- a list
def _list(result: Result, here: Address) -> Table:
    query, several = result.query, len(result.periods) > 1
    years = {period.year: period.name for period in result.periods}
    shown = [(i, column) for i, column in enumerate(result.columns) if column.code != NAME]
    name = result.fields.get(NAME)
    heads = [_sorter(query, NAME, name.label if name else _("企业名称"), "asc", here)]
    if several:
        heads.append(Cell(_("评价期")))
    heads += [_head(query, column, here) for _i, column in shown]
    rows = []
    for row in result.rows:
        url = reverse("scoring:firm_file", args=[row.credit_code])
        cells = [Cell(row.name, url, head=True, scope="row")]
        if several:
            cells.append(Cell(years[row.year]))
        cells += [Cell(row.texts[i], num=_is_number(column)) for i, column in shown]
        rows.append(Line(cells))
    first = (result.page - 1) * result.size + 1
    caption = _("第%(first)d–%(last)d行，共%(total)d行") % {
        "first": first, "last": first + len(rows) - 1, "total": result.total,
    }  # fmt: skip
    return Table(caption, [heads], rows)


def _is_number(column: Field) -> bool:
    return column.kind == NUMBER


def _head(query: Query, column: Field, address: Address) -> Cell:
    first = "desc" if column.kind in (NUMBER, FLAG) and "rank" not in column.code.split("@")[0] else "asc"
    return _sorter(query, column.code, column.label, first, address, unit=column.unit, num=_is_number(column))


def _sorter(
    query: Query, code: str, label: str, first: str, address: Address, *, unit: str = "", num: bool = False
) -> Cell:
    """Clicking sorts by it, clicking again turns it round; ``first``: which way round it begins."""
    now = query.sort[0][1] if query.sort and query.sort[0][0] == code else ""
    turned = {"asc": "desc", "desc": "asc"}.get(now, first)
    order = {"asc": "ascending", "desc": "descending"}.get(now, "none")
    return Cell(label, address(query.but(sort=((code, turned),))), num=num, unit=unit, order=order)


# ---- groups, a line each; several periods stand side by side under each measure
def _groups(result: Result, here: Address) -> Table:
    cell = cell_links(result)
    dimension = _named(result, result.query.rows)
    periods, several = result.periods, len(result.periods) > 1
    top = [Cell(dimension, down=2 if several else 1)]
    for index, measure in enumerate(result.measures):
        sorter = _sorter(result.query, f"measure.{index}", measure.label, "desc", here, unit=measure.unit, num=True)
        top.append(_spanning(sorter, len(periods)))
    heads = [top]
    if several:
        heads.append([Cell(_short(period), num=True) for _measure in result.measures for period in periods])
    rows = []
    for head in result.heads:
        links = {period.year: cell(period.year, head.key, TOTAL) for period in periods}
        cells = [Cell(head.label, links[periods[0].year], head=True, scope="row")]
        for index in range(len(result.measures)):
            for period in periods:
                text = _text(result, (period.year, head.key, TOTAL), index)
                cells.append(Cell(text, links[period.year] if text != "—" else "", num=True))
        rows.append(Line(cells, total=head.key == TOTAL))
    return Table(_("按%(dimension)s分组") % {"dimension": dimension}, heads, rows)


def _spanning(cell: Cell, across: int) -> Cell:
    return Cell(
        cell.text, cell.url, True, scope="colgroup" if across > 1 else "col", unit=cell.unit, order=cell.order,
        across=across,
    )  # fmt: skip


def _short(period: PeriodView) -> str:
    return _("%(year)s年") % {"year": period.year}


# ---- a pivot: one table a measure, in it each group's periods below one another
def _pivot(result: Result, index: int, cell: CellLink) -> Table:
    query, measure = result.query, result.measures[index]
    down, right = _named(result, query.rows), _named(result, query.across)
    several = len(result.periods) > 1
    head = [Cell(down)]
    if several:
        head.append(Cell(_("评价期")))
    head += [Cell(column.label, num=True) for column in result.across]
    rows = [line for row in result.heads for line in _pivot_lines(result, index, row, cell)]
    caption = _("%(measure)s，行为%(rows)s，列为%(across)s") % {
        "measure": with_unit(measure.label, measure.unit), "rows": down, "across": right,
    }  # fmt: skip
    return Table(caption, [head], rows, pivot=True)


def _pivot_lines(result: Result, index: int, row: Head, cell: CellLink) -> Iterator[Line]:
    periods = result.periods
    for at, period in enumerate(periods):
        cells = []
        if at == 0:
            cells.append(Cell(row.label, head=True, scope="rowgroup" if len(periods) > 1 else "row", down=len(periods)))
        if len(periods) > 1:
            cells.append(Cell(_short(period), head=True, scope="row", minor=True))
        for column in result.across:
            text = _text(result, (period.year, row.key, column.key), index)
            url = cell(period.year, row.key, column.key) if text != "—" else ""
            cells.append(Cell(text, url, num=True))
        yield Line(cells, total=row.key == TOTAL)


def _named(result: Result, code: str) -> str:
    return label_of(code, result.fields)


def _text(result: Result, key: tuple[int, str, str], index: int) -> str:
    cell = result.cells.get(key)
    return cell.texts[index] if cell else "—"


def cell_links(result: Result) -> CellLink:
    """Where the firms behind a cell are listed: the table's own address and the cell, so that thousands of links cost no more
    than their letters (``opened`` reads it)."""
    start = link_maker()(result.query)

    def cell(year: int, row: str, across: str) -> str:
        found = result.cells.get((year, row, across))
        return f"{start}&cell={year}~{quote(row)}~{quote(across)}" if found and found.count else ""

    return cell


def opened(result: Result, cell: str) -> Query | None:
    """The list behind a cell of this table; None where the address names none."""
    year, _mark, keys = cell.partition("~")
    row, _mark, across = keys.partition("~")
    if result.problems or not result.query.rows or not (year.isascii() and year.isdigit() and len(year) == 4):
        return None
    try:
        return result.drill(int(year), row, across)
    except (KeyError, ValueError, IndexError):  # a group nobody named so
        return None


def link_maker(**extra: int | str) -> Address:
    """Addresses of 多维检索 for questions; ``extra``: what else stands in them."""
    base = reverse("scoring:analysis")
    tail = "".join(f"&{urlencode({name: value})}" for name, value in extra.items() if value)

    def address(query: Query) -> str:
        return f"{base}?q={query.address()}{tail}"

    return address
