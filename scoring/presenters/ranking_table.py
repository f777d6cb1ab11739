"""The ranking page around its rows: every condition stays in the address, one chip takes one of them away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

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


@dataclass(frozen=True)
class RankingTable:
    lines: list[Line]
    periods: list[Link]
    stages: list[Link]
    chips: list[Link]
    columns: dict[str, Column]
    dimensions: list[Column]
    first: str
    previous: str
    next: str
    last: str
    clear: str
    export: str


def conditions(query: Mapping[str, str]) -> dict[str, str | int | None]:
    """What the address asks for, as ``ranking_page`` takes it; a year that is no number is asked for as none."""
    year = query.get("year", "")
    named = {name: query.get(name, "") for name in ("stage", "cluster", "park", "q", "cursor")}
    number = int(year) if year.isascii() and year.isdigit() and len(year) <= 4 else None
    return {"period": number, "sort": query.get("sort") or "rank", **named}


def ranking_table(page: RankingPage) -> RankingTable:
    """Every address the page offers, from the conditions it was made with."""
    here = {
        "year": str(page.period.year_id) if page.period else "",
        "stage": page.stage,
        "cluster": page.cluster,
        "park": page.park,
        "q": page.q,
        "sort": "" if page.sort == "rank" else page.sort,
    }

    def to(**changes: str) -> str:
        query = {name: value for name, value in (here | changes).items() if value}
        return f"?{urlencode(query)}" if query else "?"

    def turned(code: str) -> Column:
        """Clicking a head sorts by it; clicking again turns it round."""
        chosen = page.sort.removeprefix("-") == code
        backwards = page.sort.startswith("-")
        falling = code not in ("rank", "name")  # dimensions: best first is descending
        direction = ("ascending" if backwards == falling else "descending") if chosen else "none"
        label = next((choice.label for choice in page.sorts if choice.value == code), code)
        return Column(str(label), to(sort=f"-{code}" if chosen and not backwards else code), direction)

    codes = [choice.value for choice in page.sorts]
    beyond = bool(page.next_cursor or page.previous_cursor)
    return RankingTable(
        lines=[_line(row, page.dimensions) for row in page.rows],
        periods=[
            Link(_("%s年度") % item.year_id, to(year=str(item.year_id)), item == page.period) for item in page.periods
        ],
        stages=[
            Link(str(choice.label), to(stage=choice.value), choice.selected, choice.count) for choice in page.stages
        ],
        chips=_chips(page, to),
        columns={code: turned(code) for code in codes if code in ("rank", "name")},
        dimensions=[turned(code) for code in codes if code not in ("rank", "name")],
        first=to() if beyond and page.previous_cursor else "",
        previous=to(cursor=page.previous_cursor) if page.previous_cursor else "",
        next=to(cursor=page.next_cursor) if page.next_cursor else "",
        last=to(cursor="last") if beyond and page.next_cursor else "",
        clear=to(stage="", cluster="", park="", q="", sort=""),
        export=to(),
    )


def _line(row: RankingRow, names: list[str]) -> Line:
    points = [(name, number(value, 2)) for name, value in zip(names, row.dimension_points, strict=False)]
    moved = row.movement
    if moved is None:
        return Line(row, _("新上榜"), "new", points)
    direction = "up" if moved > 0 else "down" if moved < 0 else "flat"
    return Line(row, str(abs(moved)) if moved else _("持平"), direction, points)


def _chips(page: RankingPage, to) -> list[Link]:
    chosen: list[tuple[str, str, list[Choice]]] = [
        ("stage", _("企业类型"), page.stages),
        ("cluster", _("主导产业"), page.clusters),
        ("park", _("园区"), page.parks),
    ]
    chips = [
        Link(f"{name}：{choice.label}", to(**{key: ""}))
        for key, name, choices in chosen
        for choice in choices
        if choice.selected and choice.value
    ]
    if page.q:
        chips.append(Link(_("检索：%s") % page.q, to(q="")))
    if page.sort != "rank":
        label = next((choice.label for choice in page.sorts if choice.selected), "")
        order = _("倒序") if page.sort.startswith("-") else ""
        chips.append(Link(_("排序：%(label)s%(order)s") % {"label": label, "order": order}, to(sort="")))
    return chips
