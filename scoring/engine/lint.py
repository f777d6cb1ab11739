"""What is wrong or odd in a scheme that parses: sums, gaps, overlaps, what nobody can earn; and, on a real cohort,
how far each indicator's effective weight is from its nominal one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from scoring.engine.aggregate import children, full_score, full_score_below
from scoring.engine.evaluate import SCORED, Evaluation
from scoring.engine.indicators import ABSENT
from scoring.engine.nodes import constant
from scoring.engine.reader import SETTINGS
from scoring.engine.scheme import Dimension, Indicator, Scheme
from scoring.engine.words import figure

FEW = 30  # firms of a stage below which the spread of scores says nothing


@dataclass(frozen=True)
class Finding:
    """One remark: level error | warning | note, the line of the scheme, what is odd in Chinese."""

    level: str
    line: int
    message: str


@dataclass(frozen=True)
class Weight:
    """One indicator in one stage, in percent of the base score: nominal = share of the points to be had, effective =
    share of the spread of the base score it accounts for (covariance ÷ variance); None with too few firms, or when nothing varies."""

    stage: str
    indicator: str
    nominal: float
    effective: float | None


def lint(scheme: Scheme, evaluation: Evaluation | None = None) -> list[Finding]:
    """Everything odd about a scheme, by line; with an evaluation also what shows only on real firms."""
    found = [*_points(scheme), *_weights(scheme), *_rules(scheme), *_conditions(scheme), *_unused(scheme)]
    if evaluation is not None:
        found += _on_firms(evaluation)
    return sorted(found, key=lambda finding: (finding.line, finding.message))


def _points(scheme: Scheme) -> Iterator[Finding]:
    for dimension in scheme.dimensions:
        below = children(scheme, dimension.code)
        line = dimension.source.line
        if not below:
            yield Finding("warning", line, f"{dimension.name}下没有指标")
        if dimension.max_points is None or dimension.method != "sum":
            continue
        for index, stage in enumerate(scheme.stages):
            reach = full_score(scheme, dimension, index)
            if below and reach != dimension.max_points:
                yield Finding(
                    "error",
                    line,
                    f"{dimension.name}在{stage.name}的分值合计为{figure(reach)},应为{figure(dimension.max_points)}",
                )
    if scheme.total is not None:
        for index, stage in enumerate(scheme.stages):
            reach = full_score_below(scheme, "", scheme.method, index)
            if reach != scheme.total:
                yield Finding("warning", 1, f"{stage.name}最高可得{figure(reach)}分,与总分{figure(scheme.total)}不符")


def _weights(scheme: Scheme) -> Iterator[Finding]:
    parents = [("", scheme.method, 1), *((d.code, d.method, d.source.line) for d in scheme.dimensions)]
    for code, method, line in parents:
        below: list[Any] = children(scheme, code)
        if method == "sum" or len(below) < 2:
            continue
        sums = [sum((c.weight[s] for c in below), Fraction(0)) for s in range(len(scheme.stages))]
        for stage, total in zip(scheme.stages, sums, strict=True):
            declared = any(child.weight != (Fraction(1),) * len(sums) for child in below)
            if total == 0:
                yield Finding("error", line, f"{stage.name}的权重全部为0")
            elif declared and total not in (1, 100):
                yield Finding("warning", below[0].source.line, f"{stage.name}的权重合计为{figure(total, 6)},不是100")
        for child in below:
            if any(weight < 0 for weight in child.weight):
                yield Finding("error", child.source.line, f"{child.name}的权重为负")


def _rules(scheme: Scheme) -> Iterator[Finding]:
    for indicator in scheme.indicators:
        rule, line = indicator.rule, indicator.source.line
        name = f"{indicator.code} {indicator.name}"
        if not any(indicator.exists) or not any(indicator.weight):
            yield Finding("warning", line, f"{name}:没有任何企业能得分(不适用于任何阶段或权重为0)")
        if rule.type == "tiers":
            yield from _tiers(indicator, name)
        if rule.type == "level_map":
            best = max(value for _, value in rule.params["levels"])
            if best != 100 and rule.params["mode"] == "best":
                yield Finding("warning", line, f"{name}:最高级别只得分值的{figure(best)}%")
        if rule.type == "steps" and rule.params["points"] <= 0:
            yield Finding("warning", line, f"{name}:每件得分不大于0,没有任何企业能得分")
        if rule.type == "two_thresholds":
            for base, full in zip(rule.references["base"], rule.references["full"], strict=True):
                if isinstance(base, Fraction) and isinstance(full, Fraction) and not 0 < base < full:
                    yield Finding("error", line, f"{name}:两段计分应有 0 < base < full")
                    break
        node = indicator.value.node
        if node.op in ("const", "missing"):
            yield Finding("warning", indicator.value.line, f"{name}:指标值是常量,与企业数据无关")


def _tiers(indicator: Indicator, name: str) -> Iterator[Finding]:
    line, rows = indicator.source.line, []
    for low, low_closed, high, high_closed, points in indicator.rule.params["tiers"]:
        if low is not None and high is not None and (low > high or (low == high and not (low_closed and high_closed))):
            yield Finding("error", line, f"{name}:分档区间是空的")
        rows.append((low, low_closed, high, high_closed, points))
        if points > indicator.max_points:
            yield Finding("error", line, f"{name}:分档的{figure(points)}分超过分值{figure(indicator.max_points)}")
    rows.sort(key=lambda row: (row[0] is not None, row[0] or 0, not row[1]))
    for before, after in pairwise(rows):
        end, end_closed, start, start_closed = before[2], before[3], after[0], after[1]
        if end is None or start is None or end > start or (end == start and end_closed and start_closed):
            yield Finding("error", line, f"{name}:分档有重叠({_edge(start)}附近)")
        elif end < start or not (end_closed or start_closed):
            yield Finding("error", line, f"{name}:分档有空隙({_edge(end)}附近)")
    if max((row[4] for row in rows), default=Fraction(0)) < indicator.max_points:
        yield Finding("warning", line, f"{name}:没有一档得满分")


def _edge(value: Fraction | None) -> str:
    return "无穷" if value is None else figure(value, 6)


def _conditions(scheme: Scheme) -> Iterator[Finding]:
    named: list[Any] = [*scheme.exclusions, *scheme.decays, *scheme.outcome.vetoes]
    for item in named:
        if item.when.node.op == "const":
            yield Finding("warning", item.when.line, f"{item.name}:条件恒为{'真' if item.when.node.data else '假'}")
    for decay in scheme.decays:
        if decay.factor == 1:
            yield Finding("warning", decay.source.line, f"{decay.name}:系数为1,不起作用")
    for item in [*scheme.deductions, *scheme.bonuses]:
        if item.points.node == constant(Fraction(0)):
            yield Finding("warning", item.points.line, f"{item.name}:分数恒为0")
    for index, stage in enumerate(scheme.stages):
        if (
            stage.when is not None
            and stage.when.node.op == "const"
            and stage.when.node.data
            and index + 1 < len(scheme.stages)
        ):
            yield Finding("warning", stage.when.line, f"{stage.name}的条件恒为真,其后的阶段永远不会用到")
    for step, items in (("deductions", scheme.deductions), ("decay", scheme.decays), ("bonus", scheme.bonuses)):
        if items and step not in scheme.settings["order"]:
            yield Finding("error", 1, f"order 里没有 {step},写了的项目不起作用")
    lowest = [grade.lowest for grade in scheme.grades if grade.lowest is not None]
    if lowest != sorted(lowest, reverse=True):
        yield Finding("error", 1, "等级应从高到低排列")


def _unused(scheme: Scheme) -> Iterator[Finding]:
    for code, metric in scheme.metrics.items():
        if code not in scheme.metrics_used:
            yield Finding("note", 1, f"数据项 {code}({metric.name})没有被用到")
    for code, register in scheme.registers.items():
        if code not in scheme.registers_used:
            yield Finding("note", 1, f"台账 {code}({register.name})没有被用到")
    for option in scheme.options:
        if len(option.choices) > 1 and option.key not in SETTINGS and scheme.text.count(option.key) < 2:
            yield Finding("warning", 1, f"选项 {option.key} 有多个取值,但没有任何部分用到它")


def _on_firms(evaluation: Evaluation) -> Iterator[Finding]:
    scored = evaluation.status == SCORED
    if not scored.any():
        return
    for j, indicator in enumerate(evaluation.scheme.indicators):
        name, line = f"{indicator.code} {indicator.name}", indicator.source.line
        here = scored & (evaluation.state[:, j] != ABSENT)
        if here.any() and not (evaluation.points[here, j] > 0).any():
            yield Finding("warning", line, f"{name}:没有一家企业得分")
    for weight in effective_weights(evaluation):
        if weight.effective is not None and weight.nominal and not 1 / 3 <= weight.effective / weight.nominal <= 3:
            code = weight.indicator
            line = evaluation.scheme.indicator(code).source.line
            message = f"{code} 在{weight.stage}的名义权重{weight.nominal:.1f}%,实际影响{weight.effective:.1f}%"
            yield Finding("note", line, message)


def effective_weights(evaluation: Evaluation) -> list[Weight]:
    """Nominal and effective weight of every indicator in every stage; sums of nested nodes and means alike."""
    scheme, found = evaluation.scheme, []
    for index, stage in enumerate(scheme.stages):
        rows = np.flatnonzero((evaluation.status == SCORED) & (evaluation.stage == index))
        base = evaluation.base[rows]
        spread = float(base.var()) if len(rows) >= FEW else 0.0
        shares = {i.code: _share(scheme, i, index) for i in scheme.indicators if i.exists[index]}
        reach = sum(float(shares[i.code] * i.max_points) for i in scheme.indicators if i.code in shares)
        for j, indicator in enumerate(scheme.indicators):
            if indicator.code not in shares:
                continue
            share = float(shares[indicator.code])
            nominal = share * float(indicator.max_points) / reach * 100 if reach else 0.0
            effective = None
            if spread > 0:
                term = evaluation.points[rows, j] * share
                effective = float(((term - term.mean()) * (base - base.mean())).mean()) / spread * 100
            found.append(Weight(stage.name, indicator.code, nominal, effective))
    return found


def _share(scheme: Scheme, indicator: Indicator, stage: int) -> Fraction:
    """What one point of the indicator adds to the base score (for geometric nodes, their weight stands in)."""
    by_code: dict[str, Dimension] = {dimension.code: dimension for dimension in scheme.dimensions}
    share, node, parent = Fraction(1), indicator, indicator.dimension
    while True:
        method = by_code[parent].method if parent else scheme.method
        weight = node.weight[stage]
        if method != "sum":
            total = sum((child.weight[stage] for child in children(scheme, parent)), Fraction(0))
            weight = weight / total if total else Fraction(0)
        share *= weight
        if not parent:
            return share
        node, parent = by_code[parent], by_code[parent].parent  # type: ignore[assignment]
