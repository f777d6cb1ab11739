"""The three kinds of public source, each a body → a table with the fields that were asked for. None of them knows the network.

What a body is, is told by its content; what a site says it is (its type header, its file name) is never looked at.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol

import orjson
from lxml import etree

from firms.connecting.fieldmap import FILE, JSON, TABLE, FieldMap
from firms.connecting.problem import Unfetched
from firms.importing import spool
from firms.importing.cells import key, shown
from firms.importing.problem import Unreadable

DEPTH = 40  # rows a heading may stand under
ROWS = 300_000
COLUMNS = 500
EXACT = 10**15  # whole numbers beyond this a spreadsheet rounds
_CHECK_MAP = "对方可能改了格式。请在浏览器中打开核对，再修改字段对应。"


@dataclass(slots=True)
class Rows:
    """``rows`` hold the asked fields in the map's order, "" for nothing; ``found`` names the fields met in any row;
    ``next`` is where the next answer is, "" when there is none or the map does not say."""

    rows: list[list[Any]]
    found: set[str] = field(default_factory=set)
    next: str = ""


class Source(Protocol):
    def rows(self, body: bytes, fieldmap: FieldMap) -> Rows:
        """Raises Unfetched when the body is not what this kind of source gives."""
        ...


def source_of(kind: str) -> Source:
    sources: dict[str, Source] = {JSON: JsonSource(), FILE: FileSource(), TABLE: TableSource()}
    return sources[kind]


class JsonSource:
    """An interface that answers with JSON: a list of objects, somewhere inside."""

    def rows(self, body: bytes, fieldmap: FieldMap) -> Rows:
        try:
            answer = orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))
        except orjson.JSONDecodeError as error:
            raise Unfetched("not_json", f"返回的不是 JSON，而是{what_it_is(body)}。", _CHECK_MAP) from error
        records = _walk(answer, fieldmap.path)
        if not isinstance(records, list):
            there = "、".join(map(str, answer))[:100] if isinstance(answer, dict) else type(answer).__name__
            raise Unfetched(
                "no_list", f"JSON 的“{fieldmap.path or '最外层'}”不是列表（最外层有：{there}）。", _CHECK_MAP
            )
        if len(records) > ROWS:
            raise Unfetched("too_many_rows", f"超过 {ROWS} 行。", "请改用分页地址。")
        wanted = fieldmap.wanted()
        found: set[str] = set()
        rows = []
        for record in records:
            if not isinstance(record, dict | list):
                raise Unfetched("no_records", "JSON 列表里的不是一条条记录。", _CHECK_MAP)
            row = []
            for name in wanted:
                value = _walk(record, name)
                if value is not _NOTHING:
                    found.add(name)
                row.append(_plain(value))
            rows.append(row)
        after = _walk(answer, fieldmap.next_path) if fieldmap.next_path else _NOTHING
        return Rows(rows, found, str(after) if isinstance(after, str | int) and not isinstance(after, bool) else "")


_NOTHING: Any = object()


def _walk(value: Any, path: str) -> Any:
    """The value at ``a.b.0`` inside; a member whose own name has dots is found by its whole name."""
    if not path:
        return value
    if isinstance(value, dict) and path in value:
        return value[path]
    for step in path.split("."):
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isascii() and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return _NOTHING
    return value


def _plain(value: Any) -> Any:
    """A JSON value as a cell; what has no place in a cell is written out, for the import to refuse by name."""
    if value is None or value is _NOTHING:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, int):
        return float(value) if abs(value) < EXACT else str(value)
    if isinstance(value, float):
        return value
    return shown(value) if isinstance(value, str) else orjson.dumps(value).decode()[:200]


class TableSource:
    """A page with an HTML table, however badly written."""

    def rows(self, body: bytes, fieldmap: FieldMap) -> Rows:
        if not body.strip():
            raise Unfetched("no_table", "返回的内容是空的。", _CHECK_MAP)
        if b"\0" in body[:4096] or body.lstrip()[:1] in (b"{", b"[", b"%") or body[:2] in (b"PK", b"\x1f\x8b"):
            raise Unfetched("no_table", f"返回的不是网页，而是{what_it_is(body)}。", _CHECK_MAP)
        # collect_ids off: an attacker's million ids would make a dictionary of a million entries.
        parser = etree.HTMLParser(
            encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True, collect_ids=False
        )
        try:
            root = etree.fromstring(_text(body).encode(), parser)
        except (etree.LxmlError, ValueError) as error:
            raise Unfetched("no_table", "网页无法解析。", _CHECK_MAP) from error
        if root is not None:
            etree.strip_elements(root, "script", "style", with_tail=False)
        tables = [] if root is None else list(islice(root.iter("table"), 1000))
        if fieldmap.table:
            tables = tables[fieldmap.table - 1 : fieldmap.table]
        if not tables:
            raise Unfetched(
                "no_table",
                f"网页里没有第 {fieldmap.table} 个表格。" if fieldmap.table else "网页里没有表格。",
                "内容由脚本生成的网页不能这样采集，请找它背后的 JSON 接口。",
            )
        return _best((_grid(table) for table in tables), fieldmap)


def _text(body: bytes) -> str:
    """UTF-8 or GB18030, whichever the whole body is; what a page says about itself is often wrong."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return body.decode(encoding).replace("\0", "")
        except UnicodeDecodeError:
            continue
    raise Unfetched("unknown_encoding", "文字编码无法识别（不是 UTF-8，也不是 GB18030）。", _CHECK_MAP)


