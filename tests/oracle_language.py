"""The expression language a second time: one firm, one expression, exact fractions, no arrays.

Written from docs/scheme-format.md alone. It shares no line with scoring.engine, so that a mistake must be made twice,
in two shapes, to pass unseen. A number is a Fraction, MISSING or CANNOT; a condition is True, False or None (unknown).
"""

import ast
from datetime import date
from decimal import Decimal, localcontext
from fractions import Fraction

MISSING, CANNOT = "missing", "cannot"
SELECTORS = {"category", "level", "at_least", "years", "overlaps", "held", "unresolved", "expired"}
TIMED = {"years", "overlaps", "held", "unresolved", "expired"}
PRECISION = 60


class Text(str):
    """A word of the language, told apart from the two marks above."""


def exact(number):
    """The decimal number that is printed for it: 0.1 is 1/10."""
    if isinstance(number, bool):
        return Fraction(int(number))
    return Fraction(repr(number)) if isinstance(number, float) else Fraction(number)


def decimal(number):
    return Decimal(number.numerator) / Decimal(number.denominator)


def is_number(value):
    return isinstance(value, Fraction) or (isinstance(value, str) and not isinstance(value, Text))


def as_number(value):
    if value is None:
        return MISSING
    return Fraction(int(value)) if isinstance(value, bool) else value


def unknown_of(*values):
    """The state of a result: missing beats cannot; None when all are known."""
    if MISSING in values:
        return MISSING
    return CANNOT if CANNOT in values else None


def anniversary(start, years):
    try:
        return start.replace(year=start.year + years)
    except ValueError:
        return date(start.year + years, 2, 28)


def years_between(start, today):
    whole = today.year - start.year
    while anniversary(start, whole) > today:
        whole -= 1
    last, following = anniversary(start, whole), anniversary(start, whole + 1)
    return whole + Fraction((today - last).days, (following - last).days)


