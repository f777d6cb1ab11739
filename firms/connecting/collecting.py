"""A whole source: fetched page by page within one budget, and put under our headings."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

import orjson
import xlsxwriter

from firms.connecting import fetching, reading
from firms.connecting.fieldmap import FieldMap
from firms.connecting.guarding import Budget, Guard
from firms.connecting.problem import Unfetched
from firms.connecting.sources import ROWS, Rows
from firms.importing.cells import shown

SHEET = "数据"
_CHECK_PAGES = "请核对翻页设置。"


@dataclass(slots=True)
class Collected:
    """``rows`` in the order of the map's fields; ``bodies`` are the answers as they came."""

    rows: list[list[Any]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def size(self) -> int:
        return sum(map(len, self.bodies))

    def digest(self, fieldmap: FieldMap) -> str:
        """Names what we take from the source: a clock or an advertisement on its page does not change it, a new map does."""
        picks = fieldmap.as_data()["picks"]
        return hashlib.sha256(orjson.dumps([picks, self.rows], option=orjson.OPT_SORT_KEYS)).hexdigest()


def collect(
    url: str,
    kind: str,
    fieldmap: FieldMap,
    guard: Guard,
    progress: Callable[[int, int], None] = lambda pages, rows: None,
) -> Collected:
    """All pages of a source. Raises Unfetched unless every one was fetched and read, and there is at least one row.

    ``progress`` is told pages and rows so far; what it raises ends the work.
    """
    budget, collected = Budget(guard), Collected()
    found: set[str] = set()
    seen: set[str] = set()
    address = url
    while address:
        if len(collected.bodies) == guard.pages:
            raise Unfetched("too_many_pages", f"超过 {guard.pages} 页还没有结束。", _CHECK_PAGES)
        body = fetching.get(address, guard, budget)
        page = reading.read(kind, body, fieldmap)
        mark = hashlib.sha256(orjson.dumps(page.rows)).hexdigest()
        if page.rows and mark in seen:
            raise Unfetched("paging_loop", "翻页后收到的行与前面某一页完全相同。", _CHECK_PAGES)
        seen.add(mark)
        collected.bodies.append(body)
        collected.rows += page.rows
        found |= page.found
        if len(collected.rows) > ROWS:
            raise Unfetched("too_many_rows", f"超过 {ROWS} 行。", "请分年度或分类采集。")
        progress(len(collected.bodies), len(collected.rows))
        address = _next(url, address, fieldmap, page, collected)
    if not collected.rows:
        raise Unfetched("no_rows", "对方返回的列表是空的。", "请在浏览器中打开核对；没有写入任何内容。")
    missing = [name for name in fieldmap.wanted() if name not in found]
    if missing:
        raise Unfetched(
            "field_missing", f"所有行都没有字段“{'”“'.join(missing)}”。", "对方可能改了字段名，请核对后修改字段对应。"
        )
    return collected


def _next(url: str, address: str, fieldmap: FieldMap, page: Rows, collected: Collected) -> str:
    """Where the next page is; "" after the last one."""
    if not fieldmap.paging or not page.rows:
        return ""
    if fieldmap.paging == "next":
        if not page.next:
            return ""
        return _with(url, fieldmap.parameter, page.next) if fieldmap.parameter else urljoin(address, page.next)
    if fieldmap.size and len(page.rows) < fieldmap.size:
        return ""
    first = dict(parse_qsl(urlsplit(url).query)).get(fieldmap.parameter, "")
    start = int(first) if first.isascii() and first.isdigit() else int(fieldmap.paging == "page")
    step = len(collected.bodies) if fieldmap.paging == "page" else len(collected.rows)
    return _with(url, fieldmap.parameter, str(start + step))


def _with(url: str, parameter: str, value: str) -> str:
    parts = urlsplit(url)
    kept = [(name, old) for name, old in parse_qsl(parts.query, keep_blank_values=True) if name != parameter]
    return urlunsplit(parts._replace(query=urlencode([*kept, (parameter, value)])))


def workbook(path: str | Path, headings: Sequence[str], fieldmap: FieldMap, rows: Iterable[Sequence[Any]]) -> None:
    """Write what was collected as the file an import takes: our headings, texts always texts, numbers numbers."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        sheet = book.add_worksheet(SHEET)
        sheet.write_row(0, 0, headings)
        for at, row in enumerate(rows, start=1):
            given = iter(row)
            for column, pick in enumerate(fieldmap.picks):
                cell = shown(next(given)) if pick.field else pick.value
                if isinstance(cell, str):
                    sheet.write_string(at, column, cell)
                else:
                    sheet.write(at, column, cell)
