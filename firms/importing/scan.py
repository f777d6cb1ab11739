"""What a workbook's XML holds, read independently of the library that reads its cells: so that no row is lost unnoticed, and
no cell that Excel could not compute passes for an empty one."""

from __future__ import annotations

import re
from xml.etree import ElementTree
from zipfile import ZipFile

from firms.importing.refused import Refused

BLOCK = 1 << 20


class Scan:
    """What the sheet's XML holds, read independently of the reader: cells without a usable value, and ``filled`` rows:
    when ``exact`` those with a value, otherwise all, which is never less."""

    def __init__(self, exact: bool = False) -> None:
        self.exact = exact
        self.filled = 0
        self.faults: dict[int, dict[int, str]] = {}


_ROW = re.compile(rb"<(?:\w+:)?row\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?row>)", re.S)
_FORMULAS = (b"<f>", b"<f ", b"<f/")
_VALUE = re.compile(rb"<(?:\w+:)?(?:v|t)(?:\s[^>]*)?>[^<]")
_SUSPECT = re.compile(rb'\bt="e"|<(?:\w+:)?f[\s/>]')
_CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.S)
_FILLED = re.compile(rb"<(?:\w+:)?v(?:\s[^>]*)?>([^<]+)<")
_REFERENCE = re.compile(rb'\br="([A-Z]+)(\d+)"')


def scan(path: str) -> dict[str, Scan]:
    """Scan of every sheet by name. The sheet's own dimension is never looked at: WPS writes A1:A1."""
    with ZipFile(path) as archive:
        return {name: _scan_sheet(archive, part) for name, part in _parts(archive).items()}


def closely(path: str, name: str) -> Scan | None:
    with ZipFile(path) as archive:
        part = _parts(archive).get(name)
        return _look_closely(archive, part) if part else None


def _parts(archive: ZipFile) -> dict[str, str]:
    """Sheet name → part of the zip, from the workbook and its relationships."""
    names = {name.lower().lstrip("/"): name for name in archive.namelist()}
    try:
        book = ElementTree.fromstring(archive.read(names["xl/workbook.xml"]))  # noqa: S314
        links = ElementTree.fromstring(archive.read(names["xl/_rels/workbook.xml.rels"]))  # noqa: S314
    except (KeyError, ElementTree.ParseError) as error:
        raise Refused("cut_file", error) from error
    targets = {link.get("Id"): (link.get("Target") or "").lstrip("/") for link in links}
    found = {}
    for sheet in book.iter():
        if not sheet.tag.endswith("}sheet"):
            continue
        link = next((value for key, value in sheet.attrib.items() if key.endswith("}id")), "")
        target = targets.get(link, "")
        part = names.get(target.lower()) or names.get(f"xl/{target}".lower())
        if part:
            found[sheet.get("name") or ""] = part
    return found


def _scan_sheet(archive: ZipFile, part: str) -> Scan:
    """Rows counted and suspects looked for at the speed of unpacking; the slow look follows only where there is cause."""
    found = Scan()
    with archive.open(part) as stream:
        rest = b""
        while block := stream.read(BLOCK):
            text = rest + block
            cut = text.rfind(b"<")
            text, rest = (text[:cut], text[cut:]) if cut > 0 else (text, b"")
            if _suspicious(text):
                return _look_closely(archive, part)
            found.filled += text.count(b"<row") - text.count(b"<rowBreaks")
    return found


def _suspicious(text: bytes) -> bool:
    """Whether there may be a fault in it, or its tags carry a prefix. Plain substrings are found at memory speed; one found
    for nothing is harmless, it only brings the closer look."""
    if b't="e"' in text or (b"<f" in text and any(mark in text for mark in _FORMULAS)):
        return True
    return b":" in text and (b":row" in text or b":f" in text)


def _look_closely(archive: ZipFile, part: str) -> Scan:
    """Rows that hold a value, and the cells at fault, one row at a time."""
    found = Scan(exact=True)
    with archive.open(part) as stream:
        rest = b""
        while block := stream.read(BLOCK):
            text = rest + block
            end = 0
            for match in _ROW.finditer(text):
                end = match.end()
                body = match[2]
                if body and _VALUE.search(body):
                    found.filled += 1
                if body and _SUSPECT.search(body):
                    _note_faults(found, body)
            rest = text[end:]
            if len(rest) > 64 * BLOCK:
                raise Refused("too_much_memory", part)
    return found


def _note_faults(scan: Scan, row: bytes) -> None:
    for attributes, body in _CELL.findall(row):
        value = _FILLED.search(body)
        fault = ""
        if b't="e"' in attributes:
            fault = value[1].decode("utf-8", "replace") if value else "#ERROR"
        elif not value and re.search(rb"<(?:\w+:)?f[\s/>]", body) and b't="str"' not in attributes:
            fault = "formula"
        place = _REFERENCE.search(attributes)
        if fault and place:
            scan.faults.setdefault(int(place[2]), {})[_column(place[1])] = fault


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def second_opinion(path: str, name: str) -> int:
    """Rows with a value as another library reads them; asked only when two counts differ (empty shared strings can)."""
    from openpyxl import load_workbook

    book = load_workbook(path, read_only=True, data_only=True)
    try:
        sheet = book[name]
        sheet.reset_dimensions()
        return sum(any(cell not in (None, "") for cell in row) for row in sheet.iter_rows(values_only=True))
    finally:
        book.close()
