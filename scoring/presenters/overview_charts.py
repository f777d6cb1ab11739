"""The charts of 首页总览: trends over the published periods, parts of the zone, the distribution of scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from firms.models import Industry
from scoring.models import EvaluationPeriod
from scoring.presenters.charts import Chart
from scoring.presenters.formatting import number, rounded
from scoring.presenters.run_sums import Part, RunSums

Value = float | None
Sums = dict[int, RunSums]


@dataclass(frozen=True)
class Measure:
    """What the parts of the zone are compared by; ``code`` as it stands in the address."""

    code: str
    label: str
    unit: str
    decimals: int
    of: Callable[[Part], Value]


def measures() -> list[Measure]:
    """The first is shown where none is asked for."""
    return [
        Measure("firms", _("参评企业"), _("家"), 0, lambda part: part.firms),
        Measure("mean", _("平均得分"), _("分"), 2, lambda part: part.mean),
        Measure("intensity", _("研发强度"), "%", 2, lambda part: part.intensity),
    ]


def ranking_address(year: int, **conditions: str) -> str:
    """The public ranking of a year, filtered."""
    return f"{reverse('scoring:rankings')}?{urlencode({'year': year, **conditions})}"


# ---- over the periods
@dataclass(frozen=True)
class _Line:
    """One series: its name and unit, decimals, and its value in a period."""

    name: str
    unit: str
    decimals: int
    value: Callable[[EvaluationPeriod, Part], Value]
    colour: str
    line: bool = False


def trends(until: Sequence[EvaluationPeriod], sums: Sums) -> list[Chart]:
    """``until``: the periods up to the one shown, the earliest first."""

    def held(code: str) -> Callable[[EvaluationPeriod, Part], Value]:
        return lambda period, whole: period.published_run.summary.get("qualifications", {}).get(code)

    def summed(code: str, unit: float = 1) -> Callable[[EvaluationPeriod, Part], Value]:
        return lambda period, whole: whole.summed(code, unit)

    research = [
        _Line(_("研发费用"), _("亿元"), 2, summed("rd_expense", 1e4), "blue"),
        _Line(_("研发强度"), "%", 2, lambda period, whole: whole.intensity, "accent", True),
    ]
    output = [
        _Line(_("技术合同成交额"), _("亿元"), 2, summed("tech_contract_value", 1e4), "mid"),
        _Line(_("发明专利授权"), _("件"), 0, summed("invention_grants"), "accent", True),
    ]
    held_by = [
        _Line(_("高新技术企业"), _("家"), 0, held("hightech"), "blue"),
        _Line(_("科技型中小企业"), _("家"), 0, held("tech_sme"), "sky"),
        _Line(_("规上工业企业"), _("家"), 0, held("above_scale"), "accent"),
    ]
    participation = [
        _Line(_("参评企业"), _("家"), 0, lambda period, whole: whole.firms, "mid"),
        _Line(_("平均得分"), _("分"), 2, lambda period, whole: whole.mean, "accent", True),
    ]
    intensity = _("研发强度 = 参评企业研发费用合计 ÷ 营业收入合计")
    holders = _("按各评价期计龄截止日有效的资质统计，含未参加排名的企业")
    return [
        _trend("trend", _("研发投入"), until, sums, research, intensity),
        _trend("output", _("创新产出"), until, sums, output, _("参评企业合计")),
        _trend("holders", _("科技企业数量"), until, sums, held_by, holders),
        _trend("participation", _("参评企业与平均得分"), until, sums, participation),
    ]


def _trend(
    id: str, title: str, until: Sequence[EvaluationPeriod], sums: Sums, lines: list[_Line], note: str = ""
) -> Chart:
    wholes = [(period, sums[period.published_run_id].whole) for period in until]
    values = [[_rounded(line.value(*whole), line.decimals) for whole in wholes] for line in lines]
    labels = [_("%s年") % period.year_id for period in until]
    series: list[dict[str, Any]] = [
        {"name": line.name, "data": data, "colour": line.colour, "line": line.line, "unit": line.unit}
        | {"decimals": line.decimals}
        for line, data in zip(lines, values, strict=True)
    ]
    spec = {"kind": "columns", "unit": lines[0].unit, "labels": labels, "series": series}
    head = [_("年度"), *(_("%(name)s（%(unit)s）") % {"name": line.name, "unit": line.unit} for line in lines)]
    rows = [
        [label, *(number(data[i], line.decimals) for line, data in zip(lines, values, strict=True))]
        for i, label in enumerate(labels)
    ]
    links = {(i, 0): ranking_address(period.year_id) for i, period in enumerate(until)}
    return Chart(id, title, spec, head, rows, note, links)


def _rounded(value: Value, decimals: int) -> Value:
    return value if value is None or not decimals else rounded(value, decimals)


# ---- parts of the zone
def parts(
    period: EvaluationPeriod, sums: RunSums, stages: dict[str, str], parks: dict[str, str], measure: Measure
) -> list[Chart]:
    titles = {
        "stage": (_("按企业类型"), _("企业类型"), stages),
        "cluster": (_("按主导产业"), _("主导产业"), {code: str(name) for code, name in Industry.Cluster.choices}),
        "park": (_("按园区"), _("园区"), parks),
    }
    return [
        _parts(key, title, head, names, sums.parts[key], period.year_id, measure)
        for key, (title, head, names) in titles.items()
    ]


def _parts(
    key: str, title: str, head: str, names: dict[str, str], groups: dict[str, Part], year: int, measure: Measure
) -> Chart:
    """Every measure of each part in the table, the one chosen as picture; firms that belong to none come last."""
    order = [code for code in names if code in groups] + [code for code in groups if code not in names]
    labels = [names.get(code) or code or _("未登记") for code in order]
    every = measures()
    rows = [
        [label, *(number(item.of(groups[code]), item.decimals) for item in every)]
        for label, code in zip(labels, order, strict=True)
    ]
    data = [_rounded(measure.of(groups[code]), measure.decimals) for code in order]
    spec = {
        "kind": "rows", "unit": measure.unit, "labels": labels, "decimals": measure.decimals,
        "series": [{"name": measure.label, "data": data, "colour": "mid"}],
    }  # fmt: skip
    heads = [head, *(_("%(name)s（%(unit)s）") % {"name": item.label, "unit": item.unit} for item in every)]
    links = {
        (i, column): ranking_address(year, **{key: code}) for i, code in enumerate(order) if code for column in (0, 1)
    }
    return Chart(key, title, spec, heads, rows, links=links)


# ---- scores
def distribution(summary: dict[str, Any], sums: RunSums, stages: dict[str, str]) -> Chart:
    """Firms a band of points, each stage's upon the others; bands nobody is in are left out at both ends."""
    groups = sums.parts["stage"]
    labels = [f"{number(low)}–{number(high)}" for low, high in pairwise(summary.get("histogram_edges", []))]
    used = [i for i in range(len(labels)) if any(i < len(g.histogram) and g.histogram[i] for g in groups.values())]
    first, last = (used[0], used[-1] + 1) if used else (0, 0)
    present = [code for code in stages if code in groups]
    data = {code: groups[code].histogram[first:last] for code in present}
    spec = {
        "kind": "stacked", "unit": _("家"), "labels": labels[first:last], "decimals": 0,
        "series": [{"name": stages[code], "data": data[code], "colour": code} for code in present],
    }  # fmt: skip
    rows = [
        [labels[first + i], *(number(data[code][i]) for code in present), number(sum(data[c][i] for c in present))]
        for i in range(last - first)
    ]
    head = [_("最终得分"), *(stages[code] for code in present), _("合计")]
    return Chart("distribution", _("得分分布"), spec, head, rows, _("横轴为最终得分（分），各段含下限、不含上限"))
