"""How the firms of a run stand, without one of their names: totals and the spread of every figure by stage.

Copied out of the run's records when first asked for and kept with it (``RunColumn``, names ``peers.…``), because a run never
changes; then remembered in the process. A firm's page reads two such rows instead of a hundred thousand scores.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.analysis.memory import Memory
from scoring.assembly.loading import _chunks
from scoring.engine import parse_scheme
from scoring.engine.alone import SINCE, Totals, World, settled
from scoring.engine.cohort import Cohort
from scoring.engine.evaluate import SCORED, evaluate
from scoring.engine.record import archived_inputs, layout
from scoring.engine.scheme import Scheme
from scoring.models import Run, RunColumn

KNOTS = 1001  # of a spread: a share is right to a thousandth, and exact among up to so many firms
REMEMBERED = 60  # rows in a process, at most 0.7 MB each
PREFIX = "peers."
TOTALS = f"{PREFIX}totals"
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Spread:
    """One figure among the firms of a group. knots: sorted values float64[k], at even places from the lowest to the highest;
    count: firms with a value. Quartiles are exact, whatever the count: multiples of a thousandth are."""

    count: int
    knots: Floats

    def quantile(self, share: float) -> float:
        """The value below which `share` (0…1) of the firms are, between two firms in proportion."""
        return float(np.interp(share * (len(self.knots) - 1), np.arange(len(self.knots)), self.knots))

    def below(self, value: float) -> float:
        """The share (0…1) of the other firms with less, for a firm that is one of them."""
        return self._share(int(np.searchsorted(self.knots, value, side="left")))

    def above(self, value: float) -> float:
        """The share (0…1) of the other firms with more, for a firm that is one of them."""
        return self._share(len(self.knots) - int(np.searchsorted(self.knots, value, side="right")))

    def _share(self, places: int) -> float:
        return min(places / (len(self.knots) - 1), 1.0) if len(self.knots) > 1 else 0.0


@dataclass(frozen=True)
class Group:
    """The scored firms of one stage, or of one stage and industry. points, values: by indicator code (values only known ones);
    dimensions: points by dimension code."""

    firms: int
    points: dict[str, Spread]
    values: dict[str, Spread]
    dimensions: dict[str, Spread]


def prepare(run: Run) -> None:
    """Measure a run before anybody asks: the first reader of a large one would wait for seconds."""
    totals(run, parse_scheme(run.scheme.text))


def totals(run: Run, scheme: Scheme) -> Totals:
    """Every scored firm's total, ascending."""
    return _totals(*_row(run, scheme, TOTALS))


def _totals(header: dict[str, Any], numbers: NDArray[np.int64]) -> Totals:
    by_stage, start = [], 0
    for count in header["counts"]:
        by_stage.append(numbers[start : start + count])
        start += count
    return Totals(tuple(by_stage), header["everyone"])


def group(run: Run, scheme: Scheme, stage: str, cluster: str = "") -> Group | None:
    """The firms of a stage (and a leading industry); None where there are none."""
    found = _row(run, scheme, f"{PREFIX}{stage}.{cluster}" if cluster else f"{PREFIX}{stage}")
    if not found[0]:
        return None
    header, numbers = found
    parts: dict[str, dict[str, Spread]] = {"points": {}, "values": {}, "dimensions": {}}
    start = 0
    for kind, code, count, knots in header["spreads"]:
        parts[kind][code] = Spread(count, numbers[start : start + knots])
        start += knots
    return Group(header["firms"], **parts)


def world(run: Run, scheme: Scheme, rules: Scheme) -> World:
    """The run's firms by other rules than their own (by their own: what the run says). Both schemes must know the same stages.

    Judged from the archived inputs: what these rules ask and that period did not, counts as not provided.
    """
    if rules.sha256 == scheme.sha256:
        return World(run.references, totals(run, scheme))
    header, numbers = _row(run, scheme, f"{PREFIX}by.{rules.sha256[:32]}", rules)
    return World(header["references"], _totals(header, numbers))


# ---- remembered, kept, made
_known = Memory(REMEMBERED)  # each row counts for one


def _row(run: Run, scheme: Scheme, name: str, rules: Scheme | None = None) -> tuple[dict[str, Any], Any]:
    key = (run.pk, run.inputs_digest, name)
    found = _known.get(key)
    if found is None:
        found = _kept(run, scheme, name, rules)
        _known.put(key, found, 1)
    return found


def _kept(run: Run, scheme: Scheme, name: str, rules: Scheme | None) -> tuple[dict[str, Any], Any]:
    found = {row.name: row for row in RunColumn.objects.filter(run=run, name__in=[name, TOTALS])}
    if (rules is None and TOTALS not in found) or (rules is not None and name not in found):
        made = list(_made(run, scheme)) if rules is None else [_judged_by(run, scheme, rules, name)]
        # Whoever was quicker wrote the same.
        RunColumn.objects.bulk_create(made, batch_size=20, ignore_conflicts=True)
        found = {row.name: row for row in made}
    if name not in found:
        return {}, None
    header = dict(found[name].header)
    numbers = np.frombuffer(bytes(found[name].data), dtype=header["type"])
    if "counts" in header:
        header["everyone"] = np.sort(numbers)
        header["everyone"].flags.writeable = False
    return header, numbers


