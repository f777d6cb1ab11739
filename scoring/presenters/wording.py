"""What an expression of a scheme asks for, in Chinese words: the method page and explanations read from here.

The engine has already folded the options in, so the words say what this version really does.
"""

from __future__ import annotations

from fractions import Fraction

from scoring.engine.nodes import Expression, Node, RegisterQuery
from scoring.engine.scheme import Scheme
from scoring.presenters.formatting import number

_COMPARE = {"<": "低于", "<=": "不超过", ">": "超过", ">=": "达到", "==": "为", "!=": "不为"}
_YEARS = {"<": "不足", "<=": "不超过", ">": "超过", ">=": "满", "==": "恰为", "!=": "不为"}
_ARITHMETIC = {"add": " + ", "sub": " − ", "mul": " × ", "div": " ÷ ", "+": " + ", "-": " − ", "*": " × ", "/": " ÷ "}
_COUNTED = {"count": "的数量", "amount": "的金额合计", "quantity": "的数量合计"}
_HISTORY = {
    "demoted_before": "上一评价期已降档",
    "previous_stage": "上一评价期的类型",
    "previous2_stage": "再上一评价期的类型",
}


def in_words(scheme: Scheme, expression: Expression | Node, *, worth: str = "") -> str:
    """The expression's meaning as a Chinese phrase; nothing of it is left in code.

    ``worth``: what the numbers given to levels are, % in an indicator scored by levels.
    """
    node = expression.node if isinstance(expression, Expression) else expression
    return _Words(scheme, worth).say(node)


def register_name(scheme: Scheme, query: RegisterQuery) -> str:
    """What a question to the registers asks about, without how its answer is made up: ``近两年登记的创新创业赛事``."""
    return _Words(scheme).subject(query)


