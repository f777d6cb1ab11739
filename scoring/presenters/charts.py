"""A chart: plain values for the picture, and the same values as the table that stands beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Chart:
    """A chart's plain values (static/js/charts.js) and the same values as a table's head and rows.

    ``rows``: cells as shown, the first of each names the row. ``links``: where a cell's firms are listed, by
    (row, column), both from 0; a cell without one stands as it is. ``id`` is unique on its page.
    """

    id: str
    title: str
    spec: dict[str, Any]
    head: list[str]
    rows: list[list[str]]
    note: str = ""
    links: dict[tuple[int, int], str] = field(default_factory=dict)

    @property
    def data_id(self) -> str:
        """The id of the element its values stand in."""
        return f"chart-{self.id}"

    @property
    def shown(self) -> list[list[tuple[str, str]]]:
        """Every row's cells, each with its link or ""."""
        return [[(cell, self.links.get((i, j), "")) for j, cell in enumerate(row)] for i, row in enumerate(self.rows)]
