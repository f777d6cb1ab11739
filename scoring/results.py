"""An evaluation as one table, a row a firm: what ``manage.py score_file`` hands to whoever checks a result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from firms.exports import Column, Table
from scoring.engine import Evaluation
from scoring.engine.evaluate import STATUSES
from scoring.engine.explain import STATE_WORDS, STATUS_WORDS
from scoring.engine.indicators import STATES, VALUE, ZERO
from scoring.engine.words import input_name

UNCLASSIFIED = STATUSES.index("unclassified")


def result_table(evaluation: Evaluation, names: Sequence[str | None] | None = None) -> Table:
    """Stage, every indicator's value and points, dimensions, adjustments, total, ranks. ``names``: as the firms' keys."""
    scheme, e = evaluation.scheme, evaluation
    lines = [
        f"方案：{scheme.code} 第{scheme.version}版，校验值 {scheme.sha256}",
        f"数据年度{e.cohort.year}，基准日{e.cohort.as_of}，输入数据校验值 {e.input_digest}",
    ]
    rows = _rows(evaluation, names or [""] * len(e.cohort.keys))
    return Table(f"{scheme.title} 计分结果", _columns(evaluation), rows, lines, "计分结果")


def missing_for_stage(evaluation: Evaluation) -> dict[int, list[str]]:
    """Row of each firm that awaits data → the names of the figures its stage depends on and nobody has given."""
    scheme, cohort = evaluation.scheme, evaluation.cohort
    rows = np.flatnonzero(evaluation.status == UNCLASSIFIED).tolist()
    found: dict[int, list[str]] = {row: [] for row in rows}
    keys = dict.fromkeys(key for stage in scheme.stages if stage.when for key in stage.when.node.inputs())
    for key in keys:
        held = {"metric": cohort.current, "previous": cohort.previous, "date": cohort.dates}.get(key[0])
        if held is None:
            continue
        column = held.get(key[1])
        unknown = None if column is None else np.isnat(column) if key[0] == "date" else np.isnan(column)
        for row in rows:
            if unknown is None or unknown[row]:
                found[row].append(input_name(scheme, key))
    return found


def _columns(evaluation: Evaluation) -> list[Column]:
    scheme = evaluation.scheme
    columns = [
        Column("企业编号", width=24),
        Column("企业名称", width=32),
        Column("状态"),
        Column("所缺数据", width=24),
        Column("企业类型"),
        Column("待确认"),
    ]
    for i in scheme.indicators:
        columns += [Column(f"{i.code} {i.name} 指标值", "number", decimals=6), Column(f"{i.code} 状态")]
        columns.append(Column(f"{i.code} 得分", "number", decimals=6))
    for d in scheme.dimensions:
        columns += [Column(f"{d.name} 得分", "number", decimals=6), Column(f"{d.name} 加权", "number", decimals=6)]
    columns += [Column("基础得分", "number", decimals=6)]
    columns += [Column(f"不纳入：{x.name}") for x in scheme.exclusions]
    columns += [Column(f"扣分：{x.name}", "number") for x in scheme.deductions]
    columns += [Column(f"系数：{x.name}", "number") for x in scheme.decays]
    columns += [Column(f"附加分：{x.name}", "number") for x in scheme.bonuses]
    columns.append(Column("未舍入得分", "number", decimals=9))
    columns.append(Column("最终得分", "number", decimals=scheme.settings["decimals"]))
    return columns + [Column(f"{title}名次", "integer") for title in ("总", "同类型", "同行业")]


def _rows(e: Evaluation, names: Sequence[str | None]) -> Iterator[list[Any]]:
    scheme, statuses = e.scheme, list(STATUS_WORDS.values())
    decimals = scheme.settings["decimals"]
    lacking = missing_for_stage(e)
    for i, key in enumerate(e.cohort.keys):
        stage = scheme.stages[e.stage[i]].name if e.stage[i] >= 0 else ""
        confirm = "是" if e.needs_confirmation[i] else ""
        row: list[Any] = [key, names[i] or "", statuses[e.status[i]], "、".join(lacking.get(i, ())), stage, confirm]
        for j in range(len(scheme.indicators)):
            known = e.state[i, j] in (VALUE, ZERO) or e.value[i, j] == e.value[i, j]
            row += [float(e.value[i, j]) if known else None, STATE_WORDS[STATES[e.state[i, j]]], float(e.points[i, j])]
        for j in range(len(scheme.dimensions)):
            row += [float(e.dimensions[i, j]), float(e.weighted[i, j])]
        row.append(float(e.base[i]))
        row += ["是" if held else "" for held in e.exclusions[i]]
        for block in (e.deductions, e.decays, e.bonuses):
            row += [float(v) for v in block[i]]
        scored = e.status[i] == 0
        row += [float(e.unrounded[i]) if scored else None]
        row += [Decimal(int(e.total_cents[i])).scaleb(-decimals) if scored else None]
        row += [int(rank[i]) or None for rank in (e.rank_overall, e.rank_stage, e.rank_industry)]
        yield row
