"""能力画像: a firm's figures beside the middle and the top quarter of its stage, what it is strong in and what it could win."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from scoring.assembly.spreads import Group
from scoring.engine.alone import worth
from scoring.engine.indicators import STATES
from scoring.models import Score
from scoring.presenters.charts import Chart
from scoring.presenters.formatting import number, rounded, typeset
from scoring.presenters.method import anchor
from scoring.presenters.own.changes import broken, label
from scoring.presenters.own.standing import FEWEST, Page, Standing, scheme_of, segments, standing

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from firms.models import User

STRENGTHS = 8
GAPS = 12
HAIR = 5e-3  # weighted points that show as nothing


@dataclass(frozen=True)
class Item:
    """One indicator: points as text; ``lead`` over the stage's middle, ``to_top`` and ``to_full`` in final points (weighted)."""

    code: str
    name: str
    anchor: str
    dimension: str
    points: str
    most: str
    median: str
    top: str
    lead: str
    to_top: str
    to_full: str
    missing: bool
    order: tuple[float, float]
    ahead: float


@dataclass(frozen=True)
class DimensionLine:
    name: str
    points: str
    median: str
    top: str


@dataclass(frozen=True)
class Portrait(Page):
    """``peers``: ranked firms of the stage, own included; 0 where they are too few to be shown."""

    stage: str = ""
    peers: int = 0
    fewest: int = FEWEST
    radars: list[Chart] = field(default_factory=list)
    dimensions: list[DimensionLine] = field(default_factory=list)
    strengths: list[Item] = field(default_factory=list)
    gaps: list[Item] = field(default_factory=list)
    trend: Chart | None = None
    linear: bool = True


def portrait(user: User | AnonymousUser, credit_code: str, year: int | None = None, trial: bool = False) -> Portrait:
    """The firm's portrait for who may see its facts. Raises Http404."""
    found = standing(user, credit_code, year, trial)
    if not found.ranked:
        return Portrait(found)
    group = found.peers()
    items, linear = _items(found, group)
    gaps = sorted((item for item in items if item.order[0] < -HAIR), key=lambda item: item.order)
    strengths = sorted((item for item in items if item.ahead > HAIR), key=lambda item: -item.ahead)
    return Portrait(
        standing=found,
        stage=found.stage.name,
        peers=group.firms if group else 0,
        radars=_radars(found, group),
        dimensions=_dimensions(found, group),
        strengths=strengths[:STRENGTHS],
        gaps=gaps[:GAPS],
        trend=_trend(found.scores),
        linear=linear,
    )


def _items(found: Standing, group: Group | None) -> tuple[list[Item], bool]:
    """Every indicator of the stage; the second value False where points do not add up to the total by fixed weights."""
    scheme, record = found.scheme, found.record
    worths = worth(scheme, record.stage)
    factor = _decay(found)
    names = {dimension.code: dimension.name for dimension in scheme.dimensions}
    items = []
    for j, indicator in enumerate(scheme.indicators):
        if not indicator.exists[record.stage]:
            continue
        own, most = float(record.points[j]), float(indicator.max_points)
        spread = group.points.get(indicator.code) if group else None
        median = spread.quantile(0.5) if spread else None
        top = spread.quantile(0.75) if spread else None
        each = worths[indicator.code] * factor if worths else 1.0
        to_full = max(0.0, most - own) * each
        to_top = max(0.0, top - own) * each if top is not None else 0.0
        lead = (own - median) * each if median is not None else 0.0
        items.append(
            Item(
                code=indicator.code,
                name=typeset(indicator.name),
                anchor=anchor(indicator.code),
                dimension=names[indicator.dimension],
                points=number(own, 2),
                most=number(most),
                median=number(median, 2),
                top=number(top, 2),
                lead=number(lead, 2),
                to_top=number(to_top, 2) if top is not None else "—",
                to_full=number(to_full, 2),
                missing=STATES[record.state[j]] == "missing",
                order=(-to_full, -to_top),
                ahead=lead,
            )
        )
    return items, worths is not None


