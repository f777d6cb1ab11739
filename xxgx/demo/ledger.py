"""The demo zone's register entries, and the list that collects them."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np


class EntryRow(NamedTuple):
    """One register entry; ``firm`` is the firm's index in the zone, ``amount`` is 万元."""

    firm: int
    kind: str
    category: str
    level: str
    title: str
    starts_on: date
    ends_on: date | None
    amount: float | None
    quantity: int
    document_number: str


class Ledger:
    """Collects entries; the same fact (firm, kind, category, level, title, start) never stands twice."""

    def __init__(self) -> None:
        self._rows: list[EntryRow] = []
        self._seen: set[tuple] = set()

    def add(
        self,
        firm: int,
        kind: str,
        title: str,
        starts_on: date,
        ends_on: date | None = None,
        *,
        category: str = "",
        level: str = "",
        amount: float | None = None,
        quantity: int = 1,
        number: str = "",
    ) -> EntryRow:
        """Append an entry; a title already used by a different entry of that day gets a serial number.

        Without ``number`` the entry gets one of the demo's own.
        """
        serial, unique = 1, title
        while (key := (firm, kind, category, level, unique, starts_on)) in self._seen:
            serial += 1
            unique = f"{title}（第{serial}项）"
        self._seen.add(key)
        number = number or f"演示-{starts_on.year}-{len(self._rows) + 1:05d}"
        row = EntryRow(int(firm), kind, category, level, unique, starts_on, ends_on, amount, quantity, number)
        self._rows.append(row)
        return row

    def end(self, entry: EntryRow, on: date) -> None:
        """The entry ends on this day (a platform that is delisted)."""
        self._rows[self._rows.index(entry)] = entry._replace(ends_on=on)

    def select(self, kind: str, category: str | None = None) -> Iterator[EntryRow]:
        return (r for r in self._rows if r.kind == kind and (category is None or r.category == category))

    def rows(self) -> list[EntryRow]:
        return list(self._rows)


def some_day(rng: np.random.Generator, year: int, first_month: int = 1, last_month: int = 12) -> date:
    """A random day of ``year`` between the first day of one month and the 28th of another."""
    start = date(year, first_month, 1)
    span = (date(year, last_month, 28) - start).days
    return start + timedelta(days=int(rng.integers(0, span + 1)))


def years_later(day: date, years: int) -> date:
    """The last day of a term of ``years`` that begins on ``day``."""
    return date(day.year + years, day.month, min(day.day, 28)) - timedelta(days=1)
