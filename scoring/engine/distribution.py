"""How scores are spread: one summary per indicator, dimension and total, by stage and for the whole cohort.

The regulation asks for 差异化分布、正态化分布及健康化分布 (四(二)); these are the figures to judge that by.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.engine.evaluate import SCORED, Evaluation

Floats = NDArray[np.float64]
EVERYONE = "*"


@dataclass(frozen=True)
class Summary:
    """One figure's spread over n scored firms. Shares are in [0, 1]; NaN where n or the spread is too small to say.

    histogram: counts in equal bins over [low, high]. sd is the population's. skewness and kurtosis are moment
    ratios (kurtosis − 3, so a normal has 0). discrimination: see `discrimination`. correlation: with the score above
    (an indicator with its dimension, a dimension with the base score). jarque_bera, p_normal: statistic and asymptotic
    p of normality, rough below a few dozen firms.
    """

    what: str
    code: str
    stage: str
    n: int
    low: float
    high: float
    histogram: tuple[int, ...]
    mean: float
    sd: float
    skewness: float
    kurtosis: float
    at_zero: float
    at_cap: float
    discrimination: float
    correlation: float
    jarque_bera: float
    p_normal: float


def distribution(evaluation: Evaluation, bins: int = 20) -> list[Summary]:
    """Summaries of the total, every dimension and every indicator, for all scored firms (stage "*") and each stage.

    An indicator counts only the firms for which it exists.
    """
    return [
        summarise(points, total, what=what, code=code, stage=stage, cap=cap, bins=bins)
        for stage, rows in _stages(evaluation)
        for what, code, cap, points, total in _columns(evaluation, rows)
    ]


def summarise(
    points: Floats,
    total: Floats,
    *,
    what: str = "",
    code: str = "",
    stage: str = EVERYONE,
    cap: float = 100.0,
    bins: int = 20,
) -> Summary:
    """The spread of one column of points (float64[n]); `total` (float64[n]) is what it should discriminate by."""
    n = len(points)
    high = max(cap, float(points.max(initial=0)))
    low = min(0.0, float(points.min(initial=0)))
    counts, _ = np.histogram(points, bins=bins, range=(low, high if high > low else low + 1))
    mean, sd, skewness, kurtosis = moments(points)
    statistic = n / 6 * (skewness**2 + kurtosis**2 / 4)
    return Summary(
        what=what,
        code=code,
        stage=stage,
        n=n,
        low=low,
        high=high,
        histogram=tuple(counts.tolist()),
        mean=mean,
        sd=sd,
        skewness=skewness,
        kurtosis=kurtosis,
        at_zero=_share(points == 0),
        at_cap=_share(points >= cap * (1 - 1e-12)) if cap > 0 else math.nan,
        discrimination=discrimination(points, total, cap),
        correlation=correlation(points, total),
        jarque_bera=statistic,
        p_normal=math.exp(-statistic / 2),  # χ² with 2 degrees of freedom
    )


def moments(x: Floats) -> tuple[float, float, float, float]:
    """Mean, population sd, skewness, excess kurtosis; NaN for the last two when nothing varies."""
    if not len(x):
        return math.nan, math.nan, math.nan, math.nan
    mean = float(x.mean())
    d = x - mean
    sd = math.sqrt(float((d * d).mean()))
    if sd <= 1e-12 * max(1.0, abs(mean)):
        return mean, 0.0, math.nan, math.nan
    z = d / sd
    return mean, sd, float((z**3).mean()), float((z**4).mean()) - 3


def discrimination(points: Floats, total: Floats, cap: float, share: float = 0.27) -> float:
    """Upper-lower index: mean share of the cap earned by the top 27 % by total, minus that of the bottom 27 %."""
    k = round(share * len(points))
    if k < 1 or cap <= 0:
        return math.nan
    order = np.argsort(total, kind="stable")
    return float(points[order[-k:]].mean() - points[order[:k]].mean()) / cap


def correlation(x: Floats, y: Floats) -> float:
    """Pearson's; NaN when one of them does not vary."""
    if len(x) < 2:
        return math.nan
    a, b = x - x.mean(), y - y.mean()
    size = math.sqrt(float((a * a).sum()) * float((b * b).sum()))
    return float((a * b).sum()) / size if size > 1e-12 else math.nan


def _share(mask: NDArray[np.bool_]) -> float:
    return float(mask.mean()) if len(mask) else math.nan


def _stages(evaluation: Evaluation) -> Iterator[tuple[str, NDArray[Any]]]:
    scored = evaluation.status == SCORED
    yield EVERYONE, np.flatnonzero(scored)
    for place, stage in enumerate(evaluation.scheme.stages):
        yield stage.code, np.flatnonzero(scored & (evaluation.stage == place))


def _columns(evaluation: Evaluation, rows: NDArray[Any]) -> Iterator[tuple[str, str, float, Floats, Floats]]:
    """What, code, cap, points, and the score above it that it should discriminate by."""
    scheme = evaluation.scheme
    total = evaluation.total[rows]
    yield "total", "total", float(scheme.total or 100), total, total
    above = {code: evaluation.dimensions[:, d] for d, code in enumerate(d.code for d in scheme.dimensions)}
    for d, dimension in enumerate(scheme.dimensions):
        whole = above.get(dimension.parent, evaluation.base)
        yield (
            "dimension",
            dimension.code,
            float(dimension.max_points or 100),
            evaluation.dimensions[rows, d],
            whole[rows],
        )
    for i, indicator in enumerate(scheme.indicators):
        there = rows[np.asarray(indicator.exists, dtype=bool)[evaluation.stage[rows]]]
        whole = above.get(indicator.dimension, evaluation.base)
        yield "indicator", indicator.code, float(indicator.max_points), evaluation.points[there, i], whole[there]
