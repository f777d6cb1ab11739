"""群组对比: two groups of firms side by side, figure by figure, and what they have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from scoring.analysis.grouping import TOTAL
from scoring.analysis.query import ALL, Condition, Group, Measure, Query
from scoring.presenters.analysis.cohorts import SIDES, Cohort, Comparison, both
from scoring.presenters.analysis.draft import NAME
from scoring.presenters.analysis.page import RunLine, run_line
from scoring.presenters.analysis.tables import Cell, Line, Table, link_maker
from scoring.presenters.analysis.words import with_unit
from scoring.presenters.charts import Chart
from scoring.presenters.formatting import number, rounded, signed

if TYPE_CHECKING:
    from scoring.analysis.fields import Field
    from scoring.services.analysis import Result

    Ask = Callable[[Query], Result]

STATISTICS = ("count", "mean", "p25", "median", "p75")
SHOWN = ("firm.stage", "firm.cluster", "firm.park", "score.total")  # of a group's list, beside what is compared


@dataclass(frozen=True)
class Figures:
    """One field in both groups: value and text per statistic, and what sets them apart (of the medians)."""

    field: Field
    a: dict[str, tuple[float | None, str]]
    b: dict[str, tuple[float | None, str]]
    difference: float | None
    ratio: float | None

    def side(self, name: str) -> dict[str, tuple[float | None, str]]:
        return self.a if name == "a" else self.b


@dataclass(frozen=True)
class Side:
    """A group as the page names it. ``url``: the list of its firms."""

    name: str
    words: list[str]
    run: RunLine
    matched: int
    url: str


@dataclass(frozen=True)
class Compared:
    """``overlap``: firms in both, None where that cannot be told (``overlap_note`` says why)."""

    groups: dict[str, Side]
    figures: list[Figures]
    overlap: int | None
    overlap_url: str
    overlap_note: str
    notes: list[str] = field(default_factory=list)

    @property
    def shares(self) -> tuple[str, str] | None:
        """How much of each group the common firms are, in per cent."""
        if not self.overlap:
            return None
        a, b = (number(self.overlap / self.groups[side].matched * 100, 1) for side in SIDES)
        return a, b


def question(cohort: Cohort, fields: Sequence[str]) -> Query:
    """Everything told of a group, in one question: the totals of a table by status."""
    measures = tuple(Measure(code, statistic) for code in fields for statistic in STATISTICS)
    return cohort.query.but(rows="firm.status", measures=measures or (Measure(),))


def compared(comparison: Comparison, ask: Ask) -> tuple[Compared | None, dict[str, Result]]:
    """Both groups' answers, and the comparison where both have one. Three questions, whatever is compared."""
    results = {side: ask(question(comparison.side(side), comparison.fields)) for side in SIDES}
    if not all(result.answered for result in results.values()):
        return None, results
    names = {side: name_of(comparison, side) for side in SIDES}
    links = link_maker()
    groups = {
        side: Side(
            names[side],
            list(result.conditions_in_words),
            run_line(result.periods[0]),
            result.total,
            links(listing(comparison.side(side).query, comparison.fields)),
        )
        for side, result in results.items()
    }
    common, note = _common(comparison, results)
    overlap = None
    if common is not None:
        overlap = ask(common.but(columns=(NAME,))).total
    return (
        Compared(
            groups,
            [_figures(results, i, code) for i, code in enumerate(comparison.fields)],
            overlap,
            links(listing(common, comparison.fields)) if common is not None and overlap else "",
            note,
        ),
        results,
    )


def name_of(comparison: Comparison, side: str) -> str:
    return comparison.side(side).name or (_("甲组") if side == "a" else _("乙组"))


def listing(query: Query, fields: Sequence[str], *known: str) -> Query:
    """The list of a group's firms with what is compared; ``known``: only those who have these figures."""
    conditions = tuple(Condition(code, "known") for code in known)
    where = query.where
    if conditions:
        where = Group(ALL, (*((where,) if where.children else ()), *conditions))
    columns = tuple(dict.fromkeys((NAME, *SHOWN, *fields)))
    sort = ((known or tuple(fields) or ("score.total",))[0], "desc")
    return query.but(where=where, columns=columns, sort=(sort,))


