"""A second engine, slow and exact: one firm is a dict, every number a Fraction. The proof of `scoring.engine`.

Written from the regulation, its readings and docs/scheme-format.md; it imports nothing of the engine and reads the
scheme with tomllib. `judge(text, case)` returns one Judgement a firm.

A case: {"year", "as_of", "firms": {key: firm}}; a firm: "current" and "previous" (metric → number; absent = not
provided), "registered_on", "stage_since", "previous_stage", "previous2_stage", "peak_stage", "demoted_before",
"override_stage", "industry", "park", "manual", "entries" (kind, category, level, starts, ends, amount, quantity).
"""

import math
import tomllib
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache

from tests.oracle_language import CANNOT, MISSING, PRECISION, Reader, decimal, exact, logarithm
from tests.oracle_rules import ZERO, Measure, NoReferenceError, clip, half_up, level_value, significant, statistic


@dataclass
class Judgement:
    key: str
    status: str = "scored"
    stage: str | None = None
    confirm: bool = False
    values: dict = field(default_factory=dict)
    states: dict = field(default_factory=dict)
    points: dict = field(default_factory=dict)
    scores: dict = field(default_factory=dict)
    base: Fraction = ZERO
    deductions: dict = field(default_factory=dict)
    decays: dict = field(default_factory=dict)
    bonuses: dict = field(default_factory=dict)
    unrounded: Fraction = ZERO
    total: Fraction = ZERO
    rank: int = 0
    rank_stage: int = 0
    rank_industry: int = 0
    passed: bool = True
    grade: str = ""


@lru_cache
def read_scheme(text):
    scheme = tomllib.loads(text, parse_float=Decimal)
    stages = scheme.setdefault("stages", [])
    if not stages:
        stages.append({"code": "all", "when": "True"})
    scheme["grade_of"] = {stage["code"]: stage.get("grade", place) for place, stage in enumerate(stages)}
    for indicator in scheme["indicators"]:
        rule = indicator["rule"]
        indicator["rule"] = scheme["rules"][rule] if isinstance(rule, str) else rule
    return scheme


def judge(text, case, frozen=None):
    """Judgements by key. `frozen` = the judgements of the cohort whose references are in force (default: its own)."""
    return Oracle(read_scheme(text), case).run(frozen)


