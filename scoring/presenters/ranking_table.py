"""The ranking page around its rows: every condition stays in the address, one chip takes one of them away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlencode

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from scoring.presenters.formatting import number
from scoring.presenters.ranking import Choice, RankingPage, RankingRow

CONDITIONS = ("year", "stage", "cluster", "park", "q", "sort")


@dataclass(frozen=True)
class Link:
    label: str
    url: str
    current: bool = False
    count: int | None = None


@dataclass(frozen=True)
class Column:
    """A head of the table that sorts; ``direction`` is ascending, descending or none, as aria-sort has it."""

    label: str
    url: str
    direction: str


@dataclass(frozen=True)
class Line:
    """A firm's row; ``move``: places up or down since the period before, as a text; dimensions as (name, points)."""

    row: RankingRow
    move: str
    direction: str
    dimensions: list[tuple[str, str]]


@dataclass(frozen=True, eq=False)
class Around:
    """What stays the same from page to page of one ranking: every address that says nothing of a cursor."""

    periods: list[Link]
    stages: list[Link]
    chips: list[Link]
    columns: dict[str, Column]
    dimensions: list[Column]
    clear: str
    export: str


@dataclass(frozen=True)
class RankingTable:
    lines: list[Line]
    around: Around
    first: str
    previous: str
    next: str
    last: str


def conditions(query: Mapping[str, str]) -> dict[str, str | int | None]:
    """What the address asks for, as ``ranking_page`` takes it; a year that is no number is asked for as none."""
    year = query.get("year", "")
    named = {name: query.get(name, "") for name in ("stage", "cluster", "park", "q", "cursor")}
    number = int(year) if year.isascii() and year.isdigit() and len(year) <= 4 else None
    return {"period": number, "sort": query.get("sort") or "rank", **named}


class _Asked(NamedTuple):
    """All that the page around the rows is made from; values only, so that the same ones are worked out once."""

    year: int | None
    years: tuple[int, ...]
    stage: str
    cluster: str
    park: str
    q: str
    sort: str
    stages: tuple[Choice, ...]
    clusters: tuple[Choice, ...]
    parks: tuple[Choice, ...]
    sorts: tuple[Choice, ...]
    language: str

    def to(self, **changes: str) -> str:
        """The address of the same ranking with these conditions changed."""
        here = {
            "year": str(self.year or ""),
            "stage": self.stage,
            "cluster": self.cluster,
            "park": self.park,
            "q": self.q,
            "sort": "" if self.sort == "rank" else self.sort,
        }
        query = {name: value for name, value in (here | changes).items() if value}
        return f"?{urlencode(query)}" if query else "?"

    def turned(self, code: str) -> Column:
        """Clicking a head sorts by it; clicking again turns it round."""
        chosen = self.sort.removeprefix("-") == code
        backwards = self.sort.startswith("-")
        falling = code not in ("rank", "name")  # dimensions: best first is descending
        direction = ("ascending" if backwards == falling else "descending") if chosen else "none"
        label = next((choice.label for choice in self.sorts if choice.value == code), code)
        return Column(str(label), self.to(sort=f"-{code}" if chosen and not backwards else code), direction)


def ranking_table(page: RankingPage) -> RankingTable:
    """Every address the page offers, from the conditions it was made with."""
    asked = _Asked(
        year=page.period.year_id if page.period else None,
        years=tuple(item.year_id for item in page.periods),
        stage=page.stage,
        cluster=page.cluster,
        park=page.park,
        q=page.q,
        sort=page.sort,
        stages=tuple(page.stages),
        clusters=tuple(page.clusters),
        parks=tuple(page.parks),
        sorts=tuple(page.sorts),
        language=get_language() or "",
    )
    return RankingTable(
        lines=[_line(row, page.dimensions) for row in page.rows],
        around=_around(asked),
        first=asked.to() if page.previous_cursor else "",
        previous=asked.to(cursor=page.previous_cursor) if page.previous_cursor else "",
        next=asked.to(cursor=page.next_cursor) if page.next_cursor else "",
        last=asked.to(cursor="last") if page.next_cursor else "",
    )


@lru_cache(maxsize=256)
def _around(asked: _Asked) -> Around:
    codes = [choice.value for choice in asked.sorts]
    return Around(
        periods=[Link(_("%s年度") % year, asked.to(year=str(year)), year == asked.year) for year in asked.years],
        stages=[
            Link(str(choice.label), asked.to(stage=choice.value), choice.selected, choice.count)
            for choice in asked.stages
        ],
        chips=_chips(asked),
        columns={code: asked.turned(code) for code in codes if code in ("rank", "name")},
        dimensions=[asked.turned(code) for code in codes if code not in ("rank", "name")],
        clear=asked.to(stage="", cluster="", park="", q="", sort=""),
        export=asked.to(),
    )


def _line(row: RankingRow, names: list[str]) -> Line:
    points = [(name, number(value, 2)) for name, value in zip(names, row.dimension_points, strict=False)]
    moved = row.movement
    if moved is None:
        return Line(row, _("新上榜"), "new", points)
    direction = "up" if moved > 0 else "down" if moved < 0 else "flat"
    return Line(row, str(abs(moved)) if moved else _("持平"), direction, points)


def _chips(asked: _Asked) -> list[Link]:
    chosen: list[tuple[str, str, tuple[Choice, ...]]] = [
        ("stage", _("企业类型"), asked.stages),
        ("cluster", _("主导产业"), asked.clusters),
        ("park", _("园区"), asked.parks),
    ]
    chips = [
        Link(f"{name}：{choice.label}", asked.to(**{key: ""}))
        for key, name, choices in chosen
        for choice in choices
        if choice.selected and choice.value
    ]
    if asked.q:
        chips.append(Link(_("检索：%s") % asked.q, asked.to(q="")))
    if asked.sort != "rank":
        label = next((choice.label for choice in asked.sorts if choice.selected), "")
        order = _("倒序") if asked.sort.startswith("-") else ""
        chips.append(Link(_("排序：%(label)s%(order)s") % {"label": label, "order": order}, asked.to(sort="")))
    return chips
