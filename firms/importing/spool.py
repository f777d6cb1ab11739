"""A file's rows, read by a bounded child process into a temporary file and handed on one sheet at a time.

The parent never opens an uploaded workbook itself: a bomb takes the child's memory, not the server's.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import orjson

from firms.importing.problem import Unreadable
from firms.importing.sniff import RESAVE, identify_path

# Without site and environment: its search path is told, not found. Half of a small file's time is the child's start.
_LAUNCH = "import sys; sys.path += sys.argv[1:3]; from firms.importing.reader import main; main(sys.argv[3:])"
_PATHS = [str(Path(__file__).parents[2]), sysconfig.get_path("platlib")]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of the child: memory in MB, seconds of work, rows and columns a file may have."""

    memory: int = 900
    seconds: int = 90
    rows: int = 300_000
    columns: int = 500


@dataclass(slots=True)
class Sheet:
    """``rows`` yields (row number from 1, cells); ``first_column`` is the 0-based column its cells begin in."""

    name: str
    visible: bool
    first_column: int
    rows: Iterator[tuple[int, list[Any]]] = field(default_factory=lambda: iter(()))


_REFUSALS = {
    "too_many_rows": ("工作表超过{detail}行。", "请删除空白格式行，或拆分后上传。"),
    "too_many_columns": ("工作表超过{detail}列。", "请删除多余的列后上传。"),
    "too_much_memory": ("文件展开后过大，已停止读取。", "请删除空白格式行、图片后另存，或拆分上传。"),
    "encrypted_file": ("文件设置了密码。", "请取消密码后重新保存上传。"),
    "cut_file": ("文件已损坏或不完整，无法读取。", RESAVE),
    "rows_disagree": ("读出的行数少于文件中的行数（{detail}），为免漏读已停止。", RESAVE),
    "bad_csv": ("CSV 格式有误：引号不配对或单元格过长。", RESAVE),
}


class Spool:
    """The rows of one file, already read; iterate ``sheets()`` once or more. Close it to remove the temporary file."""

    def __init__(self, file: IO[bytes], lines: int, peak_mb: float = 0.0) -> None:
        self._file = file
        self.lines = lines
        self.peak_mb = peak_mb  # of the child that read it

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *exc: object) -> None:
        self._file.close()

    def sheets(self) -> Iterator[Sheet]:
        """Each sheet in order; its rows must be used up, or left, before the next sheet is asked for."""
        self._file.seek(0)
        line = self._file.readline()
        while line:
            head = orjson.loads(line)
            if "lines" in head:
                return
            state = _Position()
            yield Sheet(head["sheet"], head["visible"], head["column"], self._rows(state))
            for _ in self._rows(state):
                pass
            line = state.after

    def _rows(self, state: _Position) -> Iterator[tuple[int, list[Any]]]:
        if state.after:
            return
        for line in iter(self._file.readline, b""):
            if line[:1] == b"{":
                state.after = line
                return
            state.row += 1
            yield state.row, orjson.loads(line)


class _Position:
    """How far a sheet has been read: its last row, and the line after its end once that was met."""

    def __init__(self) -> None:
        self.row = 0
        self.after = b""


class Child:
    """The process that reads one file. ``spool`` waits for it; leaving the ``with`` block stops it."""

    def __init__(self, command: list[str], seconds: float) -> None:
        self._seconds = seconds
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  (handed to the Spool)
        # One heap for all threads of the child: each more would reserve memory that the limit counts.
        self._process = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=self._file,
            stderr=subprocess.PIPE,
            env={**os.environ, "MALLOC_ARENA_MAX": "1"},
        )

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *exc: object) -> None:
        with self._process:  # closes its pipe and waits
            self._process.kill()
        self._file.close()

    def spool(self) -> Spool:
        """The rows of the file, once all are read. Raises Unreadable with what to do."""
        try:
            self._process.communicate(timeout=self._seconds)
            failed = self._process.returncode != 0
        except subprocess.TimeoutExpired:
            failed = True
        end = _last_line(self._file)
        if "refused" in end:
            message, hint = _REFUSALS[end["refused"]]
            raise Unreadable(end["refused"], message.format(detail=end["detail"]), hint=hint)
        if failed or "lines" not in end:
            raise Unreadable("too_much_memory", "文件过大或结构异常，读取时超出内存或时间限制，已停止。", hint=RESAVE)
        return Spool(os.fdopen(os.dup(self._file.fileno()), "rb"), end["lines"], end["peak_mb"])


def start(path: str | Path, bounds: Bounds = Bounds()) -> Child:
    """Sniff the file and have a child process read it meanwhile. Raises Unreadable for what is no table at all."""
    kind = identify_path(path)
    numbers = (bounds.memory, bounds.seconds, bounds.rows, bounds.columns)
    command = [sys.executable, "-I", "-S", "-c", _LAUNCH, *_PATHS, kind, str(path), *map(str, numbers)]
    return Child(command, bounds.seconds * 2)


def read(path: str | Path, bounds: Bounds = Bounds()) -> Spool:
    """Sniff the file and read all its rows in a child process. Raises Unreadable with what to do."""
    with start(path, bounds) as child:
        return child.spool()


def _last_line(file: IO[bytes]) -> dict[str, Any]:
    size = file.seek(0, 2)
    file.seek(max(0, size - 4096))
    tail = file.read().rstrip(b"\n").rsplit(b"\n", 1)[-1]
    if not tail.startswith(b"{"):
        return {}
    try:
        return orjson.loads(tail)
    except orjson.JSONDecodeError:
        return {}
