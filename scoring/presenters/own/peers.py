"""同类型对比: where a firm stands among the firms of its stage, figure by figure; no other firm is named or can be told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from firms.models import Industry
from scoring.assembly.spreads import Group, Spread
from scoring.engine.indicators import STATES
from scoring.engine.scheme import Indicator
from scoring.presenters.formatting import brief, number, rounded, typeset
from scoring.presenters.method import anchor
from scoring.presenters.own.standing import FEWEST, Page, Standing, standing

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from firms.models import User


@dataclass(frozen=True)
class Strip:
    """A drawn scale from 0 to all points, in hundredths of its length: the middle half, the median, and the firm itself."""

    start: float
    width: float
    median: float
    own: float


@dataclass(frozen=True)
class Line:
    """``below``/``above``: shares of the others with fewer / more points, as whole per cents; None where too few have any."""

    code: str
    name: str
    anchor: str
    points: str
    most: str
    low: str
    median: str
    high: str
    below: int | None
    above: int | None
    words: str
    strip: Strip | None
    value: str
    values: str


@dataclass(frozen=True)
class Part:
    name: str
    lines: list[Line]


@dataclass(frozen=True)
class Comparison(Page):
    """``peers``: firms of the group, own included; 0 where too few (``few`` says which). ``cluster``: "" for the whole stage."""

    stage: str = ""
    peers: int = 0
    fewest: int = FEWEST
    cluster: str = ""
    cluster_name: str = ""
    may_narrow: bool = False
    parts: list[Part] = field(default_factory=list)


def comparison(
    user: User | AnonymousUser, credit_code: str, year: int | None = None, trial: bool = False, narrow: bool = False
) -> Comparison:
    """The firm among its stage, or with ``narrow`` among those of its stage and leading industry. Raises Http404."""
    found = standing(user, credit_code, year, trial)
    if not found.ranked:
        return Comparison(found)
    cluster = found.score.cluster
    own_cluster = found.peers(cluster) if cluster else None
    narrow = narrow and own_cluster is not None
    group = own_cluster if narrow else found.peers()
    return Comparison(
        standing=found,
        stage=found.stage.name,
        peers=group.firms if group else 0,
        cluster=cluster if narrow else "",
        cluster_name=str(dict(Industry.Cluster.choices).get(cluster, "")),
        may_narrow=own_cluster is not None,
        parts=_parts(found, group) if group else [],
    )


def _parts(found: Standing, group: Group) -> list[Part]:
    scheme, record = found.scheme, found.record
    parts = [Part(_("一级指标"), _wholes(found, group))]
    for dimension in scheme.dimensions:
        lines = [
            _line(found, group, j, indicator)
            for j, indicator in enumerate(scheme.indicators)
            if indicator.dimension == dimension.code and indicator.exists[record.stage]
        ]
        if lines:
            parts.append(Part(dimension.name, lines))
    return parts


def _wholes(found: Standing, group: Group) -> list[Line]:
    lines = []
    for j, dimension in enumerate(found.scheme.dimensions):
        most = float(dimension.max_points or 100)
        own = float(found.record.dimensions[j])
        lines.append(_judged("", dimension.name, "", own, most, group.dimensions.get(dimension.code), "", ""))
    return lines


def _line(found: Standing, group: Group, j: int, indicator: Indicator) -> Line:
    record = found.record
    points = group.points.get(indicator.code)
    values = group.values.get(indicator.code)
    known = STATES[record.state[j]] in ("value", "zero")
    own = _value(indicator, float(record.value[j])) if known else _("未提供")
    middle = ""
    if values is not None and values.count > FEWEST and indicator.rule.type not in ("flag", "level_map"):
        middle = _("%(low)s / %(median)s / %(high)s") % {
            "low": _value(indicator, values.quantile(0.25)),
            "median": _value(indicator, values.quantile(0.5)),
            "high": _value(indicator, values.quantile(0.75)),
        }
    name, most = typeset(indicator.name), float(indicator.max_points)
    return _judged(
        indicator.code, name, anchor(indicator.code), float(record.points[j]), most, points, own, middle
    )  # fmt: skip


def _value(indicator: Indicator, value: float) -> str:
    if indicator.rule.type == "flag":
        return _("是") if value else _("否")
    return brief(round(value, 6)) + ("%" if indicator.unit == "级别" else indicator.unit)


def _judged(
    code: str, name: str, at: str, own: float, most: float, spread: Spread | None, value: str, values: str
) -> Line:
    if spread is None or spread.count <= FEWEST:
        return Line(
            code, name, at, number(own, 2), number(most), "—", "—", "—", None, None, _("有数企业太少，不比较"), None, value, values
        )  # fmt: skip
    low, median, high = (spread.quantile(share) for share in (0.25, 0.5, 0.75))
    below, above = spread.below(own), spread.above(own)
    scale = lambda points: round(100 * min(max(points / most, 0.0), 1.0), 2) if most else 0.0  # noqa: E731
    return Line(
        code=code,
        name=name,
        anchor=at,
        points=number(own, 2),
        most=number(most),
        low=number(low, 2),
        median=number(median, 2),
        high=number(high, 2),
        below=_whole(below),
        above=_whole(above),
        words=_words(below, above),
        strip=Strip(scale(low), max(scale(high) - scale(low), 0.4), scale(median), scale(own)),
        value=value,
        values=values,
    )


def _whole(share: float) -> int:
    """Whole per cents; never 100 (or 0) where somebody is (or is not) on the other side."""
    percent = int(rounded(100 * share, 0))
    if percent == 100 and share < 1:
        return 99
    return 1 if percent == 0 and share > 0 else percent


def _words(below: float, above: float) -> str:
    if not below and not above:
        return _("与所有同类企业相同")
    if not below and above < 1:
        return _("%(above)s%%的同类企业更高，其余与本企业相同") % {"above": _whole(above)}
    return _("高于%(below)s%%的同类企业") % {"below": _whole(below)}
