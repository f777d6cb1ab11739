"""What a run's records say that neither its rows nor its cube do: points per indicator and cluster, who lost points to 表3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from django.core.cache import cache

from scoring.assembly.loading import uncollected
from scoring.engine.indicators import STATES
from scoring.engine.record import layout
from scoring.engine.scheme import Scheme
from scoring.models import Run, Score

CHUNK = 5_000
KEPT_FOR = 7 * 24 * 3600  # seconds; a run never changes, so this only bounds the memory
ABSENT = STATES.index("absent")


@dataclass(frozen=True)
class Strengths:
    """``points``: cluster → indicator code → (sum of points, firms it applies to). ``deducted``: firm id → deduction's
    position in the scheme → points taken; ``excluded``: firm id → positions of the exclusions that hold."""

    points: dict[str, dict[str, tuple[float, int]]]
    deducted: dict[int, dict[int, float]]
    excluded: dict[int, list[int]]


def strengths(run: Run, scheme: Scheme) -> Strengths:
    """Read once a run from the records of its ranked firms (seconds for 100,000), a chunk at a time, and kept."""
    key = f"strengths:{run.pk}:{run.inputs_digest}:{run.created_at.timestamp()}"
    found = cache.get(key)
    if found is None:
        found = _read(run, scheme)
        cache.set(key, found, KEPT_FOR)
    return found


@uncollected()
def _read(run: Run, scheme: Scheme) -> Strengths:
    codes = [indicator.code for indicator in scheme.indicators]
    kind = layout(scheme)
    sums: dict[str, Any] = {}
    deducted: dict[int, dict[int, float]] = {}
    rows = Score.objects.filter(run=run, status=Score.Status.SCORED).order_by("position")
    chunk: list[tuple[int, str, bytes | memoryview]] = []

    def fold() -> None:
        table = np.frombuffer(b"".join(bytes(detail) for _firm, _cluster, detail in chunk), dtype=kind)
        clusters = np.array([cluster for _firm, cluster, _detail in chunk])
        applies = table["state"] != ABSENT
        for cluster in set(clusters.tolist()):
            mine = clusters == cluster
            total, count = sums.setdefault(cluster, (np.zeros(len(codes)), np.zeros(len(codes), dtype=np.int64)))
            total += np.where(applies[mine], table["points"][mine], 0).sum(axis=0)
            count += applies[mine].sum(axis=0)
        taken = table["deductions"]
        for row in np.flatnonzero((taken > 0).any(axis=1)).tolist():
            lost = np.flatnonzero(taken[row] > 0).tolist()
            deducted[chunk[row][0]] = {j: float(taken[row][j]) for j in lost}
        chunk.clear()

    for record in rows.values_list("firm_id", "cluster", "detail").iterator(CHUNK):
        chunk.append(record)
        if len(chunk) == CHUNK:
            fold()
    if chunk:
        fold()
    points = {
        cluster: {code: (float(total[j]), int(count[j])) for j, code in enumerate(codes)}
        for cluster, (total, count) in sums.items()
    }
    return Strengths(points, deducted, _excluded(run, kind))


def _excluded(run: Run, kind: np.dtype[Any]) -> dict[int, list[int]]:
    rows = Score.objects.filter(run=run, status=Score.Status.EXCLUDED).order_by().values_list("firm_id", "detail")
    return {
        firm: np.flatnonzero(np.frombuffer(bytes(detail), dtype=kind)[0]["exclusions"]).tolist()
        for firm, detail in rows.iterator(CHUNK)
    }
