"""The child process that opens a file: imports no Django, lives within memory, time and output limits.

``main([FORMAT, PATH, MEMORY_MB, SECONDS, MAX_ROWS, MAX_COLUMNS])`` writes JSON lines on stdout: for each sheet
``{"sheet", "visible", "column", "rows"}`` (0-based first column, rows it says it holds), then one array a row from row 1 on, blank cells ``""``; at the end
``{"lines": n, "peak_mb": m}``. A cell Excel could not compute is ``{"fault": text}``. A refusal is ``{"refused": code, "detail": text}``.
"""

from __future__ import annotations

# Half of a small file's time is this process's start: what is needed late is imported late, beside the reading.
import math
import resource
import sys
import threading

from firms.importing.refused import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from firms.importing.scan import Scan

    Sheets = Iterator[tuple[dict[str, Any], Iterator[list[Any]]]]


class Aside:
    """A function at work beside this thread; calling it waits for the result, or raises what the function raised."""

    def __init__(self, function: Callable[..., Any], *args: Any) -> None:
        self._result: Any = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(function, args), daemon=True)
        self._thread.start()

    def _run(self, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        try:
            self._result = function(*args)
        except BaseException as error:
            self._error = error

    def __call__(self) -> Any:
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._result


def main(args: list[str]) -> None:
    kind, path, memory, seconds, rows, columns = args
    resource.setrlimit(resource.RLIMIT_AS, (int(memory) << 20, int(memory) << 20))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    out = sys.stdout.buffer
    end = b'{"refused":"too_much_memory","detail":""}'
    try:
        encoder = Aside(_encoder)
        sheets = _csv(path, kind[4:]) if kind.startswith("csv:") else _workbook(path, kind)
        try:
            lines = _write(sheets, encoder, int(rows), int(columns))
            end = encoder()({"lines": lines, "peak_mb": _peak_mb()})
        except Refused as refused:
            end = encoder()({"refused": refused.args[0], "detail": str(refused.args[1])})
    except MemoryError:
        pass
    out.write(end + b"\n")


def _encoder() -> Callable[..., bytes]:
    import orjson

    return orjson.dumps


def _write(sheets: Sheets, encoder: Aside, most_rows: int, most_columns: int) -> int:
    """Write every sheet; how many lines."""
    lines = 0
    out = sys.stdout.buffer
    for header, rows in sheets:
        encode = encoder()
        out.write(encode(header) + b"\n")
        for row in rows:
            lines += 1
            if lines > most_rows:
                raise Refused("too_many_rows", most_rows)
            if len(row) > most_columns:
                raise Refused("too_many_columns", most_columns)
            line = encode(row, default=str)
            if b"null" in line:  # what JSON cannot say (NaN, infinity); the text "null" only costs a second look
                line = encode([_sayable(cell) for cell in row], default=str)
            out.write(line + b"\n")
    return lines


def _sayable(cell: Any) -> Any:
    return {"fault": str(cell)} if isinstance(cell, float) and not math.isfinite(cell) else cell


def _peak_mb() -> float:
    """This process's highest resident memory, for the benchmark; 0 where the system does not say."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return 0.0


def _workbook(path: str, kind: str) -> Sheets:
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    scans: Callable[[], dict[str, Scan]] = Aside(_scan, path) if kind == "xlsx" else dict
    try:
        book = CalamineWorkbook.from_path(path)
        for index, meta in enumerate(book.sheets_metadata):
            if "WorkSheet" not in str(meta.typ):
                continue
            sheet = book.get_sheet_by_index(
                index
            )  # most of the time goes here, without the lock Python's threads share
            start = sheet.start or (0, 0)
            visible = str(meta.visible).endswith("Visible")
            header = {"sheet": meta.name, "visible": visible, "column": start[1], "rows": sheet.height}
            yield header, _checked(sheet, start[1], scans().get(meta.name), path)
    except PasswordError as error:
        raise Refused("encrypted_file", error) from error
    except (CalamineError, OSError, ValueError, KeyError) as error:
        raise Refused("cut_file", error) from error


def _scan(path: str) -> dict[str, Scan]:
    from firms.importing.scan import scan

    return scan(path)


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
    if scan is None or filled >= scan.filled:
        return
    from firms.importing.scan import closely, second_opinion

    if not scan.exact:  # blank rows, or rows lost
        scan = closely(path, sheet.name)
    if scan and filled < scan.filled and filled < second_opinion(path, sheet.name):
        raise Refused("rows_disagree", f"{filled} / {scan.filled}")


def _with_faults(row: list, faults: dict[int, str], first_column: int) -> list:
    row = list(row)
    for column, text in faults.items():
        at = max(column - first_column, 0)
        row += [""] * (at + 1 - len(row))
        row[at] = {"fault": text}
    return row


def _csv(path: str, encoding: str) -> Sheets:
    import csv

    csv.field_size_limit(1 << 20)
    with open(path, encoding=encoding, newline="") as file:
        sample = file.read(65536)
        file.seek(0)
        counts = {mark: sample.count(mark) for mark in ",\t;，"}
        delimiter = max(counts, key=lambda mark: counts[mark])
        lines = csv.reader(file, delimiter=delimiter, strict=True)

        def rows() -> Iterator[list[Any]]:
            try:
                yield from lines
            except csv.Error as error:
                raise Refused("bad_csv", error) from error

        yield {"sheet": "", "visible": True, "column": 0, "rows": 0}, rows()
