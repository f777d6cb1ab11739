"""The page of 群组对比: two builders, what came of them, and comparisons to begin with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from scoring.analysis.query import ALL, Condition, Group, Query
from scoring.presenters.analysis.builder import Builder, build
from scoring.presenters.analysis.cohorts import FIRST_FIELDS, SIDES, Cohort, Comparison
from scoring.presenters.analysis.compare import Compared, chart, name_of, table
from scoring.presenters.analysis.draft import Node
from scoring.presenters.analysis.page import problems_of, waiting
from scoring.presenters.analysis.tables import Table
from scoring.presenters.charts import Chart

if TYPE_CHECKING:
    from scoring.analysis.fields import Field
    from scoring.services.analysis import PeriodView, Result


@dataclass(frozen=True)
class ComparePage:
    """``problems``: what keeps a group from being asked, told in its builder."""

    comparison: Comparison
    builders: dict[str, Builder]
    names: dict[str, str]
    years: dict[str, int | None]
    periods: Sequence[PeriodView]
    fields: Builder
    query_string: str
    compared: Compared | None = None
    table: Table | None = None
    chart: Chart | None = None
    preparing: list[str] = field(default_factory=list)
    build_open: bool = True
    examples: list[tuple[str, str, str]] = field(default_factory=list)
    start: bool = False

    @property
    def sides(self) -> list[tuple[str, str, str, Builder, int | None]]:
        """(side, its name, the name typed, its builder, its period)."""
        return [
            (side, self.names[side], self.comparison.side(side).name, self.builders[side], self.years[side])
            for side in SIDES
        ]


def compare_page(
    comparison: Comparison,
    results: Mapping[str, Result],
    *,
    asked: bool,
    found: Compared | None = None,
    trees: Mapping[str, Node] | None = None,
    focus: str = "",
    told: Sequence[str] = (),
    examples: Sequence[tuple[str, str, str]] = (),
) -> ComparePage:
    """``results``: what each group's question came to, answered or only understood; ``trees``: the conditions as typed."""
    builders = {}
    for side in SIDES:
        result, query = results[side], comparison.side(side).query
        draft = query.to_json() | ({"where": trees[side]} if trees else {})
        # What is wrong with a field that is compared stands at that field, once.
        problems = [one for one in problems_of(result.problems, asked=asked) if not one[0].startswith("measures[")]
        builders[side] = build(draft, result.fields, [], problems, focus=focus, root=side)
    result = results["a"]
    chosen = Query(columns=comparison.fields, trial=comparison.a.query.trial).to_json()
    may_trial = any(not period.published for period in result.available) or chosen["trial"]
    everything = {code: one for code, one in result.fields.items() if one.measurable}
    return ComparePage(
        comparison=comparison,
        builders=builders,
        names={side: name_of(comparison, side) for side in SIDES},
        years={side: (results[side].query.periods or (None,))[0] for side in SIDES},
        periods=result.available,
        fields=build(chosen, everything, [], [("", message) for message in told], may_trial=may_trial),
        query_string=comparison.address(),
        compared=found,
        table=table(found, comparison) if found else None,
        chart=chart(found) if found else None,
        preparing=[waiting(one) for result in results.values() for one in result.preparing] if asked else [],
        build_open=found is None,
        examples=list(examples),
        start=bool(examples),
    )


def ready_made(known: Mapping[str, Field], years: Sequence[int]) -> list[tuple[str, str, str]]:
    """(title, hint, address) of comparisons that run on the data there is."""
    if not years:
        return []
    newest = years[:1]
    offered = [
        (
            _("高新技术企业与其他企业"), _("最近一个已公布的评价期"),
            Query(tuple(newest), _all(Condition("qualification.hightech", "is", True))), _("高企"),
            Query(tuple(newest), _all(Condition("qualification.hightech", "is", False))), _("非高企"),
        ),
        (
            _("高端装备制造与生物医药"), _("两个主导产业"),
            Query(tuple(newest), _all(Condition("firm.cluster", "in", ("equipment",)))), _("高端装备制造"),
            Query(tuple(newest), _all(Condition("firm.cluster", "in", ("biomedicine",)))), _("生物医药"),
        ),
    ]  # fmt: skip
    if len(years) > 1:
        growing = _all(Condition("firm.stage", "in", ("growth",)))
        offered.append((
            _("成长期企业：本期与上期"), _("同样的条件，先后两个评价期"),
            Query(tuple(newest), growing), _("%(year)s年度") % {"year": years[0]},
            Query(tuple(years[1:2]), growing), _("%(year)s年度") % {"year": years[1]},
        ))  # fmt: skip
    found = []
    for title, hint, first, first_name, second, second_name in offered:
        if all(code in known for query in (first, second) for _path, code in query.fields()):
            fields = tuple(code for code in FIRST_FIELDS if code in known)
            comparison = Comparison(Cohort(first, first_name), Cohort(second, second_name), fields)
            found.append((title, hint, comparison.address()))
    return found


def _all(*conditions: Condition) -> Group:
    return Group(ALL, conditions)
