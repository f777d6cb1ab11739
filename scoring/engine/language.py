"""The scheme's small expression language: text → typed tree, by a whitelist over Python's own grammar.

Nothing is ever evaluated here but constants. Semantics: docs/scheme-format.md, "Expressions".
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection
from fractions import Fraction

from scoring.engine.grammar import (
    DATES,
    KIND_WORDS,
    MAX_LENGTH,
    RESULTS,
    STAGE_NAMES,
    ExpressionError,
    Vocabulary,
    compare,
    exact_constant,
)  # fmt: skip
from scoring.engine.nodes import MISSING, Node, RegisterQuery, constant

_COMPARE = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_ARITHMETIC = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div"}
_WINDOWS = ("overlaps", "held", "unresolved", "expired")
_REGISTER = ("has", "count", "amount", "quantity", "best_level", "level_sum", "weighted", "entries")
_LEVEL_FUNCTIONS = ("best_level", "level_sum", "weighted")


def parse(text: str, vocabulary: Vocabulary, *, results: bool = False) -> Node:
    """Parse an expression. `results` allows base, total and score('code'). Raises ExpressionError."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"表达式过长(超过{MAX_LENGTH}个字符)")
    try:
        # one line, so that columns are positions in the text; the mistakes of the text are the parser's to name
        tree = ast.parse(text.replace("\n", " ").strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise ExpressionError("表达式写法有误", (getattr(error, "offset", 1) or 1) - 1) from None
    try:
        return _Parser(text, vocabulary, results).node(tree.body)
    except RecursionError:
        raise ExpressionError("表达式嵌套过深") from None


class _Parser:
    def __init__(self, text: str, vocabulary: Vocabulary, results: bool) -> None:
        self.text, self.words, self.results = text, vocabulary, results

    def node(self, tree: ast.expr) -> Node:
        method = getattr(self, "_" + type(tree).__name__.lower(), None)
        if method is None:
            raise ExpressionError("不允许的写法", tree.col_offset)
        result: Node = method(tree)
        return result

    def fail(self, message: str, tree: ast.expr) -> ExpressionError:
        return ExpressionError(message, tree.col_offset)

    def number(self, tree: ast.expr) -> Node:
        node = self.node(tree)
        if node.kind == "bool":
            if node.op == "const":
                return constant(Fraction(int(node.data)))
            return Node("as_number", "number", (node,))
        return self.need(node, "number", tree)

    def condition(self, tree: ast.expr) -> Node:
        return self.need(self.node(tree), "bool", tree)

    def need(self, node: Node, kind: str, tree: ast.expr) -> Node:
        if node.kind != kind:
            raise self.fail(f"此处应为{KIND_WORDS[kind]},而不是{KIND_WORDS[node.kind]}", tree)
        return node

    # ---- leaves
    def _constant(self, tree: ast.Constant) -> Node:
        value = tree.value
        if isinstance(value, bool | str):
            return constant(value)
        if isinstance(value, int | float):
            return constant(exact_constant(value, tree.col_offset))
        raise self.fail("不允许的常量", tree)

    def _list(self, tree: ast.List) -> Node:
        items = [self.node(item) for item in tree.elts]
        if any(item.op != "const" for item in items):
            raise self.fail("列表里只能写常量", tree)
        return constant([item.data for item in items])

    _tuple = _list

    def _name(self, tree: ast.Name) -> Node:
        name, words = tree.id, self.words
        if name == "missing":
            return MISSING
        if name in words.metrics:
            return Node("input", "number", data=("metric", name))
        if name in DATES:
            return Node("date", "date", data=("date", name))
        if name in STAGE_NAMES:
            return Node("stage", "stage", data=name)
        if name in ("grades_dropped", "grades_below_peak"):
            return Node(name, "number")
        if name == "demoted_before":
            return Node("flag", "bool", (Node("input", "number", data=("history", name)),))
        if name in RESULTS:
            return self.result(name, tree)
        if name in words.options:
            value = words.options[name]
            if isinstance(value, bool | str):
                return constant(value)
            if isinstance(value, int | float):
                return constant(exact_constant(value, tree.col_offset))
            raise self.fail(f"选项 {name} 不能用在表达式里", tree)
        raise self.fail(f"未知的名称 {name}", tree)

    def result(self, code: str, tree: ast.expr) -> Node:
        if not self.results:
            raise self.fail(f"{code} 只能用在 [outcome] 和 [[vetoes]] 里", tree)
        return Node("input", "number", data=("result", code))

    # ---- operators
    def _unaryop(self, tree: ast.UnaryOp) -> Node:
        if isinstance(tree.op, ast.Not):
            arg = self.condition(tree.operand)
            return constant(not arg.data) if arg.op == "const" else Node("not", "bool", (arg,))
        if isinstance(tree.op, ast.USub):
            arg = self.number(tree.operand)
            return constant(-arg.data) if arg.op == "const" else Node("neg", "number", (arg,))
        raise self.fail("不允许的运算符", tree)

    def _binop(self, tree: ast.BinOp) -> Node:
        op = _ARITHMETIC.get(type(tree.op))
        if op is None:
            raise self.fail("不允许的运算符,只有 + - * /", tree)
        left, right = self.number(tree.left), self.number(tree.right)
        if op == "div" and right.op == "const" and right.data == 0:
            raise self.fail("除数为零", tree)
        return Node(op, "number", (left, right))

    def _boolop(self, tree: ast.BoolOp) -> Node:
        absorbing = isinstance(tree.op, ast.Or)
        args = []
        for item in tree.values:
            node = self.condition(item)
            if node.op == "const" and node.data is absorbing:
                return node
            if node.op != "const":
                args.append(node)
        if not args:
            return constant(not absorbing)
        return args[0] if len(args) == 1 else Node("or" if absorbing else "and", "bool", tuple(args))

    def _compare(self, tree: ast.Compare) -> Node:
        operands = [tree.left, *tree.comparators]
        parts = [self.pair(op, a, b) for op, a, b in zip(tree.ops, operands, operands[1:], strict=False)]
        if all(part.op == "const" for part in parts):
            return constant(all(part.data for part in parts))
        return parts[0] if len(parts) == 1 else Node("and", "bool", tuple(parts))

    def pair(self, op: ast.cmpop, left_tree: ast.expr, right_tree: ast.expr) -> Node:
        if isinstance(op, ast.In | ast.NotIn):
            inside = self.member(self.node(left_tree), self.need(self.node(right_tree), "list", right_tree), left_tree)
            return inside if isinstance(op, ast.In) else _negate(inside)
        symbol = _COMPARE.get(type(op))
        if symbol is None:
            raise self.fail("不允许的比较", left_tree)
        left, right = self.node(left_tree), self.node(right_tree)
        if "text" in (left.kind, right.kind):
            if symbol not in ("==", "!="):
                raise self.fail("文字只能比较是否相等", left_tree)
            if left.kind == "text":
                left, right, left_tree, right_tree = right, left, right_tree, left_tree
            same = self.member(left, constant([self.need(right, "text", right_tree).data]), left_tree)
            return same if symbol == "==" else _negate(same)
        if left.kind == right.kind == "bool" and symbol in ("==", "!="):
            same = Node("same", "bool", (left, right))
            return same if symbol == "==" else _negate(same)
        left, right = self.number(left_tree), self.number(right_tree)
        if left.op == right.op == "const":
            return constant(compare(symbol, left.data, right.data))
        return Node("compare", "bool", (left, right), symbol)

    def member(self, left: Node, items: Node, tree: ast.expr) -> Node:
        if left.op == "const":
            return constant(left.data in items.data)
        if left.kind == "stage":
            for code in items.data:
                if code not in self.words.stages:
                    raise self.fail(f"未知的阶段 {code}", tree)
            return Node("is_stage", "bool", data=(left.data, tuple(self.words.stages.index(c) for c in items.data)))
        if left.kind == "group":
            key = ("group", left.data, tuple(str(item) for item in items.data))
            return Node("flag", "bool", (Node("input", "number", data=key),))
        if left.kind == "number" and all(isinstance(item, Fraction) for item in items.data):
            parts = tuple(Node("compare", "bool", (left, constant(item)), "==") for item in items.data)
            return Node("or", "bool", parts) if parts else constant(False)
        raise self.fail(f"{KIND_WORDS[left.kind]}不能和文字或列表比较", tree)

    # ---- calls
    def _call(self, tree: ast.Call) -> Node:
        if not isinstance(tree.func, ast.Name):
            raise self.fail("不允许的调用", tree)
        name = tree.func.id
        if name in _REGISTER:
            return self.register(name, tree)
        if name not in _CALLS:
            raise self.fail(f"未知的函数 {name}", tree)
        least, most, build = _CALLS[name]
        if tree.keywords or not least <= len(tree.args) <= most:
            raise self.fail(f"函数 {name} 的参数不对", tree)
        return build(self, name, tree)

    def text_argument(self, tree: ast.expr) -> str:
        value: str = self.need(self.node(tree), "text", tree).data
        return value

    def shift(self, node: Node, tree: ast.expr) -> Node:
        """The same expression on last year's metrics."""
        if node.op == "input":
            if node.data[0] == "previous":
                raise self.fail("prev 不能嵌套", tree)
            if node.data[0] != "metric":
                raise self.fail("上年数只适用于数据项", tree)
            return Node("input", "number", data=("previous", node.data[1]))
        if node.op in ("register", "years_since", "grades_dropped", "grades_below_peak", "is_stage", "flag"):
            raise self.fail("上年数只适用于数据项", tree)
        return Node(node.op, node.kind, tuple(self.shift(arg, tree) for arg in node.args), node.data)

    def register(self, name: str, tree: ast.Call) -> Node:
        if len(tree.args) != 1 or not isinstance(tree.args[0], ast.Name):
            raise self.fail(f"{name} 的第一个参数应为台账种类", tree)
        kind = tree.args[0].id
        if kind not in self.words.registers:
            raise self.fail(f"未知的台账种类 {kind}", tree.args[0])
        categories: tuple[str, ...] | None = None
        levels: tuple[str, ...] | None = None
        window: tuple[str, int] | None = None
        weights: list[tuple[str, Fraction]] = []
        for keyword in tree.keywords:
            key, value = keyword.arg, self.node(keyword.value)
            if key == "category":
                categories = self.codes(value, self.words.registers[kind], f"{kind} 的类别", keyword.value)
            elif key in ("level", "at_least"):
                levels = self.codes(value, self.words.levels, "级别", keyword.value)
                if key == "at_least":
                    levels = self.words.levels[self.words.levels.index(levels[0]) :]
            elif key == "years" or key in _WINDOWS:
                if window is not None:
                    raise self.fail("只能写一个时间条件", keyword.value)
                window = self.window(key, value, keyword.value)
            elif key in self.words.levels and name in _LEVEL_FUNCTIONS and key is not None:
                weights.append((key, self.need(value, "number", keyword.value).data))
            else:
                raise self.fail(f"{name} 没有参数 {key}", keyword.value)
        if name in _LEVEL_FUNCTIONS and not weights:
            raise self.fail(f"{name} 应写明各级别的数", tree)
        query = RegisterQuery(name, kind, categories, levels, window, tuple(weights))
        if name == "entries":
            return Node("entries", "entries", data=query)
        leaf = Node("input", "number", data=("register", query))
        return Node("flag", "bool", (leaf,)) if name == "has" else leaf

    def window(self, key: str, value: Node, tree: ast.expr) -> tuple[str, int]:
        if key == "years":
            if value.op != "const" or value.kind != "number" or value.data.denominator != 1 or value.data < 1:
                raise self.fail("years 应为正整数", tree)
            return ("years", int(value.data))
        if value.op != "const" or value.data is not True:
            raise self.fail(f"{key} 只能写 True", tree)
        return (key, 0)

    def codes(self, value: Node, known: Collection[str], what: str, tree: ast.expr) -> tuple[str, ...]:
        if value.op != "const" or value.kind not in ("text", "list"):
            raise self.fail(f"{what}应为文字或列表", tree)
        codes = (value.data,) if value.kind == "text" else tuple(value.data)
        for code in codes:
            if code not in known:
                raise self.fail(f"未知的{what} {code}", tree)
        return codes


def _negate(node: Node) -> Node:
    return constant(not node.data) if node.op == "const" else Node("not", "bool", (node,))


# ---- the functions: (least arguments, most arguments, builder)
def _numeric(parser: _Parser, name: str, tree: ast.Call) -> Node:
    return Node(name, "number", tuple(parser.number(arg) for arg in tree.args))


def _ratio(parser: _Parser, name: str, tree: ast.Call) -> Node:
    return Node("ratio", "number", tuple(parser.number(arg) for arg in tree.args))


def _coalesce(parser: _Parser, name: str, tree: ast.Call) -> Node:
    return Node("first_known", "number", tuple(parser.number(arg) for arg in tree.args))


def _prev(parser: _Parser, name: str, tree: ast.Call) -> Node:
    return parser.shift(parser.number(tree.args[0]), tree)


def _growth(parser: _Parser, name: str, tree: ast.Call) -> Node:
    now = parser.number(tree.args[0])
    return Node("growth", "number", (now, parser.shift(now, tree)), parser.words.growth_zero_base)


def _two_year(parser: _Parser, name: str, tree: ast.Call) -> Node:
    now = parser.number(tree.args[0])
    return Node("two_year", "number", (now, parser.shift(now, tree)))


def _known(parser: _Parser, name: str, tree: ast.Call) -> Node:
    return Node("known", "bool", (parser.number(tree.args[0]),))


def _surely(parser: _Parser, name: str, tree: ast.Call) -> Node:
    return Node("surely", "bool", (parser.condition(tree.args[0]),))


def _choose(parser: _Parser, name: str, tree: ast.Call) -> Node:
    condition = parser.condition(tree.args[0])
    first, second = parser.node(tree.args[1]), parser.node(tree.args[2])
    if first.kind == second.kind == "bool":
        branches: tuple[Node, Node] = (first, second)
    else:
        branches = (parser.number(tree.args[1]), parser.number(tree.args[2]))
    if condition.op == "const":
        return branches[0] if condition.data else branches[1]
    return Node("choose", branches[0].kind, (condition, *branches))


def _years_since(parser: _Parser, name: str, tree: ast.Call) -> Node:
    return Node("years_since", "number", data=parser.need(parser.node(tree.args[0]), "date", tree).data)


def _manual(parser: _Parser, name: str, tree: ast.Call) -> Node:
    return Node("flag", "bool", (Node("input", "number", data=("manual", parser.text_argument(tree.args[0]))),))


def _group(parser: _Parser, name: str, tree: ast.Call) -> Node:
    return Node("group", "group", data=parser.text_argument(tree.args[0]))


def _score(parser: _Parser, name: str, tree: ast.Call) -> Node:
    code = parser.text_argument(tree.args[0])
    if code not in parser.words.scores:
        raise parser.fail(f"没有编号为 {code} 的指标", tree)
    return parser.result(code, tree)


_Builder = Callable[[_Parser, str, ast.Call], Node]
_CALLS: dict[str, tuple[int, int, _Builder]] = {
    "ratio": (2, 2, _ratio),
    "share": (2, 2, _ratio),
    "prev": (1, 1, _prev),
    "growth": (1, 1, _growth),
    "two_year": (1, 1, _two_year),
    "best": (1, 20, _numeric),
    "first_known": (1, 20, _numeric),
    "coalesce": (1, 20, _coalesce),
    "min": (1, 20, _numeric),
    "max": (1, 20, _numeric),
    "abs": (1, 1, _numeric),
    "log": (1, 1, _numeric),
    "known": (1, 1, _known),
    "surely": (1, 1, _surely),
    "choose": (3, 3, _choose),
    "years_since": (1, 1, _years_since),
    "manual": (1, 1, _manual),
    "group": (1, 1, _group),
    "score": (1, 1, _score),
}
