"""Industries' strengths: what the firms of each cluster score on average, beside the whole zone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from firms.models import Industry
from scoring.analysis.query import ALL, Condition, Group, Query
from scoring.assembly.strengths import Strengths
from scoring.engine.scheme import Scheme
from scoring.presenters.formatting import number, rounded, signed
from scoring.presenters.leader_structure import Cell, ranking
from scoring.presenters.run_sums import Part, RunSums

BEST = 3  # indicators named on each side
FEWEST = 5  # firms of a cluster whose mean still says something


@dataclass(frozen=True)
class Indicator:
    """Mean points of the cluster beside the zone's, and the difference as a share of the full marks."""

    code: str
    name: str
    url: str
    mean: str
    zone: str
    difference: str


@dataclass(frozen=True)
class IndustryLine:
    """``cells``: mean total, then each dimension's mean points, then R&D intensity; ``change`` is against the zone."""

    name: str
    firms: Cell
    cells: list[tuple[str, Cell]]  # each with its column's name
    strong: list[Indicator]
    weak: list[Indicator]


@dataclass(frozen=True)
class Industries:
    head: list[str]
    lines: list[IndustryLine]
    zone: list[tuple[str, str]]


def industries(year: int, scheme: Scheme, now: RunSums, found: Strengths) -> Industries:
    """Every cluster that has ranked firms. No query: from the cube and what was read of the run's records."""
    dimensions = [item for item in scheme.dimensions if not item.parent]
    codes = [f"dimension.{item.code}" for item in dimensions]
    fields = ["score.total", *codes, "metric.rd_expense"]  # what each column's firms are sorted by
    zone = _means(now.whole, codes)
    head = [_("平均得分"), *(item.name for item in dimensions), _("研发强度（%）")]
    lines = []
    for cluster, label in Industry.Cluster.choices:
        sums = now.parts["cluster"].get(cluster)
        if sums is None:
            continue
        means = _means(sums, codes)
        strong, weak = _indicators(year, scheme, found, cluster)
        lines.append(
            IndustryLine(
                str(label),
                Cell(number(sums.firms), ranking(year, cluster=cluster)),
                [
                    (name, _beside(mean, all_, firms_by(year, cluster, field)))
                    for name, mean, all_, field in zip(head, means, zone, fields, strict=True)
                ],
                strong,
                weak,
            )
        )
    return Industries(head, lines, [(name, number(mean, 2)) for name, mean in zip(head, zone, strict=True)])


def _means(sums: Part, dimensions: Sequence[str]) -> list[float | None]:
    """The mean total, each dimension's mean points, R&D intensity."""
    return [
        sums.mean,
        *(sums.sums.get(code, 0) / sums.firms if sums.firms else None for code in dimensions),
        sums.intensity,
    ]


def firms_by(year: int, cluster: str, field: str) -> str:
    """The cluster's ranked firms in 多维检索, the best of ``field`` first."""
    where = Group(ALL, (Condition("firm.cluster", "in", (cluster,)), Condition("score.rank", "known")))
    columns = dict.fromkeys(["firm.name", "firm.stage", "score.total", field])
    query = Query(periods=(year,), where=where, columns=tuple(columns), sort=((field, "desc"),))
    return f"{reverse('scoring:analysis')}?q={query.address()}"


def _beside(mean: float | None, zone: float | None, url: str) -> Cell:
    if mean is None or zone is None:
        return Cell(number(mean, 2), url if mean is not None else "")
    difference = rounded(mean, 2) - rounded(zone, 2)
    direction = "up" if difference > 0 else "down" if difference < 0 else "flat"
    return Cell(number(mean, 2), url, signed(difference, 2) if difference else "", direction)


def _indicators(year: int, scheme: Scheme, found: Strengths, cluster: str) -> tuple[list[Indicator], list[Indicator]]:
    """Where the cluster stands out furthest above and below the zone, measured in shares of the full marks."""
    own = found.points.get(cluster, {})
    apart = []
    for item in scheme.indicators:
        points, firms = own.get(item.code, (0.0, 0))
        sums = [parts[item.code] for parts in found.points.values() if item.code in parts]
        everybody = sum(n for _points, n in sums)
        full = float(item.max_points)
        if firms < FEWEST or not everybody or not full:
            continue
        mean, zone = points / firms, sum(p for p, _n in sums) / everybody
        share = 100 * (mean - zone) / full
        words = _("%s个百分点") % signed(rounded(share, 1), 1)
        apart.append(
            (
                share,
                Indicator(
                    item.code,
                    item.name,
                    firms_by(year, cluster, f"points.{item.code}"),
                    number(mean, 2),
                    number(zone, 2),
                    words,
                ),
            )
        )
    apart.sort(key=lambda pair: pair[0])
    strong = [one for share, one in apart[::-1][:BEST] if share > 0]
    weak = [one for share, one in apart[:BEST] if share < 0]
    return strong, weak
