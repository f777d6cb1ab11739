"""首页总览: the zone at a glance, from the small cube each published run carries. Never reads a firm's facts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from firms.models import Park
from scoring.models import Announcement, EvaluationPeriod, HonourList, Score
from scoring.presenters.announcements import latest
from scoring.presenters.charts import Chart
from scoring.presenters.formatting import number, rounded, signed
from scoring.presenters.overview_charts import distribution, measures, parts, ranking_address, trends
from scoring.presenters.published import published_periods
from scoring.presenters.run_sums import Part, RunSums, sums_of

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from firms.models import User

__all__ = ["Chart", "Figure", "Overview", "overview"]

TOP = 10


@dataclass(frozen=True)
class Figure:
    """One key figure; ``change`` is its difference from the period before, ``direction`` up, down or flat.

    ``url``: where what it counts is listed, or the chart of its course on this page.
    """

    label: str
    value: str
    unit: str
    change: str = ""
    direction: str = "flat"
    url: str = ""


@dataclass(frozen=True)
class Switch:
    """One choice of what the parts of the zone are compared by."""

    label: str
    url: str
    current: bool


@dataclass(frozen=True)
class TopList:
    name: str
    firms: int
    url: str
    rows: list[Score]


@dataclass(frozen=True)
class Overview:
    """``period`` None: nothing is published yet, and everything but the announcements is empty. ``honours``: whether a list is in force."""

    period: EvaluationPeriod | None
    periods: list[EvaluationPeriod] = field(default_factory=list)
    previous: EvaluationPeriod | None = None
    figures: list[Figure] = field(default_factory=list)
    charts: dict[str, Chart] = field(default_factory=dict)
    switches: list[Switch] = field(default_factory=list)
    tops: list[TopList] = field(default_factory=list)
    measure: str = ""
    announcements: list[Announcement] = field(default_factory=list)
    honours: bool = False


def overview(user: User | AnonymousUser, year: int | None = None, measure: str = "") -> Overview:
    """The published period of ``year`` (the latest without one, or when that one is not published).

    ``measure``: what the parts of the zone are compared by (``overview_charts.measures``); the first for anything else.
    The pointers are read once; everything else hangs on the runs they named. A constant number of queries.
    """
    periods = published_periods()
    if not periods:
        return Overview(None, announcements=latest())
    shown = next((i for i, period in enumerate(periods) if period.year_id == year), 0)
    period = periods[shown]
    previous = periods[shown + 1] if shown + 1 < len(periods) else None
    chosen = next((item for item in measures() if item.code == measure), measures()[0])
    sums = sums_of(item.published_run for item in periods if item.published_run)
    run, own = period.published_run, sums[period.published_run_id]
    stages = dict(run.summary["stages"])
    charts = [
        *trends(periods[shown:][::-1], sums),
        *parts(period, own, stages, dict(Park.objects.values_list("code", "name")), chosen),
        distribution(run.summary, own, stages),
    ]
    switches = [
        Switch(item.label, f"?year={period.year_id}&measure={item.code}#parts", item.code == chosen.code)
        for item in measures()
    ]
    return Overview(
        period=period,
        periods=periods,
        previous=previous,
        figures=_figures(period, previous, sums),
        charts={chart.id: chart for chart in charts},
        switches=switches,
        tops=_tops(user, period, own, stages),
        measure=chosen.code if chosen.code == measure else "",
        announcements=latest(),
        honours=HonourList.objects.in_force().filter(run=run).exists(),
    )


# ---- key figures
def _values(period: EvaluationPeriod, whole: Part) -> list[float | None]:
    held = period.published_run.summary.get("qualifications", {})
    return [
        whole.firms,
        held.get("hightech"),
        held.get("tech_sme"),
        held.get("above_scale"),
        whole.summed("rd_expense", 1e4),
        whole.intensity,
        whole.summed("invention_grants"),
        whole.summed("tech_contract_value", 1e4),
    ]


def _figures(period: EvaluationPeriod, previous: EvaluationPeriod | None, sums: dict[int, RunSums]) -> list[Figure]:
    """亿元 figures are summed in 万元."""
    shown = [
        (_("参评企业"), _("家"), 0, ranking_address(period.year_id)),
        (_("高新技术企业"), _("家"), 0, "#holders"),
        (_("科技型中小企业"), _("家"), 0, "#holders"),
        (_("规上工业企业"), _("家"), 0, "#holders"),
        (_("研发费用"), _("亿元"), 2, "#trend"),
        (_("研发强度"), "%", 2, "#trend"),
        (_("发明专利授权"), _("件"), 0, "#output"),
        (_("技术合同成交额"), _("亿元"), 2, "#output"),
    ]
    now = _values(period, sums[period.published_run_id].whole)
    then = _values(previous, sums[previous.published_run_id].whole) if previous else [None] * len(now)
    return [
        _figure(label, unit, decimals, url, value, before)
        for (label, unit, decimals, url), value, before in zip(shown, now, then, strict=True)
    ]


def _figure(label: str, unit: str, decimals: int, url: str, value: float | None, before: float | None) -> Figure:
    text = number(value, decimals)
    if value is None or before is None:
        return Figure(label, text, unit if value is not None else "", url=url)
    # The difference of what is shown: 12.35 after 12.30 reads +0.05, whatever the digits behind.
    difference = rounded(value, decimals) - rounded(before, decimals)
    text_of_change = signed(difference, decimals)
    change = (
        _("%s个百分点") % text_of_change
        if unit == "%"
        else _("%(change)s%(unit)s") % {"change": text_of_change, "unit": unit}
    )
    direction = "up" if difference > 0 else "down" if difference < 0 else "flat"
    return Figure(label, text, unit, change if difference else _("持平"), direction, url)


# ---- the best of each stage
def _tops(user: User | AnonymousUser, period: EvaluationPeriod, sums: RunSums, stages: dict[str, str]) -> list[TopList]:
    scores = Score.objects.visible_to(user, period.published_run).only("credit_code", "name", "total", "stage_rank")
    tops = []
    for code, name in stages.items():
        rows = scores.filter(stage=code, position__isnull=False).order_by("position")
        group = sums.parts["stage"].get(code, Part())
        tops.append(TopList(name, group.firms, ranking_address(period.year_id, stage=code), list(rows[:TOP])))
    return tops