_PARTS = ("thead", "tbody", "tfoot")


def _grid(table: Any) -> Iterator[list[str]]:
    """The table's own rows (not those of tables inside it), merged cells repeated in every place they cover."""
    lines = (
        line
        for part in table
        for line in (part if part.tag in _PARTS else [part] if part.tag == "tr" else [])
        if line.tag == "tr"
    )
    reaching: dict[int, tuple[int, str]] = {}  # column → (rows still covered, text) of a cell merged downwards
    for line in lines:
        row: list[str] = []
        below: dict[int, tuple[int, str]] = {}

        for cell in line:
            if cell.tag not in ("td", "th"):
                continue
            _cover(row, reaching, below)
            text = str(shown(" ".join("".join(cell.itertext()).split())))
            down = _span(cell, "rowspan", 10_000)
            for _ in range(_span(cell, "colspan", 100)):
                if len(row) >= COLUMNS:
                    raise Unfetched("too_many_columns", f"表格超过 {COLUMNS} 列。", _CHECK_MAP)
                if down > 1:
                    below[len(row)] = (down - 1, text)
                row.append(text)
        _cover(row, reaching, below)
        reaching = below
        yield row


def _cover(row: list[str], reaching: dict[int, tuple[int, str]], below: dict[int, tuple[int, str]]) -> None:
    """Go on over the columns that cells from above reach into."""
    while (held := reaching.get(len(row))) and len(row) < COLUMNS:
        if held[0] > 1:
            below[len(row)] = (held[0] - 1, held[1])
        row.append(held[1])


def _span(cell: Any, name: str, most: int) -> int:
    stated = cell.get(name, "").strip()
    return max(1, min(int(stated), most)) if stated.isascii() and stated.isdigit() and len(stated) < 9 else 1


class FileSource:
    """A workbook or a CSV to download, read by the importer's own bounded child."""

    def rows(self, body: bytes, fieldmap: FieldMap) -> Rows:
        with tempfile.NamedTemporaryFile(prefix="fetched-") as file:
            file.write(body)
            file.flush()
            try:
                with spool.read(file.name, spool.Bounds(rows=ROWS, columns=COLUMNS)) as read:
                    sheets = ((cells for _, cells in sheet.rows) for sheet in read.sheets() if sheet.visible)
                    return _best(sheets, fieldmap)
            except Unreadable as bad:
                raise Unfetched(bad.code, bad.message, _CHECK_MAP) from bad


def _best(tables: Iterable[Iterable[Sequence[Any]]], fieldmap: FieldMap) -> Rows:
    """The rows under the first heading that names every asked field. Raises Unfetched naming what the likeliest one lacks."""
    wanted = fieldmap.wanted()
    keys = [key(name) for name in wanted]
    nearest: list[str] = list(wanted)
    for table in tables:
        lines = iter(table)
        above: list[Sequence[Any]] = []
        for line in islice(lines, DEPTH):
            above.append(line)
            headings = [key(cell) if isinstance(cell, str) else "" for cell in line]
            missing = [name for name, one in zip(wanted, keys, strict=True) if one not in headings]
            if len(missing) < len(nearest):
                nearest = missing
            if not missing and wanted:
                return Rows(_below(headings, keys, wanted, lines), set(wanted))
    raise Unfetched("field_missing", f"表头里没有“{'”“'.join(nearest)}”。", _CHECK_MAP, place=f"前 {DEPTH} 行")


def _below(
    headings: list[str], keys: list[str], wanted: Sequence[str], lines: Iterable[Sequence[Any]]
) -> list[list[Any]]:
    for one, name in zip(keys, wanted, strict=True):
        if headings.count(one) > 1:
            raise Unfetched("field_twice", f"表头里有不止一列“{name}”。", "请改用列名不重复的来源。")
    places = [headings.index(one) for one in keys]
    rows = []
    for line in lines:
        row = [line[at] if at < len(line) else "" for at in places]
        if any(cell != "" and not (isinstance(cell, str) and not cell.strip()) for cell in row):
            rows.append(row)
        if len(rows) > ROWS:
            raise Unfetched("too_many_rows", f"超过 {ROWS} 行。", "请改用分页或分年度的地址。")
    return rows


_KINDS = (
    (b"%PDF", "PDF 文件"),
    (b"PK\x03\x04", "压缩包或工作簿"),
    (b"\x1f\x8b", "gzip 压缩包"),
    (b"\x89PNG", "图片"),
    (b"\xff\xd8\xff", "图片"),
    (b"\xd0\xcf\x11\xe0", "旧格式的办公文件"),
)


def what_it_is(body: bytes) -> str:
    """A body in words, by its content."""
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start:
        return "空内容"
    for magic, name in _KINDS:
        if start.startswith(magic):
            return name
    if start[:1] == b"<":
        return "网页"
    if start[:1] in b"{[":
        return " JSON 或不完整的 JSON"
    return "其他内容"
