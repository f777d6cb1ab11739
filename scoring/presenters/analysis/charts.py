"""The chart of a result: what a reader would draw of it, from the very figures of its table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from scoring.analysis.grouping import TOTAL
from scoring.presenters.analysis.tables import cell_links
from scoring.presenters.analysis.words import label_of
from scoring.presenters.charts import Chart

if TYPE_CHECKING:
    from scoring.services.analysis import Head, Result

MOST = 40  # groups that can be told apart in one picture
_LINES, _SIDE_BY_SIDE = 8, 12  # groups that make lines, or columns, one can tell apart
_TREND = 3  # periods from which on their course is the point
STAGES = frozenset({"startup", "growth", "expansion", "mature"})  # have colours of their own everywhere
ADDED = frozenset({"count", "sum", "share"})  # what may be stacked: parts that make a whole


def looks(result: Result, index: int = 0) -> list[str]:
    """The kinds of picture a measure can be drawn as, the likeliest first: columns, rows, stacked, trend. None of a list."""
    query, groups = result.query, len(result.heads) - 1
    if not result.answered or query.mode == "list" or index >= len(result.measures):
        return []
    if query.mode == "pivot":
        return ["stacked", "columns"] if query.measures[index].statistic in ADDED else ["columns"]
    if len(result.periods) >= _TREND and groups <= _LINES:
        return ["trend", "columns", "rows"]
    found = ["rows", "columns"] if groups > _SIDE_BY_SIDE else ["columns", "rows"]
    return [*found, "trend"] if len(result.periods) > 1 else found


def chart(result: Result, index: int = 0, look: str = "") -> Chart | None:
    """The ``index``-th measure of a table of groups or a pivot; None of a list, and of more than a picture can hold."""
    query = result.query
    heads = [head for head in result.heads if head.key != TOTAL]
    possible = looks(result, index)
    kind = look if look in possible else next(iter(possible), "")
    if not result.answered or query.mode == "list" or not heads or len(heads) > MOST or index >= len(result.measures):
        return None
    if query.mode == "pivot":
        return _of_pivot(result, heads, index, kind)
    return _of_groups(result, heads, index, kind)


def _spec(result: Result, index: int, kind: str, labels: list[str], series: list[dict[str, Any]]) -> dict[str, Any]:
    measure = result.measures[index]
    return {"kind": kind, "unit": measure.unit, "labels": labels, "series": series, "decimals": measure.decimals}


def _of_groups(result: Result, heads: list[Head], index: int, kind: str) -> Chart:
    """Groups side by side; from three periods on their course, a line a group."""
    measure = result.measures[index]
    periods = list(reversed(result.periods))  # time runs to the right
    years = [_("%(year)s年") % {"year": period.year} for period in periods]
    names = [head.label for head in heads]
    labels = years if kind == "trend" else names
    if kind == "trend":
        series = [{"name": head.label, "data": [_value(result, p.year, head.key, TOTAL, index) for p in periods]} for head in heads]  # fmt: skip
    else:
        series = [{"name": year, "data": [_value(result, p.year, head.key, TOTAL, index) for head in heads]} for year, p in zip(years, periods, strict=True)]  # fmt: skip
    dimension = label_of(result.query.rows, result.fields)
    rows, links, cell = [], {}, cell_links(result)
    for i, head in enumerate(heads):
        cells = [head.label]
        for j, period in enumerate(periods, 1):
            cells.append(_text(result, period.year, head.key, TOTAL, index))
            links[i, j] = cell(period.year, head.key, TOTAL)
        rows.append(cells)
    return Chart(
        "result",
        (
            _("各段%(dimension)s的%(measure)s")
            if result.query.edges(result.query.rows)
            else _("各%(dimension)s的%(measure)s")
        )
        % {"dimension": dimension, "measure": measure.label},
        _spec(result, index, kind, labels, series),
        [dimension, *years],
        rows,
        links=links,
    )


def _of_pivot(result: Result, heads: list[Head], index: int, kind: str) -> Chart:
    """The newest period: a row's parts on one another where they add up, else side by side."""
    query, measure, period = result.query, result.measures[index], result.periods[0]
    parts = [head for head in result.across if head.key != TOTAL]
    series: list[dict[str, Any]] = [
        {"name": part.label, "data": [_value(result, period.year, head.key, part.key, index) for head in heads]}
        | ({"colour": part.key} if part.key in STAGES else {})
        for part in parts
    ]
    dimension = label_of(query.rows, result.fields)
    rows, links, cell = [], {}, cell_links(result)
    for i, head in enumerate(heads):
        cells = [head.label]
        for j, part in enumerate(parts, 1):
            cells.append(_text(result, period.year, head.key, part.key, index))
            links[i, j] = cell(period.year, head.key, part.key)
        rows.append(cells)
    title = _("%(period)s各%(rows)s、各%(across)s的%(measure)s") % {
        "period": period.name,
        "rows": dimension,
        "across": label_of(query.across, result.fields),
        "measure": measure.label,
    }
    return Chart(
        "result",
        title,
        _spec(result, index, kind, [head.label for head in heads], series),
        [dimension, *(part.label for part in parts)],
        rows,
        note=_("图为最近一期；各期见下表。") if len(result.periods) > 1 else "",
        links=links,
    )


def _value(result: Result, year: int, row: str, across: str, index: int) -> float | None:
    cell = result.cells.get((year, row, across))
    return cell.values[index] if cell else None


def _text(result: Result, year: int, row: str, across: str, index: int) -> str:
    cell = result.cells.get((year, row, across))
    return cell.texts[index] if cell else "—"