def _figures(results: Mapping[str, Result], at: int, code: str) -> Figures:
    sides: dict[str, dict[str, tuple[float | None, str]]] = {}
    for side, result in results.items():
        cell = result.cells.get((result.periods[0].year, TOTAL, TOTAL))
        start = at * len(STATISTICS)
        sides[side] = {
            statistic: (cell.values[start + i], cell.texts[start + i]) if cell else (None, "—")
            for i, statistic in enumerate(STATISTICS)
        }
    a, b = sides["a"]["median"][0], sides["b"]["median"][0]
    return Figures(
        results["a"].fields[code],
        sides["a"],
        sides["b"],
        a - b if a is not None and b is not None else None,
        a / b if a is not None and b is not None and a >= 0 and b > 0 else None,
    )


def _common(comparison: Comparison, results: Mapping[str, Result]) -> tuple[Query | None, str]:
    """The question for the firms in both groups, or why there is none."""
    newer, older = (comparison.a, comparison.b)
    late, early = (results[side].periods[0] for side in SIDES)
    if late.year < early.year:
        newer, older, late, early = older, newer, early, late
    years = (late.year, *late.earlier)
    if early.year not in years or years[years.index(early.year) :] != (early.year, *early.earlier):
        return None, _("一组的评价期已公布、另一组的没有公布，两期的“上一期”不同，不能核对有多少企业同在两组。")
    kinds = {code: one.kind for code, one in results["a"].fields.items()}
    found = both(newer.query.but(periods=(late.year,)), older.query, years.index(early.year), kinds)
    if found is None:
        return None, _("两组的评价期不同，而条件中有名称、名单或“最大、最小的若干家”，不能核对有多少企业同在两组。")
    return found, ""


# ---- as a table and as a chart
def table(compared: Compared, comparison: Comparison) -> Table:
    """A line a field: both groups' figures, then how far apart the medians are."""
    said = {
        "count": _("已提供"), "mean": _("平均值"), "p25": _("25%分位"), "median": _("中位数"), "p75": _("75%分位"),
    }  # fmt: skip
    top = [Cell(_("数据项"), down=2)]
    top += [Cell(compared.groups[side].name, num=True, across=len(STATISTICS), scope="colgroup") for side in SIDES]
    top.append(Cell(_("中位数相比"), num=True, across=2, scope="colgroup"))
    second = [Cell(said[statistic], num=True) for _side in SIDES for statistic in STATISTICS]
    second += [Cell(_("相差"), num=True), Cell(_("前者为后者的"), num=True)]
    links = link_maker()
    rows = []
    for figures in compared.figures:
        cells = [Cell(with_unit(figures.field.label, figures.field.unit), head=True, scope="row")]
        for side in SIDES:
            found = figures.side(side)
            query = comparison.side(side).query
            url = links(listing(query, comparison.fields, figures.field.code)) if found["count"][0] else ""
            cells += [Cell(found[statistic][1], url, num=True) for statistic in STATISTICS]
        rows.append(Line([*cells, Cell(difference(figures), num=True), Cell(ratio(figures), num=True)]))
    return Table(_("两组企业逐项对比；数字可点开看其中的企业"), [top, second], rows, pivot=True)


def difference(figures: Figures) -> str:
    if figures.difference is None:
        return "—"
    return signed(figures.difference, max(figures.field.decimals, 2))


def ratio(figures: Figures) -> str:
    return "—" if figures.ratio is None else _("%(n)s倍") % {"n": number(figures.ratio, 2)}


def chart(compared: Compared) -> Chart | None:
    """Medians of the first group where the second one's are 100: figures of any unit beside one another."""
    shown = [figures for figures in compared.figures if figures.ratio is not None]
    if not shown:
        return None
    a, b = (compared.groups[side].name for side in SIDES)
    index = [rounded(figures.ratio * 100, 1) for figures in shown if figures.ratio is not None]
    labels = [figures.field.label for figures in shown]
    spec = {
        "kind": "rows", "unit": "", "labels": labels, "decimals": 1,
        "series": [
            {"name": a, "data": index, "colour": "blue"},
            {"name": b, "data": [100] * len(shown), "colour": "accent"},
        ],
    }  # fmt: skip
    rows = [[label, number(value, 1), "100"] for label, value in zip(labels, index, strict=True)]
    title = _("%(a)s与%(b)s的中位数（以%(b)s为100）") % {"a": a, "b": b}
    return Chart("compare", title, spec, [_("数据项"), a, b], rows)
