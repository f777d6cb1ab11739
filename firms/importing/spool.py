"""A file's rows, read by a bounded child process into a temporary file and handed on while it is still reading.

The parent never opens an uploaded workbook itself: a bomb takes the child's memory, not the server's.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from firms.importing.problem import Unreadable
from firms.importing.sniff import RESAVE, identify_path

# Without site and environment: its search path is told, not found. Half of a small file's time is the child's start.
_LAUNCH = "import sys; sys.path += sys.argv[1:3]; from firms.importing.reader import main; main(sys.argv[3:])"
_PATHS = [str(Path(__file__).parents[2]), sysconfig.get_path("platlib")]


PAUSE = 0.001  # seconds between two looks at what the child has written


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
    """The rows of one file while a child reads it; iterate ``sheets()`` once or more.

    ``lines`` is known once the last has been met; ``expected`` is what the sheets met so far say they hold (0: they do not say).
    """

    def __init__(self, child: Child) -> None:
        self._child = child
        self.lines = self.expected = 0
        self.peak_mb = 0.0  # of the child, once it has ended

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *exc: object) -> None:
        self._child.__exit__(*exc)

    def sheets(self) -> Iterator[Sheet]:
        """Each sheet in order; its rows must be used up, or left, before the next sheet is asked for.

        Raises Unreadable, with what to do, where the child had to give up: at the start or after any row.
        """
        self._child.rewind()
        self.expected = 0
        line = self._child.readline()
        while "lines" not in (head := _told(line)):
            state = _Position()
            self.expected += head["rows"]
            yield Sheet(head["sheet"], head["visible"], head["column"], self._rows(state))
            for _ in self._rows(state):
                pass
            line = state.after
        self.lines, self.peak_mb = head["lines"], head["peak_mb"]

    def _rows(self, state: _Position) -> Iterator[tuple[int, list[Any]]]:
        while not state.after:
            line = self._child.readline()
            if line[:1] != b"[" or line[-1:] != b"\n":
                state.after = line or b"{}"
                return
            state.row += 1
            yield state.row, orjson.loads(line)


class _Position:
    """How far a sheet has been read: its last row, and the line after its end once that was met."""

    def __init__(self) -> None:
        self.row = 0
        self.after = b""


def _told(line: bytes) -> dict[str, Any]:
    """What the child says between sheets, or at its end."""
    try:
        head = orjson.loads(line)
    except orjson.JSONDecodeError:
        head = {}  # it was stopped in the middle of a word
    if "refused" in head:
        message, hint = _REFUSALS[head["refused"]]
        raise Unreadable(head["refused"], message.format(detail=head["detail"]), hint=hint)
    if not head:
        raise Unreadable("too_much_memory", "文件过大或结构异常，读取时超出内存或时间限制，已停止。", hint=RESAVE)
    return head


class Child:
    """The process that reads one file. Its lines can be read while it still writes them; leaving the ``with`` block stops it."""

    def __init__(self, command: list[str], seconds: float) -> None:
        self._deadline = time.monotonic() + seconds
        self._file = tempfile.NamedTemporaryFile()  # noqa: SIM115  (closed on leaving)
        self._lines = open(self._file.name, "rb")  # noqa: SIM115  (a place of its own: the child writes at the end)
        # One heap for all threads of the child: each more would reserve memory that the limit counts.
        self._process = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=self._file,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "MALLOC_ARENA_MAX": "1"},
        )

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *exc: object) -> None:
        with self._process:  # waits
            self._process.kill()
        self._lines.close()
        self._file.close()

    def rewind(self) -> None:
        self._lines.seek(0)

    def readline(self) -> bytes:
        """The next whole line, once it is written; what there is of it when the child ends before."""
        line = self._lines.readline()
        while line[-1:] != b"\n":
            ended = self._process.poll() is not None  # asked first: what it wrote before it ended is still read below
            more = self._lines.readline()
            line += more
            if ended and not more:
                break
            if time.monotonic() > self._deadline:
                self._process.kill()
            elif not more:
                time.sleep(PAUSE)
        return line

    def last_line(self) -> bytes:
        """What it says at its end; waits for it."""
        try:
            self._process.wait(max(0.0, self._deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        size = self._lines.seek(0, os.SEEK_END)
        self._lines.seek(max(0, size - 4096))
        last = self._lines.read().rstrip(b"\n").rsplit(b"\n", 1)[-1]
        return last if last.startswith(b"{") and b'"sheet"' not in last else b""


def start(path: str | Path, bounds: Bounds = Bounds()) -> Child:
    """Sniff the file and have a child process read it meanwhile. Raises Unreadable for what is no table at all."""
    kind = identify_path(path)
    numbers = (bounds.memory, bounds.seconds, bounds.rows, bounds.columns)
    command = [sys.executable, "-I", "-S", "-c", _LAUNCH, *_PATHS, kind, str(path), *map(str, numbers)]
    return Child(command, bounds.seconds * 2)


def read(path: str | Path, bounds: Bounds = Bounds()) -> Spool:
    """Sniff the file and read all its rows in a child process. Raises Unreadable with what to do."""
    child = start(path, bounds)
    try:
        end = _told(child.last_line())
    except BaseException:
        child.__exit__()
        raise
    spool = Spool(child)
    spool.lines, spool.peak_mb = end["lines"], end["peak_mb"]
    return spool
