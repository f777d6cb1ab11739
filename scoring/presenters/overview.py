"""首页总览: the zone at a glance, from the small cube each published run carries. Never reads a firm's facts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _

from firms.models import Industry, Park
from scoring.models import EvaluationPeriod, RunSlice, Score
from scoring.presenters.formatting import number, signed
from scoring.presenters.method import parsed

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from firms.models import User

TOP = 10
RANKED = "scored"


@dataclass(frozen=True)
class Figure:
    """One key figure; ``change`` is its difference from the period before, ``direction`` up, down or flat."""

    label: str
    value: str
    unit: str
    change: str = ""
    direction: str = "flat"
    note: str = ""


@dataclass(frozen=True)
class Chart:
    """A chart's plain values (static/js/charts.js) and the same values as a table's head and rows."""

    id: str
    title: str
    spec: dict[str, Any]
    head: list[str]
    rows: list[list[str]]
    note: str = ""

    @property
    def data_id(self) -> str:
        """The id of the element its values stand in."""
        return f"chart-{self.id}"


@dataclass(frozen=True)
class TopList:
    name: str
    firms: int
    url: str
    rows: list[Score]


@dataclass(frozen=True)
class Overview:
    """``period`` None: nothing is published yet, and everything else is empty."""

    period: EvaluationPeriod | None
    periods: list[EvaluationPeriod] = field(default_factory=list)
    previous: EvaluationPeriod | None = None
    figures: list[Figure] = field(default_factory=list)
    charts: dict[str, Chart] = field(default_factory=dict)
    tops: list[TopList] = field(default_factory=list)


@dataclass
class _Sum:
    """Ranked firms of one part of the zone: how many, their totals, their summed figures, their histogram."""

    firms: int = 0
    total: float = 0.0
    sums: dict[str, float] = field(default_factory=dict)
    histogram: list[int] = field(default_factory=list)

    def add(self, part: RunSlice) -> None:
        self.firms += part.firms
        self.total += part.total_sum
        for key, value in part.sums.items():
            self.sums[key] = self.sums.get(key, 0) + value
        missing = len(part.histogram) - len(self.histogram)
        self.histogram.extend([0] * max(missing, 0))
        for i, count in enumerate(part.histogram):
            self.histogram[i] += count

    @property
    def mean(self) -> float | None:
        return self.total / self.firms if self.firms else None


def overview(user: User | AnonymousUser, year: int | None = None) -> Overview:
    """The published period of ``year`` (the latest without one, or when that one is not published).

    The pointers are read once; everything else hangs on the runs they named. A constant number of queries.
    """
    periods = list(
        EvaluationPeriod.objects.visible_to(user)
        .published()
        .select_related("published_run__scheme")
        .defer("published_run__references")
        .order_by("-year_id")
    )
    if not periods:
        return Overview(None)
    shown = next((i for i, period in enumerate(periods) if period.year_id == year), 0)
    period = periods[shown]
    previous = periods[shown + 1] if shown + 1 < len(periods) else None
    slices: dict[int, list[RunSlice]] = {item.published_run_id: [] for item in periods}
    for part in RunSlice.objects.filter(run__in=list(slices), status=RANKED):
        slices[part.run_id].append(part)
    return Overview(
        period=period,
        periods=periods,
        previous=previous,
        figures=_figures(period, previous, slices),
        charts={chart.id: chart for chart in _charts(period, periods[shown:][::-1], slices)},
        tops=_tops(user, period, slices[period.published_run_id]),
    )


def _whole(parts: Iterable[RunSlice]) -> _Sum:
    whole = _Sum()
    for part in parts:
        whole.add(part)
    return whole


def _by(parts: Iterable[RunSlice], key: str) -> dict[str, _Sum]:
    groups: dict[str, _Sum] = {}
    for part in parts:
        groups.setdefault(getattr(part, key), _Sum()).add(part)
    return groups


# ---- key figures
def _intensity(whole: _Sum, summary: dict) -> float | None:
    spent, revenue = whole.sums.get("rd_expense"), whole.sums.get("revenue", 0)
    return spent / revenue * 100 if spent is not None and revenue > 0 else None


def _summed(code: str, unit: float = 1) -> Callable[[_Sum, dict], float | None]:
    """The sum in so large a unit; None where no firm has a known figure (scoring.assembly.cube leaves it out)."""
    return lambda whole, summary: whole.sums[code] / unit if code in whole.sums else None


def _held(code: str) -> Callable[[_Sum, dict], float | None]:
    return lambda whole, summary: summary.get("qualifications", {}).get(code)


def _measures() -> list[tuple[str, str, int, Callable[[_Sum, dict], float | None]]]:
    """(label, unit, decimals, value) of each key figure; 亿元 figures are summed in 万元."""
    return [
        (_("参评企业"), _("家"), 0, lambda whole, summary: whole.firms),
        (_("高新技术企业"), _("家"), 0, _held("hightech")),
        (_("科技型中小企业"), _("家"), 0, _held("tech_sme")),
        (_("规上工业企业"), _("家"), 0, _held("above_scale")),
        (_("研发费用"), _("亿元"), 2, _summed("rd_expense", 1e4)),
        (_("研发强度"), "%", 2, _intensity),
        (_("发明专利授权"), _("件"), 0, _summed("invention_grants")),
        (_("技术合同成交额"), _("亿元"), 2, _summed("tech_contract_value", 1e4)),
    ]


def _figures(
    period: EvaluationPeriod, previous: EvaluationPeriod | None, slices: dict[int, list[RunSlice]]
) -> list[Figure]:
    now = (_whole(slices[period.published_run_id]), period.published_run.summary)
    then = (_whole(slices[previous.published_run_id]), previous.published_run.summary) if previous else None
    figures = []
    for label, unit, decimals, measure in _measures():
        value = measure(*now)
        before = measure(*then) if then else None
        figures.append(_figure(label, unit, decimals, value, before))
    return figures


def _figure(label: str, unit: str, decimals: int, value: float | None, before: float | None) -> Figure:
    text = number(value, decimals)
    if value is None or before is None:
        return Figure(label, text, unit if value is not None else "")
    # The difference of what is shown: 12.35 after 12.30 reads +0.05, whatever the digits behind.
    difference = round(value, decimals) - round(before, decimals)
    text_of_change = signed(difference, decimals)
    change = _("%s个百分点") % text_of_change if unit == "%" else f"{text_of_change}{unit}"
    direction = "up" if difference > 0 else "down" if difference < 0 else "flat"
    return Figure(label, text, unit, change if difference else _("持平"), direction)


# ---- charts
def _charts(period: EvaluationPeriod, until: list[EvaluationPeriod], slices: dict[int, list[RunSlice]]) -> list[Chart]:
    run = period.published_run
    parts = slices[run.id]
    scheme = parsed(run.scheme_sha256, run.scheme.text)
    stages = {stage.code: stage.name for stage in scheme.stages}
    parks = dict(Park.objects.values_list("code", "name"))
    return [
        _trend(until, slices),
        _participation(until, slices),
        _parts("stage", _("按企业类型"), stages, _by(parts, "stage"), "rows"),
        _parts("cluster", _("按主导产业"), dict(Industry.Cluster.choices), _by(parts, "cluster"), "rows"),
        _parts("park", _("按园区"), parks, _by(parts, "park"), "rows"),
        _distribution(run.summary, stages, _by(parts, "stage")),
    ]


def _trend(until: list[EvaluationPeriod], slices: dict[int, list[RunSlice]]) -> Chart:
    wholes = [_whole(slices[item.published_run_id]) for item in until]
    labels = [_("%s年") % item.year_id for item in until]
    spent = _summed("rd_expense", 1e4)
    spending = [value if value is None else round(value, 2) for value in (spent(w, {}) for w in wholes)]
    intensity = [value if value is None else round(value, 2) for value in (_intensity(w, {}) for w in wholes)]
    return Chart(
        "trend",
        _("研发投入"),
        {
            "kind": "columns",
            "unit": _("亿元"),
            "labels": labels,
            "decimals": 2,
            "series": [
                {"name": _("研发费用"), "data": spending, "colour": "blue"},
                {"name": _("研发强度"), "data": intensity, "colour": "accent", "line": True, "unit": "%"},
            ],
        },
        [_("年度"), _("研发费用（亿元）"), _("研发强度（%）")],
        [[a, number(b, 2), number(c, 2)] for a, b, c in zip(labels, spending, intensity, strict=True)],
        _("研发强度 = 参评企业研发费用合计 ÷ 营业收入合计"),
    )


def _participation(until: list[EvaluationPeriod], slices: dict[int, list[RunSlice]]) -> Chart:
    wholes = [_whole(slices[item.published_run_id]) for item in until]
    labels = [_("%s年") % item.year_id for item in until]
    means = [None if whole.mean is None else round(whole.mean, 2) for whole in wholes]
    return Chart(
        "participation",
        _("参评企业与平均得分"),
        {
            "kind": "columns",
            "unit": _("家"),
            "labels": labels,
            "series": [
                {"name": _("参评企业"), "data": [whole.firms for whole in wholes], "colour": "mid"},
                {"name": _("平均得分"), "data": means, "colour": "accent", "line": True, "unit": _("分")},
            ],
        },
        [_("年度"), _("参评企业（家）"), _("平均得分")],
        [[a, number(b.firms), number(c, 2)] for a, b, c in zip(labels, wholes, means, strict=True)],
    )


def _parts(key: str, title: str, names: dict[str, str], groups: dict[str, _Sum], kind: str) -> Chart:
    """Firms and mean score of each part, in the order of ``names``; firms that belong to none come last."""
    order = [code for code in names if code in groups] + [code for code in groups if code not in names]
    labels = [names.get(code) or code or _("未登记") for code in order]
    firms = [groups[code].firms for code in order]
    rows = [
        [label, number(groups[code].firms), number(groups[code].mean, 2), number(_intensity(groups[code], {}), 2)]
        for label, code in zip(labels, order, strict=True)
    ]
    spec = {
        "kind": kind,
        "unit": _("家"),
        "labels": labels,
        "decimals": 0,
        "series": [{"name": _("参评企业"), "data": firms, "colour": "mid"}],
    }
    return Chart(key, title, spec, [title.removeprefix("按"), _("企业（家）"), _("平均得分"), _("研发强度（%）")], rows)


def _distribution(summary: dict, stages: dict[str, str], groups: dict[str, _Sum]) -> Chart:
    edges = summary.get("histogram_edges", [])
    labels = [f"{number(low)}–{number(high)}" for low, high in pairwise(edges)]
    used = [i for i in range(len(labels)) if any(i < len(g.histogram) and g.histogram[i] for g in groups.values())]
    first, last = (used[0], used[-1] + 1) if used else (0, 0)
    present = [code for code in stages if code in groups]
    data = {code: groups[code].histogram[first:last] for code in present}
    return Chart(
        "distribution",
        _("得分分布"),
        {
            "kind": "stacked",
            "unit": _("家"),
            "labels": labels[first:last],
            "decimals": 0,
            "series": [{"name": stages[code], "data": data[code], "colour": code} for code in present],
        },
        [_("最终得分"), *(stages[code] for code in present), _("合计")],
        [
            [labels[first + i], *(number(data[code][i]) for code in present), number(sum(data[c][i] for c in present))]
            for i in range(last - first)
        ],
        _("各段含下限、不含上限"),
    )


# ---- the best of each stage
def _tops(user: User | AnonymousUser, period: EvaluationPeriod, parts: list[RunSlice]) -> list[TopList]:
    run = period.published_run
    counts = {code: group.firms for code, group in _by(parts, "stage").items()}
    scores = Score.objects.visible_to(user).filter(run_id=run.id)
    tops = []
    for stage in parsed(run.scheme_sha256, run.scheme.text).stages:
        rows = scores.filter(stage=stage.code, position__isnull=False).order_by("position")
        url = f"{reverse('scoring:rankings')}?year={period.year_id}&stage={stage.code}"
        tops.append(
            TopList(
                stage.name,
                counts.get(stage.code, 0),
                url,
                list(rows.only("credit_code", "name", "total", "stage_rank")[:TOP]),
            )
        )
    return tops
