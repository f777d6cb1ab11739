"""A scheme's expressions and rules in Chinese words, for the method page and for explanations."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from scoring.engine.exact import decimal_text, round_half_up
from scoring.engine.nodes import InputKey, Node, RegisterQuery
from scoring.engine.peers import wanted
from scoring.engine.scheme import Indicator, Scheme

_SYMBOLS = {"==": "等于", "!=": "不等于", "<": "小于", "<=": "不大于", ">": "大于", ">=": "不小于"}
_DATES = {"registered_on": "注册成立", "stage_since": "跨入现企业类型"}
_STAGE_OF = {"stage": "企业类型", "previous_stage": "上一评价期企业类型", "previous2_stage": "上上评价期企业类型"}
_WINDOWS = {
    "overlaps": "数据年度内有效的", "held": "基准日持有的", "unresolved": "基准日尚未恢复的", "expired": "已到期的", "": "累计",
}  # fmt: skip
_FUNCTIONS = {"has": "有", "count": "数量", "amount": "金额合计", "quantity": "数量合计"}
_STATISTICS = {"max": "最大值", "min": "最小值", "mean": "平均值", "p50": "中位数", "sd": "标准差"}


def figure(value: Fraction | float | None, decimals: int = 2) -> str:
    """A number as people read it: rounded, without trailing zeros, thousands separated."""
    if value is None or value != value:
        return "未提供"
    exact = value if isinstance(value, Fraction) else Fraction(repr(value) if value == value else 0)
    text = decimal_text(round_half_up(exact, decimals))
    if exact != 0 and text in ("0", "-0"):
        text = f"{float(exact):.3g}"
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    whole, dot, rest = digits.partition(".")
    return f"{sign}{int(whole):,}{dot}{rest}" if whole.isdigit() else text


def statistic_name(name: str) -> str:
    """p90 → 第90百分位数."""
    return _STATISTICS.get(name, f"第{name[1:]}百分位数")


def input_name(scheme: Scheme, key: InputKey) -> str:
    """An input in words."""
    source: str = key[0]
    name: Any = key[1]
    if source in ("metric", "previous"):
        return ("上年" if source == "previous" else "") + scheme.metrics[name].name
    if source == "register":
        return query_words(scheme, name)
    if source == "date":
        return "注册成立日期" if name == "registered_on" else "跨入现企业类型日期"
    if source == "history":
        words = {
            "demoted_before": "上一评价期曾降档",
            "override_stage": "核定的企业类型",
            "peak_stage": "降档前企业类型",
            **_STAGE_OF,
        }
        return words[name]
    return f"人工标记{name}" if source == "manual" else f"{name}属于{'、'.join(key[2])}"


def query_words(scheme: Scheme, query: RegisterQuery) -> str:
    """A question to the registers in words."""
    kind = scheme.registers[query.kind]
    window, years = query.window or ("", 0)
    when = (
        {1: "当年登记的", 2: "近两年登记的"}.get(years, f"近{years}年登记的") if window == "years" else _WINDOWS[window]
    )
    levels = ""
    if query.levels is not None:
        levels = "、".join(scheme.levels[code] for code in query.levels)
    what = kind.name
    if query.categories is not None:
        what = "、".join(kind.categories[code] for code in query.categories)
    text = f"{when}{levels}{what}"
    if query.function == "has":
        return f"有{text}"
    if query.function in _FUNCTIONS:
        return text + _FUNCTIONS[query.function]
    how = {"best_level": "取最高级别", "level_sum": "各级别只计一次相加", "weighted": "逐项按级别相加"}[query.function]
    numbers = "、".join(f"{scheme.levels[code]}{figure(number)}" for code, number in query.weights)
    return f"{text}({how}:{numbers})"


def say(scheme: Scheme, node: Node) -> str:
    """An expression in words."""
    if node.op == "const":
        return ("是" if node.data else "否") if node.kind == "bool" else figure(node.data, 9)
    if node.op == "input":
        return input_name(scheme, node.data)
    parts = [say(scheme, arg) for arg in node.args]
    simple = {
        "growth": "{0}比上年增长率", "ratio": "{0}÷{1}(%)", "known": "已提供{0}", "surely": "已知{0}", "as_number": "{0}",
        "flag": "{0}", "not": "非({0})", "abs": "|{0}|", "log": "ln({0})", "neg": "−{0}",
    }  # fmt: skip
    if node.op in simple:
        return simple[node.op].format(*parts)
    joined = {
        "add": " + ", "sub": " − ", "mul": " × ", "div": " ÷ ", "and": "且", "or": "或", "two_year": "与", "same": "同于",
    }  # fmt: skip
    if node.op in joined:
        return "(" + joined[node.op].join(parts) + ")" + ("两年合计" if node.op == "two_year" else "")
    if node.op == "compare":
        return f"{parts[0]}{_SYMBOLS[node.data]}{parts[1]}"
    if node.op == "years_since":
        return f"{_DATES[node.data[1]]}年数"
    if node.op == "is_stage":
        return f"{_STAGE_OF[node.data[0]]}为{'或'.join(scheme.stages[i].name for i in node.data[1])}"
    if node.op == "first_known":
        return f"{parts[0]}(未提供时依次取{'、'.join(p for p in parts[1:])})" if len(parts) > 1 else parts[0]
    if node.op == "choose":
        if node.args[2].op == "missing":
            return parts[1]
        return f"({parts[0]}时取{parts[1]},否则取{parts[2]})"
    if node.op in ("best", "min", "max"):
        return f"{'、'.join(parts)}中{'最小' if node.op == 'min' else '最大'}者"
    return {"missing": "未提供", "grades_dropped": "比上一评价期降档数", "grades_below_peak": "比降档前低的档数"}[
        node.op
    ]


def describe(
    scheme: Scheme, indicator: Indicator, stage: str | None = None, references: Mapping[str, Any] | None = None
) -> str:
    """The indicator's rule in words. stage: a code; references: this firm's, field → Fraction or None."""
    codes = [item.code for item in scheme.stages]
    index = codes.index(stage) if stage is not None else 0
    if stage is not None and not indicator.exists[index]:
        return f"{scheme.stages[index].name}不设此项"
    rule, found = indicator.rule, references or {}

    def reference(field: str) -> str:
        spec = wanted(indicator)[field][index]
        if isinstance(found.get(field), Fraction):
            return figure(found[field], 4) + indicator.unit
        if isinstance(spec, Fraction):
            same = len(set(wanted(indicator)[field])) == 1 or stage is not None
            return figure(spec, 4) + indicator.unit if same else "各企业类型的规定值"
        who = {
            "stage": "同类型企业",
            "all": "全体参评企业",
            "industry": "同行业企业",
            "stage_industry": "同类型同行业企业",
        }
        return f"{who.get(rule.peers, '同组企业')}的{statistic_name(spec)}"

    p, full = rule.params, figure(indicator.max_points)
    words = {
        "linear": lambda: f"从{figure(p['floor'])}起线性计分,达到{reference('full')}得满分{full}分,超过的不再加分",
        "two_thresholds": lambda: (
            f"达到{reference('base')}得{figure(p['share'])}%的分,达到{reference('full')}得满分{full}分,其间按比例"
        ),
        "tiers": lambda: "分档计分:" + ";".join(_tier(row) for row in p["tiers"]),
        "steps": lambda: f"每{'满' if p['whole'] else ''}{figure(p['per'])}{indicator.unit}得{figure(p['points'])}分,最高{full}分",
        "reference_ratio": lambda: f"按与{reference('full')}之比得分,比值为1得{full}分" + _cap(p["capped"]),
        "min_max": lambda: f"在同组最小值与最大值之间按比例计分{_reverse(p)},满分{full}分" + _base(p["base"]),
        "cohort_ratio": lambda: (
            f"按{reference('to')}与指标值之比计分(越小越好),满分{full}分" if p["inverse"]
            else f"按指标值与{reference('to')}之比计分,满分{full}分" + _cap(p["capped"])
        ),
        "percentile": lambda: f"按在同组企业中的百分位次计分{_reverse(p)},满分{full}分",
        "z_score": lambda: f"按标准分计分,正负{figure(p['span'])}个标准差对应满分{full}分与0分{_reverse(p)}",
        "normal": lambda: f"按{'位次' if p['mode'] == 'rank' else '参数'}正态分计分{_reverse(p)},满分{full}分",
        "goalposts": lambda: f"在{reference('lower')}与{reference('upper')}之间按比例计分{_reverse(p)},满分{full}分",
        "level_map": lambda: (
            "按级别计分:" + "、".join(f"{scheme.levels[c]}{figure(v)}%" for c, v in p["levels"])
            + f",满分{full}分,{ {'best': '取最高一级', 'sum': '各级相加', 'each': '逐项相加'}[p['mode']] }"
        ),
        "flag": lambda: f"{'否' if p['reverse'] else '是'}得{full}分,{'是' if p['reverse'] else '否'}得0分",
        "log": lambda: f"按对数线性计分,达到{reference('full')}得满分{full}分",
    }  # fmt: skip
    return words[rule.type]()


def _tier(row: tuple[Any, ...]) -> str:
    low, low_closed, high, high_closed, points = row
    parts = []
    if low is not None:
        parts.append(("不小于" if low_closed else "大于") + figure(low, 9))
    if high is not None:
        parts.append(("不大于" if high_closed else "小于") + figure(high, 9))
    return f"{'且'.join(parts) or '任何值'}得{figure(points)}分"


def _cap(capped: bool) -> str:
    return ",封顶" if capped else ",不封顶"


def _reverse(p: Mapping[str, Any]) -> str:
    return "(越小越好)" if p.get("reverse") else ""


def _base(base: Fraction) -> str:
    return f",起点为{figure(base)}%" if base else ""