class Oracle:
    def __init__(self, scheme, case):
        self.scheme, self.case, self.firms = scheme, case, case["firms"]
        self.options = {key: block["value"] for key, block in scheme.get("options", {}).items()}
        self.judgements = {key: Judgement(key) for key in self.firms}
        self.memory = {}

    def reader(self, j, results=None):
        return Reader(self.scheme, self.case["year"], self.case["as_of"], self.firms[j.key], j.stage, results)

    def run(self, frozen):
        for j in self.judgements.values():
            self.place(j)
        scored = [j for j in self.judgements.values() if j.status == "scored"]
        for j in scored:
            for indicator in self.scheme["indicators"]:
                self.value(j, indicator)
        self.peers = [(self.firm_of(j), j) for j in scored] if frozen is None else frozen.peers
        for indicator in self.scheme["indicators"]:
            if "winsorise" in indicator:
                self.winsorise(scored, indicator)
        for j in scored:
            for indicator in self.scheme["indicators"]:
                self.points(j, indicator)
            self.aggregate(j)
            self.adjust(j)
            self.outcome(j)
        self.rank(scored)
        result = Judgements(self.judgements)
        result.peers = self.peers
        return result

    def firm_of(self, j):
        return {**self.firms[j.key], "stage": j.stage}

    def place(self, j):
        firm = self.firms[j.key]
        j.stage = firm.get("override_stage")
        if j.stage is None:
            for stage in self.scheme["stages"]:
                holds = self.reader(j).read(stage["when"])
                if holds is None:
                    break
                if holds:
                    j.stage = stage["code"]
                    break
            confirmation = self.scheme.get("confirmation")
            j.confirm = bool(confirmation) and self.reader(j).read(confirmation["when"]) is True
        eligibility = self.scheme.get("eligibility")
        if eligibility and self.reader(j).read(eligibility["when"]) is False:
            j.status = "not_evaluated"
        elif any(self.reader(j).read(item["when"]) is True for item in self.scheme.get("exclusions", ())):
            j.status = "excluded"
        elif j.stage is None:
            j.status = "unclassified"

    def value(self, j, indicator):
        code, rule = indicator["code"], indicator["rule"]
        if j.stage not in indicator.get("stages", [j.stage]):
            j.states[code] = "absent"
            return
        if rule["type"] == "level_map":
            value = level_value(self.reader(j).read(indicator["value"]), rule, self.options)
        else:
            value = self.reader(j).number(indicator["value"])
        j.values[code] = value
        j.states[code] = value if value in (MISSING, CANNOT) else "value" if value else "zero"

    def groups(self, j, indicator):
        """The known values of the firm's peers, then those of everybody."""
        code, peers = indicator["code"], indicator["rule"].get("peers", "stage")
        peers = self.options.get(peers, peers)
        names = {"stage": ["stage"], "all": [], "stage_industry": ["stage", "industry"]}.get(peers, [peers])
        mine = self.firm_of(j)
        place = (code, *(mine.get(name) for name in names))
        if place not in self.memory:
            known = [(f, p.values[code]) for f, p in self.peers if p.values.get(code, MISSING) not in (MISSING, CANNOT)]
            near = [value for firm, value in known if all(firm.get(name) == mine.get(name) for name in names)]
            groups = [sorted(near)] if len(near) >= self.options.get("peer_minimum", 1) else []
            if self.options.get("peer_fallback", "all_stages") == "all_stages":
                groups.append(sorted(value for _, value in known))
            self.memory[place] = [group for group in groups if group]
        return self.memory[place]

    def winsorise(self, scored, indicator):
        """Every value into the bounds of its own group; later statistics are over the clipped values."""
        code = indicator["code"]
        known = [j for j in scored if j.values.get(code, MISSING) not in (MISSING, CANNOT)]
        clipped = {}
        for j in known:
            bounds = [
                [statistic(f"p{p}", group) for p in indicator["winsorise"]] for group in self.groups(j, indicator)
            ]
            clipped[j.key] = clip(j.values[code], *bounds[0]) if bounds else j.values[code]
        for j in known:
            j.values[code] = clipped[j.key]
            j.states[code] = "value" if j.values[code] else "zero"
        self.memory.clear()

    def points(self, j, indicator):
        code = indicator["code"]
        state, value = j.states[code], j.values.get(code)
        j.points[code] = ZERO
        if state in ("absent", CANNOT):
            return
        groups = self.groups(j, indicator)
        if value == MISSING:
            policy = indicator.get("missing", {"method": self.options.get("missing", "zero")})
            policy = {"method": policy} if isinstance(policy, str) else policy
            if policy["method"] == "penalty":
                j.points[code] = -exact(policy.get("points", self.options.get("missing_penalty", 0)))
            if policy["method"] != "mean" or not groups:
                return
            value = statistic("mean", groups[0])
        try:
            most = exact(indicator["max_points"])
            j.points[code] = most * Measure(indicator["rule"], self.options, j.stage, groups, most).fraction(value)
        except NoReferenceError:
            j.states[code] = "no_reference" if state != MISSING else state

    def present(self, j, indicator):
        state = j.states[indicator["code"]]
        method = indicator.get("missing", self.options.get("missing", "zero"))
        method = method["method"] if isinstance(method, dict) else method
        return not (method == "rescale" and state in (MISSING, CANNOT))

    def aggregate(self, j):
        j.base = self.score(j, None, self.scheme.get("aggregate", {}).get("method", "sum")) or ZERO

    def score(self, j, parent, method):
        """The score of a dimension (None = the total) from its children; None when none of them is present."""
        children = []
        for block in self.scheme["dimensions"]:
            if block.get("parent") == parent:
                score = self.score(j, block["code"], block.get("method", "sum"))
                j.scores[block["code"]] = score or ZERO
                children.append((self.weight(j, block), score, self.most(j, block["code"])))
        for block in self.scheme["indicators"]:
            if block.get("dimension") == parent and j.states[block["code"]] != "absent":
                score = j.points[block["code"]] if self.present(j, block) else None
                children.append((self.weight(j, block), score, exact(block["max_points"])))
        there = [child for child in children if child[1] is not None]
        weights = sum((w for w, _, _ in there), ZERO)
        if not there:
            return None
        if method == "geometric":
            return geometric([(w / weights, s) for w, s, _ in there])
        total = sum((w * s for w, s, _ in there), ZERO)
        if method == "arithmetic":
            return total / weights
        if len(there) < len(children):
            total *= sum(w * m for w, _, m in children) / sum(w * m for w, _, m in there)
        return total

    def most(self, j, code):
        """The most a dimension can give a firm: what it stands for when the weights round it are rescaled."""
        block = next(block for block in self.scheme["dimensions"] if block["code"] == code)
        below = [b for b in self.scheme["indicators"] if b.get("dimension") == code and j.states[b["code"]] != "absent"]
        parts = [(self.weight(j, b), exact(b["max_points"])) for b in below]
        below = [b for b in self.scheme["dimensions"] if b.get("parent") == code]
        parts += [(self.weight(j, b), self.most(j, b["code"])) for b in below]
        if block.get("method", "sum") == "sum":
            return sum((w * most for w, most in parts), ZERO)
        return max((most for w, most in parts if w), default=ZERO)

    def weight(self, j, block):
        weight = block.get("weight", 1)
        return exact(weight.get(j.stage, weight.get("*")) if isinstance(weight, dict) else weight)

    def adjust(self, j):
        limits = self.scheme.get("adjustments", {})
        for into, name in ((j.deductions, "deductions"), (j.bonuses, "bonuses")):
            for item in self.scheme.get(name, ()):
                points = self.reader(j).number(item["points"])
                points = ZERO if points in (MISSING, CANNOT) else max(points, ZERO)
                into[item["code"]] = min(points, exact(item["cap"])) if "cap" in item else points
        for item in self.scheme.get("decays", ()):
            j.decays[item["code"]] = exact(item["factor"]) if self.reader(j).read(item["when"]) is True else Fraction(1)
        deduction, bonus = sum(j.deductions.values(), ZERO), sum(j.bonuses.values(), ZERO)
        if "deduction_cap" in limits:
            deduction = min(deduction, exact(limits["deduction_cap"]))
        if "bonus_cap" in limits:
            bonus = min(bonus, exact(limits["bonus_cap"]))
        smallest = self.options.get("decay_stacking", "multiply") == "smallest"
        factor = min([Fraction(1), *j.decays.values()]) if smallest else math.prod(j.decays.values(), start=Fraction(1))
        x = j.base
        for step in self.options.get("order", ["deductions", "floor", "decay", "bonus"]):
            if step == "deductions":
                x -= deduction
            elif step == "floor":
                x = max(x, ZERO)
            elif step == "decay":
                x *= factor
            elif step == "bonus":
                x += bonus
            else:
                x = min(x, exact(self.scheme["scheme"]["total"]))
        j.unrounded = x
        j.total = half_up(x, int(self.options.get("decimals", 2)))

    def outcome(self, j):
        words = self.scheme.get("outcome", {})
        reader = self.reader(j, {"base": j.base, "total": j.total, "score": {**j.scores, **j.points}})
        j.passed = reader.read(words["pass"]) is True if "pass" in words else True
        for block in self.scheme["dimensions"]:
            if "minimum" in block and j.scores[block["code"]] < exact(block["minimum"]):
                j.passed = False
        if "direct_pass" in words and reader.read(words["direct_pass"]) is True:
            j.passed = True
        if any(reader.read(veto["when"]) is True for veto in self.scheme.get("vetoes", ())):
            j.passed = False

    def rank(self, scored):
        breakers = self.options.get("tie_breakers", [])

        def height(j):
            extra = {"unrounded": j.unrounded, **j.scores, **j.points}
            return (j.total, *[half_up(extra[name], 9) for name in breakers])

        for j in scored:
            above = [other for other in scored if height(other) > height(j)]
            industry = self.firms[j.key].get("industry", "")
            j.rank = 1 + len(above)
            j.rank_stage = 1 + sum(other.stage == j.stage for other in above)
            if industry:
                j.rank_industry = 1 + sum(self.firms[other.key].get("industry", "") == industry for other in above)
        for j in scored:
            j.grade = self.grade(j, sum(other.stage == j.stage for other in scored)) if j.passed else ""

    def grade(self, j, in_stage):
        for block in self.scheme.get("grades", ()):
            if "from" in block and j.total >= exact(block["from"]):
                return block["code"]
            if "top" in block and j.rank_stage <= math.ceil(exact(block["top"]) * in_stage / 100):
                return block["code"]
        return ""


class Judgements(dict):
    """Judgements by key, and the peers they were measured by."""

    peers = ()


def geometric(terms):
    if any(score <= 0 for weight, score in terms if weight):
        return ZERO
    with localcontext() as context:
        context.prec = PRECISION
        mean = Fraction(decimal(sum((w * logarithm(s) for w, s in terms if w), ZERO)).exp())
    return significant(mean, 40)
