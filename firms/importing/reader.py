"""The child process that opens a file: started by path, imports no Django, lives within memory, time and output limits.

``python reader.py FORMAT PATH MEMORY_MB SECONDS MAX_ROWS MAX_COLUMNS`` writes JSON lines on stdout: for each sheet
``{"sheet", "visible", "column"}`` (0-based first column), then one array a row from row 1 on, blank cells ``""``; at the end
``{"lines": n, "peak_mb": m}``. A cell Excel could not compute is ``{"fault": text}``. A refusal is ``{"refused": code, "detail": text}``.
"""

from __future__ import annotations

import csv
import math
import re
import resource
import sys
from collections.abc import Iterator
from typing import Any
from zipfile import ZipFile

import orjson

BLOCK = 1 << 20


class Refused(Exception):  # noqa: N818
    pass


def main() -> None:
    kind, path, memory, seconds, rows, columns = sys.argv[1:7]
    resource.setrlimit(resource.RLIMIT_AS, (int(memory) << 20, int(memory) << 20))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    out = sys.stdout.buffer
    try:
        sheets = _csv(path, kind[4:]) if kind.startswith("csv:") else _workbook(path, kind)
        lines = 0
        for header, cells in sheets:
            out.write(orjson.dumps(header) + b"\n")
            for row in cells:
                lines += 1
                if lines > int(rows):
                    raise Refused("too_many_rows", rows)
                if len(row) > int(columns):
                    raise Refused("too_many_columns", columns)
                out.write(_line(row))
        out.write(orjson.dumps({"lines": lines, "peak_mb": _peak_mb()}) + b"\n")
    except Refused as refused:
        out.write(orjson.dumps({"refused": refused.args[0], "detail": str(refused.args[1])}) + b"\n")
    except csv.Error as error:
        out.write(orjson.dumps({"refused": "bad_csv", "detail": str(error)}) + b"\n")
    except MemoryError:
        out.write(b'{"refused":"too_much_memory","detail":""}\n')


def _peak_mb() -> float:
    """This process's highest resident memory, for the benchmark; 0 where the system does not say."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return 0.0


def _line(row: list[Any]) -> bytes:
    line = orjson.dumps(row, default=str)
    if b"null" in line:  # what JSON cannot say (NaN, infinity); the text "null" only costs a second look
        row = [{"fault": str(cell)} if isinstance(cell, float) and not math.isfinite(cell) else cell for cell in row]
        line = orjson.dumps(row, default=str)
    return line + b"\n"


def _workbook(path: str, kind: str) -> Iterator[tuple[dict, Iterator[list]]]:
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    try:
        with open(path, "rb") as file:
            book = CalamineWorkbook.from_filelike(file)
            scans = _scan(path) if kind == "xlsx" else {}
            for index, meta in enumerate(book.sheets_metadata):
                if "WorkSheet" not in str(meta.typ):
                    continue
                sheet = book.get_sheet_by_index(index)
                start = sheet.start or (0, 0)
                header = {"sheet": meta.name, "visible": str(meta.visible).endswith("Visible"), "column": start[1]}
                yield header, _checked(sheet, start[1], scans.get(meta.name), path)
    except PasswordError as error:
        raise Refused("encrypted_file", error) from error
    except (CalamineError, OSError, ValueError, KeyError) as error:
        raise Refused("cut_file", error) from error


def _checked(sheet: Any, first_column: int, scan: Scan | None, path: str) -> Iterator[list]:
    """The sheet's rows; with the faults the scan found put in place; refused when fewer rows were read than the file holds."""
    filled = number = 0
    faults = dict(scan.faults) if scan else {}
    for number, row in enumerate(sheet.iter_rows() if sheet.start else (), start=1):
        if number in faults:
            row = _with_faults(row, faults.pop(number), first_column)
        if any(row):
            filled += 1
        yield row
    for row_number in sorted(faults):  # a row with nothing but faults may lie below all others
        while number < row_number:
            number += 1
            yield _with_faults([], faults[number], first_column) if number in faults else []
        filled += 1
    if scan and filled < scan.filled and not scan.exact:  # blank rows, or rows lost
        scan = _closely(path, sheet.name)
    if scan and filled < scan.filled and filled < _second_opinion(path, sheet.name):
        raise Refused("rows_disagree", f"{filled} / {scan.filled}")


