"""The promise that a result recomputes to the same digits from what was archived with it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from scoring.engine import ENGINE_VERSION, Cohort, evaluate, parse_scheme
from scoring.engine.record import archived_inputs, layout
from scoring.models import Run, Score

SHOWN = 20


@dataclass(frozen=True)
class Verdict:
    """``differences``: what does not agree, in Chinese; empty when every digit and every byte does."""

    firms: int
    differences: list[str]


def verify_run(run: Run) -> Verdict:
    """Evaluate a run again from its scheme's text and the inputs archived in its scores, and compare everything.

    Compared are the references, each firm's whole record (value, state and points of every indicator, dimensions,
    deductions, decay, bonus, total, ranks) and the columns pages show. Reads no fact, register or history of today.
    """
    differences = []
    scheme = parse_scheme(run.scheme.text)
    if scheme.sha256 != run.scheme_sha256:
        return Verdict(0, ["指标体系的文本与计算时不同，无法核对。"])
    if run.engine_version != ENGINE_VERSION:
        differences.append(f"计算时引擎为{run.engine_version}，现为{ENGINE_VERSION}。")
    rows = list(Score.objects.filter(run=run).order_by("pk"))
    records = [bytes(row.detail) for row in rows]
    if any(len(record) != layout(scheme).itemsize for record in records):
        return Verdict(len(rows), [*differences, "存档记录的长度与指标体系不符，无法核对。"])
    columns, groups = archived_inputs(scheme, b"".join(records))
    groups["industry"] = np.array([row.cluster for row in rows], dtype=str)
    cohort = Cohort([row.credit_code for row in rows], run.period.year_id, run.period.as_of, {}, groups=groups)
    frozen = run.references if run.summary.get("frozen_references") else None
    again = evaluate(scheme, cohort, frozen, columns)
    if again.references != run.references:
        differences.append("重新测算的满分值与存档不同。")
    unit = Decimal(1).scaleb(-scheme.settings["decimals"])
    repeated = again.records()
    for i, row in enumerate(rows):
        total = int(again.total_cents[i]) * unit if again.status[i] == 0 else None
        shown = (total, int(again.rank_overall[i]) or None, int(again.rank_stage[i]) or None)
        if repeated[i].tobytes() != records[i] or shown != (row.total, row.rank, row.stage_rank):
            differences.append(
                f"{row.credit_code} {row.name}：存档{row.total}分第{row.rank}名，重算{total}分第{shown[1]}名。"
            )
            if len(differences) >= SHOWN:
                differences.append("……")
                break
    return Verdict(len(rows), differences)
