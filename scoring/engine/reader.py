"""From TOML text to a Scheme, collecting every problem with its line instead of stopping at the first."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from scoring.engine import grammar, language
from scoring.engine.nodes import ZERO, Expression, InputKey, Node, constant
from scoring.engine.rulereader import RuleReader
from scoring.engine.scheme import (
    STEPS,
    Adjustment,
    Condition,
    Decay,
    Dimension,
    Grade,
    Indicator,
    Metric,
    Missing,
    Option,
    Outcome,
    RegisterKind,
    Scheme,
    SchemeError,
    Source,
    Stage,
)  # fmt: skip
from scoring.engine.tomlreader import Path, TomlReader

SETTINGS: dict[str, tuple[Any, tuple[Any, ...] | None]] = {
    "order": (["deductions", "floor", "decay", "bonus"], None),
    "decay_stacking": ("multiply", ("multiply", "smallest")),
    "growth_zero_base": ("cannot", None),
    "missing": ("zero", ("zero", "mean", "penalty", "rescale")),
    "missing_penalty": (0, None),
    "decimals": (2, None),
    "tie_breakers": ([], None),
    "peer_minimum": (1, None),
    "peer_fallback": ("all_stages", ("all_stages", "none")),
}
_BLOCKS = {
    "format", "scheme", "options", "metrics", "levels", "registers", "eligibility", "stages", "confirmation",
    "exclusions", "aggregate", "dimensions", "rules", "indicators", "deductions", "decays", "bonuses", "adjustments",
    "outcome", "vetoes", "grades",
}  # fmt: skip


class Reader(TomlReader):
    """One parse of one text."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.vocabulary = grammar.Vocabulary()
        self.settings: dict[str, Any] = {}
        self.options: tuple[Option, ...] = ()

    def expression(
        self, table: Mapping[str, Any], key: str, path: Path, kind: str = "bool", *, results: bool = False
    ) -> Expression:
        text = self.text_of(table, key, path)
        line = self.lines.of(*path, key)
        node = constant(False) if kind == "bool" else ZERO
        if text:
            try:
                node = language.parse(text, self.vocabulary, results=results)
                wanted = (kind,) if kind == "bool" else ("number", "bool", "entries")
                if node.kind not in wanted:
                    words = grammar.KIND_WORDS
                    raise grammar.ExpressionError(f"此处应为{words[kind]},而不是{words[node.kind]}")
                if kind == "number" and node.kind == "bool":
                    node = Node("as_number", "number", (node,))
            except grammar.ExpressionError as error:
                lines = text[: error.offset].count("\n")
                self.problem((*path, key), error.message, lines)
                node = constant(False) if kind == "bool" else ZERO
        return Expression(text, node, line)

    # ---- the whole
    def scheme(self) -> Scheme:
        for key in self.data:
            if key not in _BLOCKS:
                self.problem((key,), f"未知的部分 {key}")
        if self.data.get("format") != 1:
            self.problem(("format",), "文件开头应写 format = 1")
        head = self.table("scheme")
        self.read_options()
        metrics = {
            code: Metric(code, self.text_of(item, "name", ("metrics", code)), str(item.get("unit", "")))
            for code, item in self.tables_in("metrics")
        }
        levels = {code: str(name) for code, name in self.table("levels").items()}
        registers = {
            code: RegisterKind(code, self.text_of(item, "name", ("registers", code)), dict(item.get("categories", {})))
            for code, item in self.tables_in("registers")
        }
        for code in metrics:
            if code in grammar.SPECIAL or not code.isidentifier():
                self.problem(("metrics", code), f"数据项不能叫 {code}")
            if any(option.key == code for option in self.options):
                self.problem(("metrics", code), f"数据项与选项同名:{code}")
        stage_blocks = self.blocks("stages")
        if stage_blocks:
            self.stage_codes = tuple(self.text_of(item, "code", path) for path, item in stage_blocks)
        scores = {str(item.get("code")) for key in ("dimensions", "indicators") for _, item in self.blocks(key)}
        zero = self.settings["growth_zero_base"]
        self.vocabulary = grammar.Vocabulary(
            metrics=set(metrics),
            levels=tuple(levels),
            registers={code: set(kind.categories) for code, kind in registers.items()},
            options={option.key: option.value for option in self.options},
            stages=self.stage_codes,
            scores=scores,
            growth_zero_base=None
            if zero == "cannot"
            else self.fraction(zero, ("options", "growth_zero_base"), "value"),
        )
        parts: dict[str, Any] = {
            "code": self.text_of(head, "code", ("scheme",)),
            "version": self.text_of(head, "version", ("scheme",)),
            "title": self.text_of(head, "title", ("scheme",)),
            "document": self.text_of(head, "document", ("scheme",), ""),
            "issued_on": str(head.get("issued_on", "")),
            "total": self.maybe(head, "total", ("scheme",)),
            "text": self.text,
            "sha256": hashlib.sha256(self.text.encode()).hexdigest(),
            "options": self.options,
            "metrics": metrics,
            "levels": levels,
            "registers": registers,
            "eligibility": self.one_condition("eligibility", "评价对象"),
            "stages": tuple(self.stage(*pair) for pair in stage_blocks) or (Stage("all", "全部", 0, None, Source()),),
            "confirmation": self.one_condition("confirmation", "待确认"),
            "exclusions": tuple(self.condition(*pair) for pair in self.blocks("exclusions")),
            "method": self.method(self.table("aggregate"), ("aggregate",)),
            "dimensions": self.dimensions(),
            "indicators": tuple(self.indicator(*pair) for pair in self.blocks("indicators")),
            "deductions": tuple(self.adjustment(*pair) for pair in self.blocks("deductions")),
            "decays": tuple(self.decay(*pair) for pair in self.blocks("decays")),
            "bonuses": tuple(self.adjustment(*pair) for pair in self.blocks("bonuses")),
            "deduction_cap": self.maybe(self.table("adjustments"), "deduction_cap", ("adjustments",)),
            "bonus_cap": self.maybe(self.table("adjustments"), "bonus_cap", ("adjustments",)),
            "outcome": self.outcome(),
            "grades": tuple(self.grade(*pair) for pair in self.blocks("grades")),
            "settings": self.settings,
        }
        self.check_codes(parts, scores)
        if self.problems:
            raise SchemeError(self.problems)
        return Scheme(**parts, inputs=_inputs(parts))

    def tables_in(self, key: str) -> list[tuple[str, dict[str, Any]]]:
        found = []
        for code, item in self.table(key).items():
            if isinstance(item, dict):
                found.append((code, item))
            else:
                self.problem((key, code), f"{code} 应为表")
        return found

    def read_options(self) -> None:
        options = []
        for key, item in self.tables_in("options"):
            path: Path = ("options", key)
            value, choices = item.get("value"), tuple(item.get("choices", ()))
            if value is None:
                self.problem(path, "缺少 value")
            if choices and value not in choices:
                self.problem((*path, "value"), f"{key} 只能取 {'、'.join(map(str, choices))}")
            source = self.source(item, path)
            text = self.text_of(item, "text", path, "")
            options.append(Option(key, value, source.basis, source.article, text, source.reading, choices))
        self.options = tuple(options)
        given = {option.key: option.value for option in options}
        for key, (default, allowed) in SETTINGS.items():
            value = given.get(key, default)
            if allowed and value not in allowed:
                self.problem(("options", key, "value"), f"{key} 只能取 {'、'.join(allowed)}")
            self.settings[key] = value
        order = self.settings["order"]
        if not isinstance(order, list) or len(set(order)) != len(order) or not set(order) <= set(STEPS):
            self.problem(("options", "order", "value"), f"order 只能由 {'、'.join(STEPS)} 组成,不重复")
        for key, least, most in (("decimals", 0, 10), ("peer_minimum", 1, 10**9)):
            if type(self.settings[key]) is not int or not least <= self.settings[key] <= most:
                self.problem(("options", key, "value"), f"{key} 应为{least}以上的整数")
                self.settings[key] = least

    def one_condition(self, key: str, name: str) -> Condition | None:
        table = self.table(key)
        if not table:
            return None
        words = str(table.get("name") or table.get("text") or name)
        said = self.text_of(table, "words", (key,), "")
        return Condition(key, words, self.expression(table, "when", (key,)), self.source(table, (key,)), said)

    def condition(self, path: Path, item: dict[str, Any], *, results: bool = False) -> Condition:
        return Condition(
            self.text_of(item, "code", path),
            self.text_of(item, "name", path),
            self.expression(item, "when", path, results=results),
            self.source(item, path),
            self.text_of(item, "words", path, ""),
        )

    def stage(self, path: Path, item: dict[str, Any]) -> Stage:
        grade = item.get("grade", path[1])
        if type(grade) is not int:
            self.problem((*path, "grade"), "grade 应为整数")
            grade = 0
        return Stage(
            self.text_of(item, "code", path),
            self.text_of(item, "name", path),
            grade,
            self.expression(item, "when", path),
            self.source(item, path),
        )

    def method(self, table: Mapping[str, Any], path: Path) -> str:
        method = table.get("method", "sum")
        if method not in ("sum", "arithmetic", "geometric"):
            self.problem((*path, "method"), "method 只能取 sum、arithmetic、geometric")
        return str(method)

    def dimensions(self) -> tuple[Dimension, ...]:
        found = []
        for path, item in self.blocks("dimensions"):
            found.append(
                Dimension(
                    self.text_of(item, "code", path),
                    self.text_of(item, "name", path),
                    self.text_of(item, "parent", path, ""),
                    self.method(item, path),
                    self.by_stage(item.get("weight", 1), (*path, "weight"), "weight"),
                    self.maybe(item, "max_points", path),
                    self.maybe(item, "minimum", path),
                    self.source(item, path),
                )
            )
        parents = {dimension.code: dimension.parent for dimension in found}
        for i, dimension in enumerate(found):
            if dimension.parent and dimension.parent not in parents:
                self.problem(("dimensions", i, "parent"), f"未知的上级指标 {dimension.parent}")
            above, steps = dimension.parent, 0
            while above and steps <= len(found):
                above, steps = parents.get(above, ""), steps + 1
            if above:
                self.problem(("dimensions", i, "parent"), "上级指标成环")
        return tuple(found)

    def indicator(self, path: Path, item: dict[str, Any]) -> Indicator:
        code = self.text_of(item, "code", path)
        max_points = self.number_of(item, "max_points", path)
        if max_points <= 0:
            self.problem((*path, "max_points"), "分值应大于0")
            max_points = Fraction(1)
        stages = item.get("stages", list(self.stage_codes))
        for stage in stages:
            if stage not in self.stage_codes:
                self.problem((*path, "stages"), f"未知的阶段 {stage}")
        value = self.expression(item, "value", path, "number")
        rule, value = RuleReader(self, path, item, max_points).read(value)
        return Indicator(
            code,
            self.text_of(item, "name", path),
            tuple(item.get("aliases", ())),
            self.text_of(item, "unit", path, ""),
            self.text_of(item, "category", path, ""),
            self.text_of(item, "dimension", path),
            max_points,
            self.by_stage(item.get("weight", 1), (*path, "weight"), "weight"),
            tuple(stage in stages for stage in self.stage_codes),
            value,
            rule,
            self.missing(item, path),
            self.winsorise(item, path),
            int(item.get("decimals", 2)),
            self.source(item, path),
        )

    def missing(self, item: dict[str, Any], path: Path) -> Missing:
        value = item.get("missing", self.settings["missing"])
        table = value if isinstance(value, dict) else {"method": value, "points": self.settings["missing_penalty"]}
        method = table.get("method")
        if method not in ("zero", "mean", "penalty", "rescale"):
            self.problem((*path, "missing"), "missing 只能取 zero、mean、penalty、rescale")
        return Missing(str(method), self.fraction(table.get("points", 0), (*path, "missing"), "points"))

    def winsorise(self, item: dict[str, Any], path: Path) -> tuple[Fraction, Fraction] | None:
        if "winsorise" not in item:
            return None
        bounds = item["winsorise"]
        if not isinstance(bounds, list) or len(bounds) != 2:
            self.problem((*path, "winsorise"), "winsorise 应为两个百分位,如 [5, 95]")
            return None
        low, high = (self.fraction(bound, (*path, "winsorise"), "winsorise") for bound in bounds)
        if not 0 <= low < high <= 100:
            self.problem((*path, "winsorise"), "winsorise 的百分位应在0至100之间且先小后大")
        return low, high

    def adjustment(self, path: Path, item: dict[str, Any]) -> Adjustment:
        return Adjustment(
            self.text_of(item, "code", path),
            self.text_of(item, "name", path),
            self.expression(item, "points", path, "number"),
            self.maybe(item, "cap", path),
            self.source(item, path),
        )

    def decay(self, path: Path, item: dict[str, Any]) -> Decay:
        factor = self.number_of(item, "factor", path)
        if not 0 <= factor <= 1:
            self.problem((*path, "factor"), "衰减系数应在0与1之间")
        return Decay(
            self.text_of(item, "code", path),
            self.text_of(item, "name", path),
            self.expression(item, "when", path),
            factor,
            self.source(item, path),
            self.text_of(item, "words", path, ""),
        )

    def outcome(self) -> Outcome:
        table = self.table("outcome")

        def goal(key: str) -> Expression | None:
            return self.expression(table, key, ("outcome",), results=True) if key in table else None

        vetoes = tuple(self.condition(*pair, results=True) for pair in self.blocks("vetoes"))
        return Outcome(goal("pass"), goal("direct_pass"), vetoes)

    def grade(self, path: Path, item: dict[str, Any]) -> Grade:
        if ("from" in item) == ("top" in item):
            self.problem(path, "等级应写 from 或 top 之一")
        lowest, top = self.maybe(item, "from", path), self.maybe(item, "top", path)
        return Grade(self.text_of(item, "code", path), self.text_of(item, "name", path), lowest, top)

    def check_codes(self, parts: dict[str, Any], scores: set[str]) -> None:
        codes = {dimension.code for dimension in parts["dimensions"]}
        for i, indicator in enumerate(parts["indicators"]):
            if indicator.dimension not in codes:
                self.problem(("indicators", i, "dimension"), f"未知的一级指标 {indicator.dimension}")
        if not parts["indicators"]:
            self.problem(("indicators",), "方案里没有指标")
        both = codes & {indicator.code for indicator in parts["indicators"]}
        for code in both:
            self.problem(("dimensions",), f"一级指标与二级指标同号:{code}")
        for name in self.settings["tie_breakers"]:
            if name != "unrounded" and name not in scores:
                self.problem(("options", "tie_breakers", "value"), f"tie_breakers 里没有 {name}")


def _inputs(parts: dict[str, Any]) -> tuple[InputKey, ...]:
    """Every input some expression reads, once, in the order of first appearance."""
    outcome: Outcome = parts["outcome"]
    named = [parts["eligibility"], parts["confirmation"], *parts["exclusions"], *parts["decays"], *outcome.vetoes]
    expressions = [item.when for item in [*parts["stages"], *named] if item is not None and item.when is not None]
    expressions += [indicator.value for indicator in parts["indicators"]]
    expressions += [item.points for item in [*parts["deductions"], *parts["bonuses"]]]
    expressions += [expression for expression in (outcome.passes, outcome.direct_pass) if expression is not None]
    keys: dict[InputKey, None] = {("history", "override_stage"): None}
    for expression in expressions:
        for key in expression.node.inputs():
            if key[0] != "result":
                keys[key] = None
    return tuple(keys)