def _with_faults(row: list, faults: dict[int, str], first_column: int) -> list:
    row = list(row)
    for column, text in faults.items():
        at = max(column - first_column, 0)
        row += [""] * (at + 1 - len(row))
        row[at] = {"fault": text}
    return row


class Scan:
    """What the sheet's XML holds, read independently of the reader: cells without a usable value, and ``filled`` rows:
    when ``exact`` those with a value, otherwise all, which is never less."""

    def __init__(self, exact: bool = False) -> None:
        self.exact = exact
        self.filled = 0
        self.faults: dict[int, dict[int, str]] = {}


_ROW = re.compile(rb"<(?:\w+:)?row\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?row>)", re.S)
# Plain substrings, found at memory speed; more than enough is harmless, it only brings the closer look.
_ROW_STARTS = (b"<row ", b"<row>", b"<row/", b":row ", b":row>")
_SUSPECTS = (b't="e"', b"<f>", b"<f ", b"<f/", b":f>", b":f ", b":f/")
_VALUE = re.compile(rb"<(?:\w+:)?(?:v|t)(?:\s[^>]*)?>[^<]")
_SUSPECT = re.compile(rb'\bt="e"|<(?:\w+:)?f[\s/>]')
_CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.S)
_FILLED = re.compile(rb"<(?:\w+:)?v(?:\s[^>]*)?>([^<]+)<")
_REFERENCE = re.compile(rb'\br="([A-Z]+)(\d+)"')


def _scan(path: str) -> dict[str, Scan]:
    """Scan of every sheet by name. The sheet's own dimension is never looked at: WPS writes A1:A1."""
    with ZipFile(path) as archive:
        return {name: _scan_sheet(archive, part) for name, part in _parts(archive).items()}


def _closely(path: str, name: str) -> Scan | None:
    with ZipFile(path) as archive:
        part = _parts(archive).get(name)
        return _look_closely(archive, part) if part else None


def _parts(archive: ZipFile) -> dict[str, str]:
    """Sheet name → part of the zip, from the workbook and its relationships."""
    from xml.etree import ElementTree

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
    scan = Scan()
    with archive.open(part) as stream:
        rest = b""
        while block := stream.read(BLOCK):
            text = rest + block
            cut = text.rfind(b"<")
            text, rest = (text[:cut], text[cut:]) if cut > 0 else (text, b"")
            scan.filled += sum(map(text.count, _ROW_STARTS))
            if any(mark in text for mark in _SUSPECTS):
                return _look_closely(archive, part)
    return scan


def _look_closely(archive: ZipFile, part: str) -> Scan:
    """Rows that hold a value, and the cells at fault, one row at a time."""
    scan = Scan(exact=True)
    with archive.open(part) as stream:
        rest = b""
        while block := stream.read(BLOCK):
            text = rest + block
            end = 0
            for match in _ROW.finditer(text):
                end = match.end()
                body = match[2]
                if body and _VALUE.search(body):
                    scan.filled += 1
                if body and _SUSPECT.search(body):
                    _note_faults(scan, body)
            rest = text[end:]
            if len(rest) > 64 * BLOCK:
                raise Refused("too_much_memory", part)
    return scan


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


def _second_opinion(path: str, name: str) -> int:
    """Rows with a value as another library reads them; asked only when two counts differ (empty shared strings can)."""
    from openpyxl import load_workbook

    book = load_workbook(path, read_only=True, data_only=True)
    try:
        sheet = book[name]
        sheet.reset_dimensions()
        return sum(any(cell not in (None, "") for cell in row) for row in sheet.iter_rows(values_only=True))
    finally:
        book.close()


def _csv(path: str, encoding: str) -> Iterator[tuple[dict, Iterator[list]]]:
    csv.field_size_limit(1 << 20)
    with open(path, encoding=encoding, newline="") as file:
        sample = file.read(65536)
        file.seek(0)
        counts = {mark: sample.count(mark) for mark in ",\t;，"}
        delimiter = max(counts, key=lambda mark: counts[mark])
        yield {"sheet": "", "visible": True, "column": 0}, csv.reader(file, delimiter=delimiter, strict=True)


if __name__ == "__main__":
    main()
