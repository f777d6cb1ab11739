"""Where things stand in a TOML text: tomllib gives values without lines, officials need the line of a mistake."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""^\s*("[^"]*"|'[^']*'|[A-Za-z0-9_\-*]+)\s*=""")


@dataclass
class Lines:
    """Line numbers (from 1) of the blocks and keys of a TOML text, by path such as ("indicators", 3, "value")."""

    found: dict[tuple[str | int, ...], int] = field(default_factory=dict)

    def of(self, *path: str | int) -> int:
        """The line of the path, or of the nearest enclosing block; 1 when nothing is known."""
        for length in range(len(path), 0, -1):
            line = self.found.get(path[:length])
            if line is not None:
                return line
        return 1


def locate(text: str) -> Lines:
    """Index the headers and keys of a TOML text; each key is expected at the start of a line."""
    lines = Lines()
    counts: dict[str, int] = {}
    block: tuple[str | int, ...] = ()
    inside: str | None = None  # the delimiter of an open multi-line string
    for number, line in enumerate(text.split("\n"), start=1):
        if inside is not None:
            if inside in line:
                inside = None
            continue
        header = _HEADER.match(line)
        if header:
            names = tuple(part.strip().strip("\"'") for part in header.group(2).split("."))
            if header.group(1) == "[[":
                index = counts.get(header.group(2), 0)
                counts[header.group(2)] = index + 1
                block = (*names, index)
            else:
                block = names
            lines.found.setdefault(block, number)
            continue
        key = _KEY.match(line)
        if key:
            lines.found.setdefault((*block, key.group(1).strip("\"'")), number)
            for mark in ('"""', "'''"):
                if line.count(mark) % 2:
                    inside = mark
    return lines