class Reader:
    """Reads expressions of one scheme for one firm of one cohort; results (base, scores) come last."""

    def __init__(self, scheme, year, as_of, firm, stage=None, results=None):
        self.scheme, self.year, self.as_of, self.firm = scheme, year, as_of, firm
        self.stage, self.results = stage, results or {}
        self.metrics = firm["current"]
        self.options = {key: block["value"] for key, block in scheme.get("options", {}).items()}
        self.levels = list(scheme.get("levels", {}))

    def read(self, text):
        return self.node(ast.parse("(" + text.strip() + ")", mode="eval").body)

    def number(self, text):
        return as_number(self.read(str(text)))

    def node(self, node):
        return getattr(self, "on_" + type(node).__name__.lower())(node)

    def on_constant(self, node):
        value = node.value
        if isinstance(value, str):
            return Text(value)
        return value if isinstance(value, bool) else exact(value)

    def on_list(self, node):
        return [self.node(item) for item in node.elts]

    def on_name(self, node):
        name = node.id
        if name == "missing":
            return MISSING
        if name in self.scheme.get("metrics", {}):
            value = self.metrics.get(name)
            return MISSING if value is None else exact(value)
        if name in ("stage", "previous_stage", "previous2_stage"):
            code = self.stage if name == "stage" else self.firm.get(name)
            return None if code is None else Text(code)
        if name == "grades_dropped":
            return self.dropped_from([self.firm.get("previous_stage")])
        if name == "grades_below_peak":
            peak = self.firm.get("peak_stage")
            return self.dropped_from(
                [peak] if peak else [self.firm.get("previous_stage"), self.firm.get("previous2_stage")]
            )
        if name == "demoted_before":
            return bool(self.firm.get("demoted_before"))
        if name in self.results:
            return self.results[name]
        value = self.options[name]
        if isinstance(value, list):
            return [Text(item) for item in value]
        return Text(value) if isinstance(value, str) else value if isinstance(value, bool) else exact(value)

    def dropped_from(self, codes):
        grades = self.scheme["grade_of"]
        known = [grades[code] for code in codes if code]
        if not known or self.stage is None:
            return Fraction(0)
        return Fraction(max(0, max(known) - grades[self.stage]))

    def on_unaryop(self, node):
        value = self.node(node.operand)
        if isinstance(node.op, ast.Not):
            return None if value is None else not value
        value = as_number(value)
        return value if unknown_of(value) else -value

    def on_boolop(self, node):
        values = [self.node(item) for item in node.values]
        decisive = isinstance(node.op, ast.Or)
        if any(value is decisive for value in values):
            return decisive
        return None if None in values else not decisive

    def on_binop(self, node):
        a, b = as_number(self.node(node.left)), as_number(self.node(node.right))
        if unknown_of(a, b):
            return unknown_of(a, b)
        if isinstance(node.op, ast.Div):
            return CANNOT if b == 0 else a / b
        return a + b if isinstance(node.op, ast.Add) else a - b if isinstance(node.op, ast.Sub) else a * b

    def on_compare(self, node):
        values = [self.node(item) for item in [node.left, *node.comparators]]
        pairs = [self.compare(op, a, b) for op, a, b in zip(node.ops, values, values[1:], strict=False)]
        if False in pairs:
            return False
        return None if None in pairs else True

    def compare(self, op, a, b):
        if isinstance(op, (ast.In, ast.NotIn)):
            unknown = a is None or (is_number(a) and unknown_of(a))
            return None if unknown else (a in b) == isinstance(op, ast.In)
        if a is None or b is None:
            return None
        if not (isinstance(a, Text) or isinstance(b, Text)):
            a, b = as_number(a), as_number(b)
            if unknown_of(a, b):
                return None
        tests = {
            "Eq": a == b, "NotEq": a != b, "Lt": a < b, "LtE": a <= b, "Gt": a > b, "GtE": a >= b,
        }  # fmt: skip
        return tests[type(op).__name__]

    def on_call(self, node):
        name = node.func.id
        if name in ("has", "count", "amount", "quantity", "best_level", "level_sum", "weighted", "entries"):
            return self.register(name, node.args[0].id, {word.arg: self.node(word.value) for word in node.keywords})
        if name == "prev":
            return self.last_year(node.args[0])
        if name in ("growth", "two_year"):
            return getattr(self, name)(as_number(self.node(node.args[0])), as_number(self.last_year(node.args[0])))
        if name == "years_since":
            start = self.firm.get(node.args[0].id)
            return MISSING if start is None else years_between(start, self.as_of)
        return getattr(self, "call_" + name)(*[self.node(argument) for argument in node.args])

    def last_year(self, node):
        metrics, self.metrics = self.metrics, self.firm["previous"]
        try:
            return self.node(node)
        finally:
            self.metrics = metrics

    def growth(self, now, before):
        if unknown_of(now, before):
            return unknown_of(now, before)
        if before == 0:
            declared = self.options.get("growth_zero_base", "cannot")
            return CANNOT if declared == "cannot" else exact(declared)
        return (now - before) / abs(before) * 100

    def two_year(self, now, before):
        known = [value for value in (now, before) if not unknown_of(value)]
        return sum(known, Fraction(0)) if known else unknown_of(now, before)

    def call_ratio(self, a, b):
        a, b = as_number(a), as_number(b)
        if unknown_of(a, b):
            return unknown_of(a, b)
        return CANNOT if b <= 0 else a / b * 100

    call_share = call_ratio

    def call_best(self, *values):
        values = [as_number(value) for value in values]
        known = [value for value in values if not unknown_of(value)]
        return max(known) if known else CANNOT if CANNOT in values else MISSING

    def call_first_known(self, *values):
        values = [as_number(value) for value in values]
        known = [value for value in values if not unknown_of(value)]
        return known[0] if known else CANNOT if CANNOT in values else MISSING

    call_coalesce = call_first_known

    def call_known(self, value):
        return value is not None and (isinstance(value, (Text, bool)) or not unknown_of(value))

    def call_surely(self, value):
        return value is True

    def call_choose(self, condition, a, b):
        if condition is None:
            return MISSING if is_number(a) or is_number(b) else None
        return a if condition else b

    def fold(self, function, values):
        values = [as_number(value) for value in values]
        return unknown_of(*values) or function(values)

    def call_min(self, *values):
        return self.fold(min, values)

    def call_max(self, *values):
        return self.fold(max, values)

    def call_abs(self, value):
        return self.fold(lambda values: abs(values[0]), [value])

    def call_log(self, value):
        return self.fold(lambda values: logarithm(values[0]) if values[0] > 0 else CANNOT, [value])

    def call_manual(self, name):
        return name in self.firm.get("manual", ())

    def call_group(self, name):
        return Text(self.firm.get(name, ""))

    def call_score(self, code):
        return self.results["score"][code]

    def register(self, function, kind, words):
        chosen = [entry for entry in self.firm.get("entries", ()) if self.counts(entry, kind, words)]
        numbers = {word: value for word, value in words.items() if word not in SELECTORS}
        present = [entry["level"] for entry in chosen if entry["level"] in numbers and entry["level"] in self.levels]
        results = {
            "entries": lambda: chosen,
            "has": lambda: bool(chosen),
            "count": lambda: Fraction(len(chosen)),
            "amount": lambda: sum(
                (exact(entry["amount"]) for entry in chosen if entry["amount"] is not None), Fraction(0)
            ),
            "quantity": lambda: sum((exact(e["quantity"]) for e in chosen if e["quantity"] is not None), Fraction(0)),
            "best_level": lambda: max((numbers[level] for level in present), default=Fraction(0)),
            "level_sum": lambda: sum((numbers[level] for level in set(present)), Fraction(0)),
            "weighted": lambda: sum((numbers[level] for level in present), Fraction(0)),
        }
        return results[function]()

    def counts(self, entry, kind, words):
        first = date(self.year - int(words.get("years", 1)) + 1, 1, 1)
        begins, ends = entry["starts"] or date.min, entry["ends"] or date.max
        level = entry["level"] if entry["level"] in self.levels else None
        started = begins <= self.as_of
        checks = {
            "category": lambda asked: entry["category"] in (asked if isinstance(asked, list) else [asked]),
            "level": lambda asked: level in (asked if isinstance(asked, list) else [asked]),
            "at_least": lambda asked: level is not None and self.levels.index(level) >= self.levels.index(asked),
            "years": lambda _: entry["starts"] is not None and first <= begins <= date(self.year, 12, 31),
            "overlaps": lambda _: begins <= date(self.year, 12, 31) and ends >= date(self.year, 1, 1),
            "held": lambda _: started and ends >= self.as_of,
            "unresolved": lambda _: started and (entry["ends"] is None or ends > self.as_of),
            "expired": lambda _: started and ends < self.as_of,
        }
        asked = {word: value for word, value in words.items() if word in SELECTORS}
        in_time = started if not TIMED & set(asked) else True
        return entry["kind"] == kind and in_time and all(checks[word](value) for word, value in asked.items())


def logarithm(number):
    with localcontext() as context:
        context.prec = PRECISION
        return Fraction(decimal(number).ln())