def _made(run: Run, scheme: Scheme) -> Iterator[RunColumn]:
    table = _Table.of(run, scheme)
    for place, stage in enumerate(scheme.stages):
        rows = np.flatnonzero(table.stage == place)
        if not len(rows):
            continue
        yield _spreads(run, scheme, f"{PREFIX}{stage.code}", place, table, rows)
        for cluster in sorted(set(table.clusters[rows].tolist()) - {""}):
            among = rows[table.clusters[rows] == cluster]
            yield _spreads(run, scheme, f"{PREFIX}{stage.code}.{cluster}", place, table, among)
    yield _sorted(run, TOTALS, scheme, table.stage, table.units)


def _sorted(
    run: Run, name: str, scheme: Scheme, stage: NDArray[Any], units: NDArray[np.int64], **header: Any
) -> RunColumn:
    by_stage = [np.sort(units[stage == place]) for place in range(len(scheme.stages))]
    header |= {"type": "<i8", "counts": [len(part) for part in by_stage]}
    return RunColumn(run=run, name=name, header=header, data=np.concatenate(by_stage).astype("<i8").tobytes())


def _judged_by(run: Run, scheme: Scheme, rules: Scheme, name: str) -> RunColumn:
    period = run.period
    clusters: list[str] = []
    records: list[bytes] = []
    for rows in _chunks("SELECT cluster, detail FROM scoring_score WHERE run_id = %s", [run.pk]):
        clusters.extend(row[0] for row in rows)
        records.extend(bytes(row[1]) for row in rows)
    n = len(records)
    archived, groups = archived_inputs(scheme, b"".join(records))
    del records
    unknown = np.full(n, np.nan)
    columns = {key: archived.get(key, np.zeros(n) if key[0] == "manual" else unknown) for key in rules.inputs}
    columns = settled(rules, period.year_id, period.as_of, columns, archived.get(SINCE, unknown))
    groups["industry"] = np.array(clusters, dtype=str)
    cohort = Cohort([str(row) for row in range(n)], period.year_id, period.as_of, {}, groups=groups)
    e = evaluate(rules, cohort, None, columns)
    scored = e.status == SCORED
    return _sorted(run, name, rules, e.stage[scored], e.total_cents[scored], references=e.references)


def _spreads(run: Run, scheme: Scheme, name: str, stage: int, table: _Table, rows: NDArray[Any]) -> RunColumn:
    spreads, numbers = [], []

    def add(kind: str, code: str, column: Floats) -> None:
        known = np.sort(column[~np.isnan(column)])
        if not len(known):
            return
        k = min(len(known), KNOTS)
        spreads.append([kind, code, len(known), k])
        # Between two firms in proportion, so that quartiles are those of all firms, not of some of them.
        places = np.linspace(0, len(known) - 1, k)
        numbers.append(known if k == len(known) else np.interp(places, np.arange(len(known)), known))

    for j, indicator in enumerate(scheme.indicators):
        if indicator.exists[stage]:
            add("points", indicator.code, table.points[rows, j])
            add("values", indicator.code, table.values[rows, j])
    for j, dimension in enumerate(scheme.dimensions):
        add("dimensions", dimension.code, table.dimensions[rows, j])
    header = {"type": "<f8", "firms": len(rows), "spreads": spreads}
    return RunColumn(run=run, name=name, header=header, data=np.concatenate(numbers).astype("<f8").tobytes())


@dataclass(frozen=True)
class _Table:
    """The scored firms of a run, as columns."""

    stage: NDArray[np.int8]
    clusters: NDArray[Any]
    units: NDArray[np.int64]
    points: Floats
    values: Floats
    dimensions: Floats

    @classmethod
    def of(cls, run: Run, scheme: Scheme) -> _Table:
        kind = layout(scheme)
        parts: list[tuple[NDArray[Any], ...]] = []
        clusters: list[str] = []
        sql = "SELECT cluster, detail FROM scoring_score WHERE run_id = %s AND status = 'scored'"
        for rows in _chunks(sql, [run.pk]):
            clusters.extend(row[0] for row in rows)
            records = np.frombuffer(b"".join(bytes(row[1]) for row in rows), dtype=kind)
            parts.append(
                (
                    records["head"][:, 1].copy(),
                    records["total_cents"][:, 0].copy(),
                    records["points"].copy(),
                    records["value"].copy(),
                    records["dimensions"].copy(),
                )
            )
        if not parts:
            parts.append(tuple(np.zeros(shape) for shape in _empty(scheme)))
        stage, units, points, values, dimensions = map(np.concatenate, zip(*parts, strict=True))
        names = np.array(clusters, dtype=str)
        return cls(stage.astype(np.int8), names, units.astype(np.int64), points, values, dimensions)


def _empty(scheme: Scheme) -> list[tuple[int, ...]]:
    return [(0,), (0,), (0, len(scheme.indicators)), (0, len(scheme.indicators)), (0, len(scheme.dimensions))]
