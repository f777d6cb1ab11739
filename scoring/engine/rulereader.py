"""Reads the rule of one indicator: its parameters, its references, and the peers they come from."""

from __future__ import annotations

import dataclasses
import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from scoring.engine.grammar import ExpressionError, exact_constant
from scoring.engine.nodes import ZERO, Expression, Node
from scoring.engine.rules import REGISTRY, REQUIRED, RuleType
from scoring.engine.scheme import Rule, Source

if TYPE_CHECKING:
    from scoring.engine.reader import Reader
    from scoring.engine.tomlreader import Path

_STATISTIC = re.compile(r"^(max|min|mean|median|p\d{1,2}(\.\d+)?|p100)$")
_INTERVAL = re.compile(r"^\s*([\[(])\s*([^,\s]+)\s*,\s*([^,\s\])]+)\s*([\])])\s*$")
_MODES = {"best": "best_level", "sum": "level_sum", "each": "weighted"}
_COMMON = ("type", "peers", "basis", "reading", "article")
_FALLBACK = Rule("flag", {"reverse": False}, {}, "stage", Source())


class RuleReader:
    """Parses `rule` of one [[indicators]] block."""

    def __init__(self, reader: Reader, path: Path, item: dict[str, Any], max_points: Fraction) -> None:
        self.reader, self.path, self.item, self.max_points = reader, path, item, max_points

    def fail(self, message: str) -> None:
        self.reader.problem(self.where, message)

    def read(self, value: Expression) -> tuple[Rule, Expression]:
        """The rule and the indicator's value (a level map turns `entries` into a question to the registers)."""
        spec, self.where = self.item.get("rule"), (*self.path, "rule")
        if isinstance(spec, str):
            name, spec = spec, self.reader.table("rules").get(spec)
            if spec is None:
                self.fail(f"没有名为 {name} 的计分标准")
                return _FALLBACK, value
            self.where = ("rules", name)
        if not isinstance(spec, dict) or spec.get("type") not in REGISTRY:
            known = "、".join(REGISTRY)
            self.fail(f"计分标准的 type 应为 {known} 之一" if isinstance(spec, dict) else "缺少 rule")
            return _FALLBACK, value
        options = self.reader.vocabulary.options
        spec = {k: options.get(v, v) if isinstance(v, str) and k != "type" else v for k, v in spec.items()}
        kind = REGISTRY[spec["type"]]
        for key in spec:
            if key not in kind.fields and key not in _COMMON:
                self.fail(f"计分标准 {kind.name} 没有参数 {key}")
        params: dict[str, Any] = {"max_points": self.max_points}
        references: dict[str, tuple[Fraction | str, ...]] = {}
        for key, default in kind.fields.items():
            if key not in spec and default is REQUIRED:
                self.fail(f"计分标准 {kind.name} 缺少参数 {key}")
            elif key in kind.references:
                references[key] = self.reference(key, spec.get(key, default))
            else:
                params[key] = self.parameter(kind, key, spec.get(key, default), default)
        stages = len(self.reader.stage_codes)
        for key, statistic in kind.hidden.items():
            if kind.name == "normal" and (key == "sample") != (params.get("mode") == "rank"):
                continue
            references[key] = (statistic,) * stages
        source = self.reader.source(spec, self.where)
        rule = Rule(kind.name, params, references, str(spec.get("peers", "stage")), source)
        self.check(rule)
        return rule, self.value(kind, params, value)

    def parameter(self, kind: RuleType, key: str, value: Any, default: Any) -> Any:
        if key == "tiers":
            return self.tiers(value)
        if key == "levels":
            return self.levels(value)
        if key == "mode":
            allowed = tuple(_MODES) if kind.name == "level_map" else ("rank", "parametric")
            if value not in allowed:
                self.fail(f"mode 只能取 {'、'.join(allowed)}")
                return allowed[0]
            return value
        if isinstance(default, bool):
            if not isinstance(value, bool):
                self.fail(f"{key} 应为 true 或 false")
            return bool(value)
        return self.reader.fraction(value, self.where, key)

    def reference(self, key: str, value: Any) -> tuple[Fraction | str, ...]:
        codes = self.reader.stage_codes
        if isinstance(value, dict):
            unknown = [code for code in value if code != "*" and code not in codes]
            lacking = [code for code in codes if code not in value and "*" not in value]
            if unknown or lacking:
                self.fail(f"{key}:" + (f"未知的阶段 {unknown[0]}" if unknown else f"缺少阶段 {'、'.join(lacking)}"))
            return tuple(self.one_reference(key, value.get(code, value.get("*", 0))) for code in codes)
        return (self.one_reference(key, value),) * len(codes)

    def one_reference(self, key: str, value: Any) -> Fraction | str:
        if isinstance(value, str):
            if not _STATISTIC.match(value):
                self.fail(f"{key}:未知的统计量 {value},可写 max、min、mean、median、p90 等")
                return "p50"
            return "p50" if value == "median" else value
        return self.reader.fraction(value, self.where, key)

    def tiers(self, value: Any) -> tuple[tuple[Any, ...], ...]:
        rows = []
        for row in value if isinstance(value, list) else []:
            match = (
                _INTERVAL.match(row[0]) if isinstance(row, list) and len(row) == 2 and isinstance(row[0], str) else None
            )
            if match is None:
                self.fail('tiers 的每一行应写作 ["[0, 10)", 分数]')
                continue
            left, low, high, right = match.groups()
            ends = [self.end(low), self.end(high)]
            rows.append(
                (ends[0], left == "[", ends[1], right == "]", self.reader.fraction(row[1], self.where, "tiers"))
            )
        if not rows:
            self.fail("tiers 至少要有一行")
        return tuple(rows)

    def end(self, text: str) -> Fraction | None:
        if text.lstrip("+-") in ("inf", "∞"):
            return None
        try:
            return exact_constant(float(text))
        except (ValueError, ExpressionError):
            self.fail(f"tiers 的端点不是数字:{text}")
            return Fraction(0)

    def levels(self, value: Any) -> tuple[tuple[str, Fraction], ...]:
        if not isinstance(value, dict) or not value:
            self.fail("levels 应写作 { national = 100, provincial = 60 }")
            return ()
        for code in value:
            if code not in self.reader.vocabulary.levels:
                self.fail(f"未知的级别 {code}")
        return tuple((code, self.reader.fraction(number, self.where, code)) for code, number in value.items())

    def value(self, kind: RuleType, params: dict[str, Any], value: Expression) -> Expression:
        node = value.node
        if kind.name == "level_map":
            if node.op != "entries":
                self.reader.problem((*self.path, "value"), "计分标准为级别对照时,value 应写作 entries(台账种类, …)")
                return value
            query = dataclasses.replace(node.data, function=_MODES[params["mode"]], weights=params["levels"])
            return Expression(value.text, Node("input", "number", data=("register", query)), value.line)
        if node.op == "entries":
            self.reader.problem((*self.path, "value"), "entries 只能与级别对照(level_map)同用")
            return Expression(value.text, ZERO, value.line)
        return value

    def check(self, rule: Rule) -> None:
        """Numbers that make a rule meaningless."""
        params = rule.params
        if params.get("per", 1) <= 0 or params.get("span", 1) <= 0:
            self.fail("per、span 应大于0")
        if rule.type == "log" and params["floor"] + params["offset"] <= 0:
            self.fail("log 的 floor + offset 应大于0")
        if rule.type == "two_thresholds" and not 0 <= params["share"] <= 100:
            self.fail("share 应在0与100之间")
        lower = {"linear": "floor", "goalposts": "lower", "two_thresholds": "base"}.get(rule.type)
        upper = "upper" if rule.type == "goalposts" else "full"
        if lower:
            lows = rule.references.get(lower, (params.get(lower),) * len(self.reader.stage_codes))
            for low, high in zip(lows, rule.references.get(upper, ()), strict=False):
                if isinstance(low, Fraction) and isinstance(high, Fraction) and low == high:
                    self.fail(f"{lower} 与 {upper} 相等,除数为零")
                    break
