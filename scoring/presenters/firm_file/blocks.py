"""What every part of 一企一档 is made of: tables of cells, told once for the page and for the file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.utils.timezone import localtime

from scoring.presenters.charts import Chart

PAGE = 10  # rows of a list on the page
MOST = 2000  # rows of a list in a file
DEEPEST = 1000  # pages one can ask for
_NUMBER = re.compile(r"[0-9]{1,18}")

Row = TypeVar("Row")


@dataclass(frozen=True)
class Cell:
    """``text`` as read; ``value``: the same as a number for a workbook; ``notes``: who said so, and what was not followed."""

    text: str = "—"
    notes: tuple[str, ...] = ()
    url: str = ""
    tone: str = ""
    value: float | None = None


@dataclass(frozen=True)
class Head:
    """``kind``: "num" is set to the right, "day" is not broken, "" is text."""

    title: str
    kind: str = ""


@dataclass(frozen=True)
class Pager:
    """Links to the rows before and after; "" where there are none. ``number`` counts from 1."""

    number: int
    newer: str
    older: str


@dataclass(frozen=True)
class Block:
    """A table under a heading ("" for none). ``empty``: what is said where there are no rows."""

    title: str
    head: list[Head]
    rows: list[list[Cell]]
    empty: str = ""
    note: str = ""
    pager: Pager | None = None
    anchor: str = ""

    @property
    def lines(self) -> list[list[tuple[Head, Cell]]]:
        """Each row's cells with the heads they stand under."""
        return [list(zip(self.head, row, strict=True)) for row in self.rows]


@dataclass(frozen=True)
class Section:
    code: str
    title: str
    blocks: list[Block]
    note: str = ""
    chart: Chart | None = None
    facts: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Asked:
    """Which page of each list is wanted, by its code. ``whole``: a file is made, of all rows up to ``MOST``."""

    pages: Mapping[str, int] = field(default_factory=dict)
    whole: bool = False

    @classmethod
    def of(cls, query: Mapping[str, Any], *, whole: bool = False) -> Asked:
        """From an address; what is no page number is the first page."""
        pages = {code: min(int(text), DEEPEST) for code, text in query.items() if _NUMBER.fullmatch(str(text))}
        return cls({code: number for code, number in pages.items() if number > 1}, whole)

    def start(self, code: str) -> int:
        return 0 if self.whole else (self.pages.get(code, 1) - 1) * PAGE

    @property
    def size(self) -> int:
        return MOST if self.whole else PAGE

    def cut(self, code: str, rows: QuerySet[Any]) -> tuple[list[Any], Pager | None]:
        """The rows of the page asked for (one query), and where the others are."""
        start = self.start(code)
        found = list(rows[start : start + self.size + 1])
        return found[: self.size], self.pager(code, more=len(found) > self.size)

    def pager(self, code: str, *, more: bool) -> Pager | None:
        number = self.pages.get(code, 1)
        if self.whole or not (more or number > 1):
            return None
        return Pager(
            number,
            self._address(code, number - 1) if number > 1 else "",
            self._address(code, number + 1) if more else "",
        )

    def _address(self, code: str, number: int) -> str:
        pages = {name: page for name, page in self.pages.items() if name != code}
        return f"?{urlencode(pages | {code: number})}#{code}"


def texts(*cells: Any) -> list[Cell]:
    """Plain cells; what is empty is a dash."""
    return [cell if isinstance(cell, Cell) else Cell(str(cell) if cell not in (None, "") else "—") for cell in cells]


def heads(*titles: str, numbers: Sequence[int] = (), days: Sequence[int] = ()) -> list[Head]:
    return [Head(title, "num" if at in numbers else "day" if at in days else "") for at, title in enumerate(titles)]


def trimmed(block: Block) -> Block:
    """Without the columns of which no row says anything."""
    kept = [at for at in range(len(block.head)) if at == 0 or any(row[at].text != "—" for row in block.rows)]
    rows = [[row[at] for at in kept] for row in block.rows]
    return replace(block, head=[block.head[at] for at in kept], rows=rows)


def minute(at: datetime | None) -> str:
    return f"{localtime(at):%Y-%m-%d %H:%M}" if at else ""


def day(at: datetime | None) -> str:
    return f"{localtime(at):%Y-%m-%d}" if at else ""
