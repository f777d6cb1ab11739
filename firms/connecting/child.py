"""The child process that reads a fetched body: within memory, time and rows. A page of 20 MB can unfold to gigabytes of objects.

``python -m firms.connecting.child KIND MEMORY_MB SECONDS``; on stdin the field map as one JSON line, then the body. On stdout
``{"found", "next"}``, one array a row, ``{"rows": n}``; or ``{"refused": code, "message", "hint", "place"}``.
"""

from __future__ import annotations

import resource
import sys

import orjson

from firms.connecting.fieldmap import FieldMap
from firms.connecting.problem import Unfetched
from firms.connecting.sources import source_of


def main() -> None:
    kind, memory, seconds = sys.argv[1:4]
    resource.setrlimit(resource.RLIMIT_AS, (int(memory) << 20, int(memory) << 20))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    out = sys.stdout.buffer
    fieldmap = FieldMap.of(orjson.loads(sys.stdin.buffer.readline()))
    try:
        read = source_of(kind).rows(sys.stdin.buffer.read(), fieldmap)
        out.write(orjson.dumps({"found": sorted(read.found), "next": read.next}) + b"\n")
        for row in read.rows:
            out.write(orjson.dumps(row) + b"\n")
        out.write(orjson.dumps({"rows": len(read.rows)}) + b"\n")
    except Unfetched as problem:
        said = {"message": problem.message, "hint": problem.hint, "place": problem.place}
        out.write(orjson.dumps({"refused": problem.code, **said}) + b"\n")
    except MemoryError:
        sys.exit(3)


if __name__ == "__main__":
    main()
