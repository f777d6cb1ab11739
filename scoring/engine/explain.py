"""A firm's score explained from its record: recomputed exactly, in words, and adding up to the total to the last digit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

from scoring.engine import exact
from scoring.engine.adjust import ExactAdjusted
from scoring.engine.calendar import from_days
from scoring.engine.evaluate import SCORED, STATUSES, Evaluation
from scoring.engine.exact import decimal_text, round_half_up
from scoring.engine.indicators import MISSING, STATES, ExactIndicator
from scoring.engine.nodes import InputKey
from scoring.engine.record import Record, unpack
from scoring.engine.scheme import Condition, Indicator, Scheme, peer_group
from scoring.engine.score import CellCache, score_firm
from scoring.engine.words import describe, figure, input_name, say, statistic_name

STATUS_WORDS = {"scored": "参评", "excluded": "不纳入", "unclassified": "待补数据", "not_evaluated": "非评价对象"}
STATE_WORDS = {
    "absent": "本类型不设", "value": "数值", "zero": "确认为零", "missing": "未提供", "cannot": "无法计算", "no_reference": "无参照",
}  # fmt: skip
_STEP_WORDS = {"deductions": "扣分", "floor": "不低于0分", "decay": "衰减系数", "bonus": "附加分", "cap": "不超过满分"}


@dataclass(frozen=True)
class Fact:
    """One input that was used: its name, the number (None = not provided), and the number in words."""

    key: str
    name: str
    value: float | None
    text: str


@dataclass(frozen=True)
class IndicatorLine:
    """One indicator. Texts ending in _exact are exact decimals (18 digits where there is no finite one)."""

    code: str
    name: str
    dimension: str
    category: str
    unit: str
    article: str
    max_points: float
    facts: list[Fact]
    value: float | None
    value_text: str
    state: str
    state_text: str
    rule: str
    basis: str
    reading: int | None
    reference: list[dict[str, Any]]
    winsorised: bool
    fraction: float
    points: float
    points_exact: str
    at_stake: float


@dataclass(frozen=True)
class DimensionLine:
    """One dimension: its points, its weight in the firm's stage, and its term in what stands above it."""

    code: str
    name: str
    parent: str
    points: float
    points_exact: str
    weight: float
    weighted: float
    weighted_exact: str


@dataclass(frozen=True)
class AdjustmentLine:
    """One exclusion, deduction, decay or bonus, with its reason. amount: points, or the factor of a decay."""

    kind: str
    code: str
    name: str
    applies: bool
    amount: float
    article: str
    basis: str
    reading: int | None
    facts: list[Fact]


@dataclass(frozen=True)
class Step:
    """One bar of the waterfall at the precision of the total: change and after are decimal texts that add up exactly."""

    code: str
    name: str
    change: str
    after: str


@dataclass(frozen=True)
class Explanation:
    """A firm's score, plain values only (`as_dict()` is JSON-able)."""

    status: str
    status_text: str
    stage: str | None
    stage_text: str
    stage_reason: str
    needs_confirmation: str
    indicators: list[IndicatorLine]
    dimensions: list[DimensionLine]
    adjustments: list[AdjustmentLine]
    base: float
    base_exact: str
    unrounded: float
    unrounded_exact: str
    total: float
    total_text: str
    steps: list[Step]
    ranks: dict[str, int]
    passed: bool | None
    grade: str | None

    def as_dict(self) -> dict[str, Any]:
        """Nested dicts and lists."""
        return asdict(self)


def explain(scheme: Scheme, references: Mapping[str, Any], record: bytes, as_of: dt.date) -> Explanation:
    """Explain one record. Raises ValueError if the record is not of this scheme."""
    return _Explainer(scheme, references, unpack(scheme, record), as_of).explanation()


def explain_firm(evaluation: Evaluation, i: int) -> Explanation:
    """Explain row i of an evaluation."""
    record = evaluation.records(i, i + 1)[0].tobytes()
    return explain(evaluation.scheme, evaluation.references, record, evaluation.cohort.as_of)