def _decay(found: Standing) -> float:
    """What the points are multiplied by in the end."""
    factors = [float(decay) for decay in found.record.decays]
    together = min if found.scheme.settings["decay_stacking"] == "smallest" else math.prod
    return float(together(factors)) if factors else 1.0


def _radars(found: Standing, group: Group | None) -> list[Chart]:
    """One per dimension: each indicator in per cent of its points, own, the stage's middle and its top quarter."""
    scheme, record = found.scheme, found.record
    charts = []
    for dimension in scheme.dimensions:
        rows = [
            (j, indicator)
            for j, indicator in enumerate(scheme.indicators)
            if indicator.dimension == dimension.code and indicator.exists[record.stage] and indicator.max_points
        ]
        if len(rows) < 3:  # two directions make no shape
            continue
        own = [_percent(record.points[j], indicator.max_points) for j, indicator in rows]
        series = [{"name": _("本企业"), "data": own, "colour": "blue"}]
        if group is not None:
            for name, share, colour in ((_("同类型中位数"), 0.5, "grey"), (_("同类型上四分位"), 0.75, "accent")):
                quantiles = [group.points[indicator.code].quantile(share) for _j, indicator in rows]
                data = [_percent(v, i.max_points) for v, (_j, i) in zip(quantiles, rows, strict=True)]
                series.append({"name": name, "data": data, "colour": colour})
        labels = [typeset(indicator.name) for _j, indicator in rows]
        spec = {"kind": "radar", "unit": "%", "labels": labels, "codes": [i.code for _j, i in rows], "series": series}
        head = [_("指标"), *(line["name"] for line in series)]
        table = [
            [f"{indicator.code} {name}", *(f"{number(line['data'][k], 1)}%" for line in series)]
            for k, ((_j, indicator), name) in enumerate(zip(rows, labels, strict=True))
        ]
        title = _("%(dimension)s：各项指标得分占分值的比例") % {"dimension": dimension.name}
        charts.append(Chart(f"radar-{dimension.code}", title, spec, head, table))
    return charts


def _percent(points: Any, most: Any) -> float:
    return rounded(100 * max(0.0, float(points)) / float(most), 1)


def _dimensions(found: Standing, group: Group | None) -> list[DimensionLine]:
    lines = []
    for j, dimension in enumerate(found.scheme.dimensions):
        spread = group.dimensions.get(dimension.code) if group else None
        lines.append(
            DimensionLine(
                dimension.name,
                number(float(found.record.dimensions[j]), 2),
                number(spread.quantile(0.5), 2) if spread else "—",
                number(spread.quantile(0.75), 2) if spread else "—",
            )
        )
    return lines


def _trend(scores: Any) -> Chart | None:
    """Each dimension's points over the periods, broken where the scheme is another one."""
    ranked: list[Score] = [score for score in reversed(scores) if score.position]
    if len(ranked) < 2:
        return None
    parts = segments([(score.run.scheme_sha256, score) for score in ranked])
    points = {score.pk: _of_dimensions(score) for score in ranked}
    names: dict[str, str] = {}
    for score in ranked:
        scheme = scheme_of(score)
        names |= {d.code: d.name for d in scheme.dimensions if not d.parent}
    series = [
        {"name": name, "data": [part and points[part[1].pk].get(code) for part in parts]}
        for code, name in names.items()
    ]
    spec = {
        "kind": "trend",
        "unit": _("分"),
        "labels": [label(part) for part in parts],
        "decimals": 2,
        "series": series,
    }
    head = [_("年度"), *names.values()]
    rows = [
        [_("%s年") % score.run.period.year_id, *(number(points[score.pk].get(code), 2) for code in names)]
        for score in ranked
    ]
    return Chart("dimensions", _("历年一级指标得分"), spec, head, rows, broken(parts))


def _of_dimensions(score: Score) -> Mapping[str, float]:
    scheme = scheme_of(score)
    codes = [dimension.code for dimension in scheme.dimensions if not dimension.parent]
    return dict(zip(codes, score.dimension_points, strict=False))
