"""A fetched body read within bounds: pages and JSON in a child of ours, workbooks in the importer's."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import orjson

from firms.connecting.fieldmap import FILE, FieldMap
from firms.connecting.problem import Unfetched
from firms.connecting.sources import Rows, source_of

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of the child: memory in MB, seconds of work."""

    memory: int = 700
    seconds: int = 30


def read(kind: str, body: bytes, fieldmap: FieldMap, bounds: Bounds = Bounds()) -> Rows:
    """The body's rows. Raises Unfetched when it cannot be read, or not within the bounds."""
    if kind == FILE:
        return source_of(kind).rows(body, fieldmap)  # its reader is a bounded child already
    command = [sys.executable, "-m", "firms.connecting.child", kind, str(bounds.memory), str(bounds.seconds)]
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as told:
        given.write(orjson.dumps(fieldmap.as_data()) + b"\n")
        given.write(body)
        given.seek(0)
        try:
            done = subprocess.run(  # noqa: S603
                command,
                stdin=given,
                stdout=told,
                stderr=subprocess.DEVNULL,
                cwd=ROOT,
                env={"PATH": os.environ.get("PATH", ""), "PYTHONDONTWRITEBYTECODE": "1"},
                timeout=bounds.seconds * 2,
                check=False,
            )
            failed = done.returncode != 0
        except subprocess.TimeoutExpired:
            failed = True
        told.seek(0)
        lines = told.read().splitlines()
    if failed or not lines:
        raise Unfetched(
            "too_much_memory", "内容展开后过大或结构异常，读取时超出内存或时间限制。", "请改用分页或更精确的地址。"
        )
    first = orjson.loads(lines[0])
    if "refused" in first:
        raise Unfetched(first["refused"], first["message"], first["hint"], place=first["place"])
    rows = [orjson.loads(line) for line in lines[1:-1]]
    if orjson.loads(lines[-1]) != {"rows": len(rows)}:
        raise Unfetched("too_much_memory", "内容没有读完。", "请改用分页或更精确的地址。")
    return Rows(rows, set(first["found"]), first["next"])