class _Explainer:
    def __init__(self, scheme: Scheme, references: Mapping[str, Any], record: Record, as_of: dt.date) -> None:
        self.scheme, self.references, self.record = scheme, references, record
        self.row = exact.Row(record.inputs, as_of.year, as_of, record.stage, scheme.grade_order)
        self.cells = CellCache(scheme, references)
        self.stage = scheme.stages[record.stage] if record.stage >= 0 else None

    def cell_key(self, indicator: Indicator) -> str:
        assert self.stage is not None
        peers = indicator.rule.peers
        group = "" if peers in ("stage", "all") else f"|{self.record.groups.get(peer_group(peers), '')}"
        return self.stage.code + group

    def cell_of(self, indicator: Indicator) -> Mapping[str, Any]:
        return self.cells.get(indicator, self.cell_key(indicator), self.record.stage)

    def explanation(self) -> Explanation:
        scheme, record = self.scheme, self.record
        status = STATUSES[record.status]
        lines: list[IndicatorLine] = []
        dimensions: list[DimensionLine] = []
        adjusted, steps = None, []
        base = unrounded = total = Fraction(0)
        if record.status == SCORED:
            score = score_firm(scheme, self.row, self.cell_of)
            base, adjusted, total = score.tree.base, score.adjusted, score.total
            unrounded = adjusted.unrounded
            lines = [self.line(i, score.indicators[i.code]) for i in scheme.indicators]
            for d in scheme.dimensions:
                points, term = score.tree.dimensions[d.code], score.tree.weighted[d.code]
                numbers = (float(d.weight[record.stage]), exact.to_float(term), decimal_text(term))
                dimensions.append(
                    DimensionLine(d.code, d.name, d.parent, exact.to_float(points), decimal_text(points), *numbers)
                )
            steps = self.steps(score.tree.weighted, base, adjusted)
        decimals = scheme.settings["decimals"]
        return Explanation(
            status, STATUS_WORDS[status], self.stage.code if self.stage else None,
            self.stage.name if self.stage else "未划分", self.stage_reason(),
            scheme.confirmation.name if record.needs_confirmation and scheme.confirmation else "",
            lines, dimensions, self.adjustments(adjusted), exact.to_float(base), decimal_text(base),
            exact.to_float(unrounded), decimal_text(unrounded), exact.to_float(total), _fixed(total, decimals), steps,
            dict(zip(("overall", "stage", "industry"), record.ranks, strict=True)),
            None if record.passed < 0 else bool(record.passed),
            scheme.grades[record.grade].name if record.grade >= 0 else None,
        )  # fmt: skip

    # ---- facts
    def facts(self, keys: list[InputKey]) -> list[Fact]:
        return [self.fact(key) for key in dict.fromkeys(keys) if key[0] != "result"]

    def fact(self, key: InputKey) -> Fact:
        value = self.record.inputs[key]
        known = value == value
        name = "|".join([str(key[0]), str(key[1].kind if key[0] == "register" else key[1])])
        if not known:
            text = "未提供"
        elif key[0] == "date":
            text = from_days(value).isoformat()
        elif key[0] == "history" and key[1] != "demoted_before":
            text = self.scheme.stages[int(value)].name
        elif key[0] in ("history", "manual", "group") or (key[0] == "register" and key[1].function == "has"):
            text = "是" if value else "否"
        else:
            unit = self.scheme.metrics[key[1]].unit if key[0] in ("metric", "previous") else ""
            text = figure(value, 6) + unit
        return Fact(name, input_name(self.scheme, key), value if known else None, text)

    def stage_reason(self) -> str:
        if self.record.inputs[("history", "override_stage")] >= 0:
            return "由积分办核定"
        seen: list[InputKey] = []
        for rule in self.scheme.stages:
            if rule.when is None:
                return ""
            seen += list(rule.when.node.inputs())
            truth = exact.condition(rule.when.node, self.row)
            if truth is None or truth:
                facts = "、".join(f"{fact.name}{fact.text}" for fact in self.facts(seen))
                where = rule.source.article and f"({rule.source.article})"
                if truth is None:
                    return f"{facts},数据不全,无法划分企业类型{where}"
                return f"{facts};{say(self.scheme, rule.when.node)}{where}"
        return "不符合任何企业类型的条件"

    # ---- indicators
    def line(self, indicator: Indicator, found: ExactIndicator) -> IndicatorLine:
        cell = self.cell_of(indicator)
        value = None if found.value is None else exact.to_float(found.value)
        at_stake = indicator.max_points - found.points if found.state == MISSING else Fraction(0)
        state = STATES[found.state]
        text = STATE_WORDS[state]
        if found.value is not None:
            text = figure(found.value, indicator.decimals) + (indicator.unit if indicator.unit != "级别" else "%")
            if indicator.rule.type == "flag":
                text = "是" if found.value else "否"
        assert self.stage is not None
        return IndicatorLine(
            indicator.code, indicator.name, indicator.dimension, indicator.category, indicator.unit,
            indicator.source.article, float(indicator.max_points), self.facts(list(indicator.value.node.inputs())), value,
            text, state, STATE_WORDS[state], describe(self.scheme, indicator, self.stage.code, cell),
            indicator.rule.source.basis, indicator.rule.source.reading, self.reference_lines(indicator),
            found.winsorised, exact.to_float(found.fraction), exact.to_float(found.points), decimal_text(found.points),
            exact.to_float(at_stake),
        )  # fmt: skip

    def reference_lines(self, indicator: Indicator) -> list[dict[str, Any]]:
        cells = self.references.get(indicator.code, {})
        assert self.stage is not None
        cell = cells.get(self.cell_key(indicator)) or cells.get(f"{self.stage.code}|*") or {}
        lines = []
        for field, found in cell.items():
            value = found["value"]
            lines.append(
                {
                    "field": field,
                    "value": None if isinstance(value, list) else value,
                    "statistic": statistic_name(found["statistic"]) if found["statistic"] != "sample" else "全部取值",
                    "peers": "全体参评企业" if found["peers"] == "*" else found["peers"],
                    "count": found["count"],
                }
            )
        return lines

    # ---- adjustments
    def adjustments(self, adjusted: ExactAdjusted | None) -> list[AdjustmentLine]:
        scheme = self.scheme
        lines = [
            self.condition_line("exclusion", x, bool(h))
            for x, h in zip(scheme.exclusions, self.record.exclusions, strict=True)
        ]
        if self.record.status != SCORED or adjusted is None:
            return lines
        for kind, items, amounts in (
            ("deduction", scheme.deductions, adjusted.deductions),
            ("bonus", scheme.bonuses, adjusted.bonuses),
        ):
            for item in items:
                amount = amounts[item.code]
                keys = list(item.points.node.inputs())
                lines.append(self.adjustment(kind, item, amount > 0, exact.to_float(amount), keys))
        for decay in scheme.decays:
            applies = decay.code in adjusted.decays
            keys = list(decay.when.node.inputs())
            lines.append(self.adjustment("decay", decay, applies, float(decay.factor), keys))
        return lines

    def condition_line(self, kind: str, item: Condition, applies: bool) -> AdjustmentLine:
        return self.adjustment(kind, item, applies, 0.0, list(item.when.node.inputs()))

    def adjustment(self, kind: str, item: Any, applies: bool, amount: float, keys: list[InputKey]) -> AdjustmentLine:
        source = item.source
        return AdjustmentLine(
            kind, item.code, item.name, applies, amount, source.article, source.basis, source.reading, self.facts(keys)
        )

    def steps(self, weighted: Mapping[str, Fraction], base: Fraction, adjusted: ExactAdjusted) -> list[Step]:
        """The waterfall. Running totals are rounded, and each change is the difference of two of them."""
        decimals = self.scheme.settings["decimals"]
        path: list[tuple[str, str, Fraction]] = []
        running = Fraction(0)
        for dimension in self.scheme.dimensions:
            if not dimension.parent:
                running += weighted[dimension.code]
                path.append((dimension.code, dimension.name, running))
        if running != base or not path:  # a geometric total is not a sum of its parts
            path = [("base", "基础得分", base)]
        path += [(step.name, _STEP_WORDS[step.name], step.after) for step in adjusted.steps]
        steps, before = [], Fraction(0)
        for code, name, after in path:
            shown = round_half_up(after, decimals)
            steps.append(Step(code, name, _fixed(shown - before, decimals), _fixed(shown, decimals)))
            before = shown
        return steps


def _fixed(value: Fraction, decimals: int) -> str:
    """A decimal with exactly so many digits."""
    scaled = round_half_up(value, decimals) * 10**decimals
    digits = str(abs(int(scaled))).rjust(decimals + 1, "0")
    sign = "-" if value < 0 and int(scaled) else ""
    return sign + (f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits)
