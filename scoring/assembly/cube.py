"""The small cube written with each run, and its summary: overview pages and counts read them, never the scores."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from scoring.assembly.loading import Loaded
from scoring.engine import STATES, STATUSES, Evaluation
from scoring.engine.inputs import exact_sums
from scoring.models import Run, RunSlice

BIN = 5  # points a bin of the histogram; what lies above the nominal total (the bonus) falls into one more
LISTED = 500  # credit codes kept in a summary
MISSING = STATES.index("missing")
# Entries of these kinds count in the year they begin; all others on the days they are held.
HAPPENS = frozenset({"contract", "project", "award", "contest", "incident", "patent"})


def edges(evaluation: Evaluation) -> list[int]:
    """The histogram's edges in points: bin i holds totals in [edges[i], edges[i + 1]), the last one also its end."""
    bins = int(float(evaluation.scheme.total or 100) // BIN) + 2
    return [BIN * i for i in range(bins + 1)]


def slices(run: Run, loaded: Loaded, evaluation: Evaluation) -> list[RunSlice]:
    """One slice per stage × cluster × park × status that has firms.

    ``histogram``: counts of totals by ``Run.summary["histogram_edges"]``. ``sums``: metric code → sum of this year's
    figures; ``dimension.<code>`` → sum of its points.
    """
    if not len(evaluation):
        return []
    scheme = evaluation.scheme
    keys = np.stack([evaluation.stage, loaded.clusters.codes, loaded.parks.codes, evaluation.status], axis=1)
    cells, cell = np.unique(keys, axis=0, return_inverse=True)
    cell = cell.reshape(-1)
    n, width = len(cells), len(edges(evaluation)) - 1
    scored = evaluation.status == 0
    total = np.where(scored, evaluation.total, 0.0)
    bins = np.clip(total // BIN, 0, width - 1).astype(np.int64)
    histogram = np.bincount(cell[scored] * width + bins[scored], minlength=n * width).reshape(n, width)
    sums: dict[str, Any] = {}
    stated: dict[str, Any] = {}  # a sum of nothing known is left out; a stated 0 is a 0
    for code, values in loaded.cohort.current.items():
        known = ~np.isnan(values)
        sums[code] = exact_sums(cell[known], values[known], n)
        stated[code] = np.bincount(cell[known], minlength=n) > 0
    for j, dimension in enumerate(scheme.dimensions):
        sums[f"dimension.{dimension.code}"] = np.bincount(cell, evaluation.dimensions[:, j], n).round(6)
    firms = np.bincount(cell)
    total_sum, squares = np.bincount(cell, total, n).round(6), np.bincount(cell, total * total, n).round(6)
    stages = [*(stage.code for stage in scheme.stages), ""]  # index -1 is none
    return [
        RunSlice(
            run=run,
            stage=stages[stage],
            cluster=loaded.clusters.names[cluster],
            park=loaded.parks.names[park],
            status=STATUSES[status],
            firms=int(firms[i]),
            total_sum=float(total_sum[i]),
            total_squares=float(squares[i]),
            histogram=histogram[i].tolist(),
            sums={
                code: float(column[i]) for code, column in sums.items() if column[i] or stated.get(code, firms < 0)[i]
            },
        )
        for i, (stage, cluster, park, status) in enumerate(cells.tolist())
    ]


def summary(loaded: Loaded, evaluation: Evaluation) -> dict[str, Any]:
    """What pages say of a run as a whole.

    ``qualifications``: category → firms that hold it on the as-of date; ``registers``: "kind/category/level" → [firms,
    entries, amount 万元]; ``to_confirm``: credit codes of the first firms whose stage a person is to confirm; ``missing``: indicator code → ranked firms without a figure, so that the office sees what to chase.
    """
    scheme = evaluation.scheme
    scored = evaluation.status == 0
    total = evaluation.total[scored]
    some = len(total) > 0
    to_confirm = np.flatnonzero(evaluation.needs_confirmation & scored)
    return {
        "decimals": scheme.settings["decimals"],
        "histogram_edges": edges(evaluation),
        # Pairs, not objects: the database does not keep the order of an object's keys.
        "stages": [[stage.code, stage.name] for stage in scheme.stages],
        "dimensions": [[dimension.code, dimension.name] for dimension in scheme.dimensions if not dimension.parent],
        "statuses": {name: int((evaluation.status == i).sum()) for i, name in enumerate(STATUSES)},
        "needs_confirmation": len(to_confirm),
        "to_confirm": [loaded.cohort.keys[i] for i in to_confirm[:LISTED]],
        "recomputed_exactly": evaluation.recomputed,
        "total": {
            "mean": round(float(total.mean()), 4) if some else None,
            "highest": round(float(total.max()), 4) if some else None,
            "quartiles": np.percentile(total, [25, 50, 75]).round(4).tolist() if some else [],
        },
        "missing": {
            indicator.code: int((evaluation.state[scored, j] == MISSING).sum())
            for j, indicator in enumerate(scheme.indicators)
        },
        **_registers(loaded),
    }


def _registers(loaded: Loaded) -> dict[str, Any]:
    table, year = loaded.cohort.registers, loaded.cohort.year
    as_of = np.datetime64(loaded.cohort.as_of, "D")
    in_year = (table.starts >= np.datetime64(f"{year}-01-01")) & (table.starts <= np.datetime64(f"{year}-12-31"))
    held = (table.starts <= as_of) & (np.isnat(table.ends) | (table.ends >= as_of))
    rows = np.flatnonzero(np.where(table.kind.is_in(HAPPENS), in_year, held))
    if not len(rows):
        return {"registers": {}, "qualifications": {}}
    columns = (table.kind, table.category, table.level)
    codes, which = np.unique(np.stack([c.codes[rows] for c in columns], axis=1), axis=0, return_inverse=True)
    which = which.reshape(-1)
    amounts = exact_sums(which, table.amount[rows], len(codes))
    order = np.argsort(which, kind="stable")
    bounds = np.searchsorted(which[order], np.arange(len(codes) + 1))
    registers: dict[str, list[float]] = {}
    qualifications: dict[str, int] = {}
    for i, (start, stop) in enumerate(pairwise(bounds.tolist())):
        kind, category, level = (c.names[code] for c, code in zip(columns, codes[i].tolist(), strict=True))
        firms = len(np.unique(table.firm[rows[order[start:stop]]]))
        registers[f"{kind}/{category}/{level}"] = [firms, stop - start, float(amounts[i])]
    for category in table.category.names:
        holders = table.kind.is_in(["qualification"])[rows] & table.category.is_in([category])[rows]
        if holders.any():
            qualifications[category] = len(np.unique(table.firm[rows[holders]]))
    return {"registers": registers, "qualifications": qualifications}
