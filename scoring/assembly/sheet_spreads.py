"""What each metric's figures are like among the firms of a stage: measured over the year's sheets, kept for some minutes.

A review compares hundreds of forms with the same peers; measuring 100,000 sheets takes seconds and a minute more or less
changes no median. Firms whose stage nobody knows yet are compared with all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from numpy.typing import NDArray

from firms.models import Metric
from scoring.assembly.loading import _AS_TEXT, _chunks, _decoded, _Index, _joined
from scoring.engine.outliers import FEWEST, Peers, measure
from scoring.models import Run, Score

KEPT_FOR = 600  # seconds
ALL = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """``of``: (stage, metric) → (peers, the year their figures are of); stage "" is all firms. ``run``: where stages come from."""

    year: int
    run: int | None
    at: datetime
    of: Mapping[tuple[str, str], tuple[Peers, int]]

    def find(self, stage: str, metric: str) -> tuple[Peers | None, int]:
        """The firm's own stage where it has enough peers there, else all firms; (None, year) where nobody says anything."""
        own = self.of.get((stage, metric))
        if own is not None and own[0].count >= FEWEST:
            return own
        return self.of.get((ALL, metric)) or (None, self.year)


def measured(year: int) -> Measured:
    """The peers of a year's forms, measured at most ``KEPT_FOR`` seconds ago."""
    run = stages_from(year)
    key = f"peers:{year}:{run.pk if run else 0}"
    found = cache.get(key)
    if found is None:
        found = _measure(year, run)
        cache.set(key, found, KEPT_FOR)
    return found


def stages_from(year: int) -> Run | None:
    """The latest run that knows stages: of the year itself, or of the nearest one before it."""
    runs = Run.objects.complete().filter(period__year_id__lte=year).select_related("period")
    return runs.order_by("-period__year_id", "-number").first()


def stages_of(run_id: int | None, firms: Iterable[int]) -> dict[int, str]:
    """Firm id → stage in that run, of those it has classified (one query)."""
    if run_id is None:
        return {}
    found = Score.objects.filter(run=run_id, firm_id__in=list(firms)).exclude(stage="")
    return dict(found.order_by().values_list("firm_id", "stage"))


def _measure(year: int, run: Run | None) -> Measured:
    codes = list(Metric.objects.exclude(kind=Metric.Kind.FLAG).order_by().values_list("code", flat=True))
    of: dict[tuple[str, str], tuple[Peers, int]] = {}
    for at in (year - 1, year):  # this year's figures where enough firms have some, else last year's
        ids, columns = _figures(at, codes)
        members = _members(run, ids)
        for code, column in zip(codes, columns, strict=True):
            for stage, rows in members.items():
                peers = measure(column[rows])
                if peers is not None and (peers.count >= FEWEST or (stage, code) not in of):
                    of[stage, code] = peers, at
    return Measured(year, run.pk if run else None, timezone.now(), of)


def _figures(year: int, codes: Sequence[str]) -> tuple[NDArray[np.int64], list[NDArray[np.float64]]]:
    ids: list[NDArray[np.int64]] = []
    columns: list[list[NDArray[np.float64]]] = [[] for _ in codes]
    sql = f'SELECT firm_id, "values"{_AS_TEXT[connection.vendor]} FROM firms_factsheet WHERE year = %s'  # noqa: S608
    for rows in _chunks(sql, [year]):
        firm_ids, texts = zip(*rows, strict=True)
        ids.append(np.array(firm_ids, dtype=np.int64))
        for column, chunk in zip(columns, _decoded(list(texts), codes), strict=True):
            column.append(chunk)
    return _joined(ids, np.int64), [_joined(column, np.float64) for column in columns]


def _members(run: Run | None, ids: NDArray[np.int64]) -> dict[str, NDArray[np.bool_]]:
    """Stage → which of the firms are in it; "" → all of them."""
    members = {ALL: np.ones(len(ids), dtype=bool)}
    if run is None:
        return members
    index = _Index(ids)
    for rows in _chunks("SELECT firm_id, stage FROM scoring_score WHERE run_id = %s AND stage <> ''", [run.pk]):
        firm_ids, stages = zip(*rows, strict=True)
        at = index.rows(firm_ids)
        names = np.array(stages)
        for stage in set(stages):
            rows_of = at[(names == stage) & (at >= 0)]
            members.setdefault(stage, np.zeros(len(ids), dtype=bool))[rows_of] = True
    return members