class _Words:
    def __init__(self, scheme: Scheme, worth: str = "") -> None:
        self.scheme = scheme
        self.worth = worth

    def say(self, node: Node) -> str:
        said = getattr(self, f"_{node.op}", None)
        if said is not None:
            return said(node)
        parts = [self.say(arg) for arg in node.args]
        if node.op in _ARITHMETIC:
            return f"（{_ARITHMETIC[node.op].join(parts)}）"
        names = {
            "min": "最小值",
            "max": "最大值",
            "best": "最大的已知值",
            "abs": "绝对值",
            "log": "自然对数",
            "neg": "相反数",
        }
        return f"{'、'.join(parts)}的{names.get(node.op, '计算值')}"

    # ---- values
    def _input(self, node: Node) -> str:
        source, name = node.data[0], node.data[1]
        if source == "metric":
            return self.scheme.metrics[name].name
        if source == "previous":
            return f"上年{self.scheme.metrics[name].name}"
        if source == "register":
            return self._register(name)
        if source == "history":
            return _HISTORY.get(name, "历史记录")
        if source == "result":
            return {"base": "基础得分", "total": "最终得分"}.get(name) or self._name_of(name)
        return f"积分办认定（{name}）"

    def _name_of(self, code: str) -> str:
        named = {item.code: item.name for item in (*self.scheme.dimensions, *self.scheme.indicators)}
        return f"{named.get(code, code)}得分"

    def subject(self, query: RegisterQuery) -> str:
        kind = self.scheme.registers[query.kind]
        named = "、".join(kind.categories.get(c, c) for c in query.categories or ())
        what = f"{kind.name}（{named}）" if named else kind.name
        levels = "、".join(self.scheme.levels.get(level, level) for level in reversed(query.levels or ()))
        when = _window(query.window)
        return f"{when}{levels}{what}"

    def _register(self, query: RegisterQuery) -> str:
        subject = self.subject(query)
        if query.function == "has":
            return f"有{subject}"
        if query.function in _COUNTED:
            return f"{subject}{_COUNTED[query.function]}"
        levels_of = self.scheme.levels
        worth = "、".join(
            f"{levels_of.get(level, level)}{number(points)}{self.worth}" for level, points in query.weights
        )
        how = {"best_level": "取最高一级", "level_sum": "每级只计一次，各级相加", "weighted": "逐项相加"}[
            query.function
        ]
        return f"{subject}（{worth}；{how}）"

    def _growth(self, node: Node) -> str:
        return f"{self.say(node.args[0])}比上年增长的百分数"

    def _ratio(self, node: Node) -> str:
        return f"{self.say(node.args[0])} ÷ {self.say(node.args[1])} × 100%"

    def _two_year(self, node: Node) -> str:
        return f"近两年{self.say(node.args[0])}合计"

    def _first_known(self, node: Node) -> str:
        return "；未提供的，取".join(self.say(arg) for arg in node.args)

    def _choose(self, node: Node) -> str:
        condition, yes, no = node.args
        if no.op == "missing":  # "when there is any entry, its sum": the sum says it all
            return self.say(yes)
        if yes.op == no.op == "const" and no.data == 0:
            return f"{self.say(condition)}的，{number(yes.data)}分"
        return f"{self.say(condition)}的，取{self.say(yes)}；否则取{self.say(no)}"

    def _const(self, node: Node) -> str:
        if isinstance(node.data, bool):
            return "是" if node.data else "否"
        return number(node.data) if isinstance(node.data, Fraction) else str(node.data)

    def _missing(self, node: Node) -> str:
        return "未提供"

    def _as_number(self, node: Node) -> str:
        return self.say(node.args[0])

    def _years_since(self, node: Node) -> str:
        return "注册成立年限" if node.data == ("date", "registered_on") else "跨入本类型的年限"

    def _grades_dropped(self, node: Node) -> str:
        return "比上一评价期下降的档数"

    def _grades_below_peak(self, node: Node) -> str:
        return "比最近高点下降的档数"

    # ---- conditions
    def _flag(self, node: Node) -> str:
        return self.say(node.args[0])

    def _compare(self, node: Node) -> str:
        left, right = node.args
        if left.op == "years_since":
            subject = "注册成立" if left.data == ("date", "registered_on") else "跨入本类型"
            return f"{subject}{_YEARS[node.data]}{self.say(right)}年"
        unit = ""
        if left.op == "input" and left.data[0] in ("metric", "previous"):
            unit = self.scheme.metrics[left.data[1]].unit
        if unit == "是/否" and right.op == "const":
            if node.data == "!=":  # "is not known to be the other"
                return f"{self.say(left)}未被确认为“{'是' if right.data else '否'}”"
            return f"{'是' if right.data else '不是'}{self.say(left)}"
        if right.op == "const" and right.data == 0 and node.data == ">":
            return f"有{self.say(left)}"
        return f"{self.say(left)}{_COMPARE[node.data]}{self.say(right)}{unit if right.op == 'const' else ''}"

    def _is_stage(self, node: Node) -> str:
        which, indices = node.data
        names = "或".join(self.scheme.stages[i].name for i in indices)
        return f"{'' if which == 'stage' else _HISTORY[which]}{'' if which == 'stage' else '为'}{names}"

    def _and(self, node: Node) -> str:
        return "，且".join(self._grouped(arg, "or") for arg in node.args)

    def _or(self, node: Node) -> str:
        return "，或".join(self._grouped(arg, "and") for arg in node.args)

    def _grouped(self, node: Node, other: str) -> str:
        return f"（{self.say(node)}）" if node.op == other else self.say(node)

    def _not(self, node: Node) -> str:
        return f"不属于“{self.say(node.args[0])}”"

    def _surely(self, node: Node) -> str:
        return self.say(node.args[0])

    def _known(self, node: Node) -> str:
        return f"{self.say(node.args[0])}已提供"

    def _group(self, node: Node) -> str:
        return {"industry": "产业", "park": "园区"}.get(str(node.data), "分组")

    def _same(self, node: Node) -> str:
        return "为".join(self.say(arg) for arg in node.args)


def _window(window: tuple[str, int] | None) -> str:
    if window is None:
        return "截至基准日的"
    name, years = window
    if name == "years":
        return {1: "当年登记的", 2: "近两年登记的", 3: "近三年登记的"}.get(years, f"近{years}年登记的")
    return {"overlaps": "当年内有效的", "held": "基准日持有的", "unresolved": "尚未恢复的", "expired": "已到期的"}[name]
