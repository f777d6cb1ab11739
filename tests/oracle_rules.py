"""Value → fraction, every rule of docs/scheme-format.md a second time, in exact fractions over plain lists.

Irrational steps (logarithm, root, normal distribution) are carried at sixty digits.
"""

import math
from decimal import Decimal, localcontext
from fractions import Fraction
from statistics import NormalDist

from tests.oracle_language import PRECISION, decimal, exact, logarithm

ZERO, ONE, HALF = Fraction(0), Fraction(1), Fraction(1, 2)


class NoReferenceError(Exception):
    """Nothing to measure the value by."""


def clip(number, low=ZERO, high=ONE):
    return min(max(number, low), high)


def half_up(number, digits):
    """Rounded half away from zero to that many decimals (negative: tens, hundreds …)."""
    scaled = abs(number) * Fraction(10) ** digits
    whole = math.floor(scaled + HALF)
    return Fraction(whole if number >= 0 else -whole) / Fraction(10) ** digits


def significant(number, digits=15):
    if number == 0:
        return number
    exponent = 0
    while abs(number) >= Fraction(10) ** (exponent + 1):
        exponent += 1
    while abs(number) < Fraction(10) ** exponent:
        exponent -= 1
    return half_up(number, digits - 1 - exponent)


def root(number):
    with localcontext() as context:
        context.prec = PRECISION
        return Fraction(decimal(number).sqrt())


def normal(z):
    """Φ by its power series around 0."""
    if abs(z) > 13:
        return ONE if z > 0 else ZERO
    with localcontext() as context:
        context.prec = 2 * PRECISION
        x = decimal(z)
        term, total, k = x, x, 0
        while abs(term) > Decimal(10) ** -PRECISION:
            k += 1
            term = -term * x * x / (2 * k)
            total += term / (2 * k + 1)
        return HALF + Fraction(total / (2 * PI).sqrt())


PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803")


def normal_quantile(p):
    """Φ⁻¹: the library's float, then Newton steps at sixty digits."""
    z = exact(NormalDist().inv_cdf(float(p)))
    for _ in range(3):
        with localcontext() as context:
            context.prec = PRECISION
            slope = (-decimal(z) * decimal(z) / 2).exp() / (2 * PI).sqrt()
            z = Fraction(decimal(z) - decimal(normal(z) - p) / slope)
    return z


def percentile(values, percent):
    ordered = sorted(values)
    h = (len(ordered) - 1) * percent / 100
    k = math.floor(h)
    return ordered[k] if h == k else ordered[k] + (h - k) * (ordered[k + 1] - ordered[k])


def statistic(name, values):
    if name == "mean":
        return significant(sum(values, ZERO) / len(values))
    if name in ("max", "min"):
        return significant({"max": max, "min": min}[name](values))
    percent = Fraction(50) if name == "median" else Fraction(name[1:])
    return significant(percentile(values, percent))


class Measure:
    """One rule for one firm: `fraction(value)`. `groups` are its peer values, first choice first."""

    def __init__(self, rule, options, stage, groups, max_points):
        self.options, self.stage, self.max_points = options, stage, max_points
        self.rule = {field: self.option(value) for field, value in rule.items()}
        self.groups = [group for group in groups if group]

    def option(self, value):
        return self.options.get(value, value) if isinstance(value, str) else value

    def field(self, name, default=None):
        value = self.rule.get(name, default)
        if isinstance(value, dict):
            value = self.option(value.get(self.stage, value.get("*")))
        return value

    def given(self, name, default=None):
        return exact(self.field(name, default))

    def reference(self, name, default=None, above=None):
        wanted = self.field(name, default)
        if not isinstance(wanted, str):
            return exact(wanted)
        for group in self.groups:
            found = statistic(wanted, group)
            if above is None or found > above:
                return found
            if [value for value in group if value > above]:
                return statistic(wanted, [value for value in group if value > above])
        raise NoReferenceError

    def peers(self):
        if not self.groups:
            raise NoReferenceError
        return self.groups[0]

    def fraction(self, value):
        return getattr(self, self.rule["type"])(value)

    def linear(self, v):
        floor = self.reference("floor", 0)
        full = self.reference("full", above=floor)
        if full == floor:
            raise NoReferenceError
        return clip((v - floor) / (full - floor))

    def two_thresholds(self, v):
        base, full = self.reference("base", above=ZERO), self.reference("full", above=ZERO)
        share = self.given("share", 60) / 100
        if not 0 < base < full:
            raise NoReferenceError
        if v <= 0:
            return ZERO
        if v < base:
            return share * v / base
        return share + (1 - share) * (v - base) / (full - base) if v < full else ONE

    def tiers(self, v):
        for interval, points in self.rule["tiers"]:
            low, high = (end.strip() for end in interval[1:-1].split(","))
            above = "inf" in low or (v >= Fraction(low) if interval[0] == "[" else v > Fraction(low))
            below = "inf" in high or (v <= Fraction(high) if interval[-1] == "]" else v < Fraction(high))
            if above and below:
                return exact(points) / self.max_points
        return ZERO

    def steps(self, v):
        n = v / self.given("per", 1)
        if self.rule.get("whole", True):
            n = Fraction(math.floor(n))
        return clip(n * self.given("points") / self.max_points)

    def reference_ratio(self, v):
        fraction = max(v, ZERO) / self.reference("full", above=ZERO)
        return min(fraction, ONE) if self.rule.get("capped", True) else fraction

    def min_max(self, v):
        low, high = statistic("min", self.peers()), statistic("max", self.peers())
        base = self.given("base", 0) / 100
        if high == low:
            x = self.given("equal", 1)
        else:
            x = clip((high - v if self.rule.get("reverse") else v - low) / (high - low))
        return base + (1 - base) * x

    def cohort_ratio(self, v):
        r = self.reference("to", "max", above=ZERO)
        fraction = (r / v if v > 0 else ONE) if self.rule.get("inverse") else max(v, ZERO) / r
        return min(fraction, ONE) if self.rule.get("capped", True) else fraction

    def standing(self, v):
        peers, own = [significant(peer, 12) for peer in self.peers()], significant(v, 12)
        return sum(peer < own for peer in peers), sum(peer == own for peer in peers), len(peers)

    def percentile(self, v):
        lower, equal, m = self.standing(v)
        if m == 1:
            return ONE
        x = (lower + Fraction(equal - 1, 2)) / (m - 1)
        return 1 - x if self.rule.get("reverse") else x

    def score(self, v):
        peers = self.peers()
        mean = sum(peers, ZERO) / len(peers)
        variance = sum(((peer - mean) ** 2 for peer in peers), ZERO) / len(peers)
        return None if variance == 0 else (v - significant(mean)) / significant(root(variance))

    def sign(self):
        return -1 if self.rule.get("reverse") else 1

    def z_score(self, v):
        z = self.score(v)
        return HALF if z is None else clip(HALF + self.sign() * z / (2 * self.given("span", 3)))

    def normal(self, v):
        if self.rule.get("mode", "rank") == "parametric":
            z = self.score(v)
            return HALF if z is None else half_up(normal(self.sign() * z), 12)
        lower, equal, m = self.standing(v)
        z = half_up(normal_quantile((lower + Fraction(equal, 2)) / m), 12)
        return clip(HALF + self.sign() * z / (2 * self.given("span", 3)))

    def goalposts(self, v):
        lower, upper = self.reference("lower"), self.reference("upper")
        x = (upper - v if self.rule.get("reverse") else v - lower) / (upper - lower)
        return clip(x) if self.rule.get("capped", True) else x

    def level_map(self, v):
        return clip(v / 100)

    def flag(self, v):
        return Fraction(int((v != 0) != bool(self.rule.get("reverse"))))

    def log(self, v):
        floor, offset = self.reference("floor", 0), self.given("offset", 1)
        full = self.reference("full", above=floor)
        if full == floor:
            raise NoReferenceError
        if v <= floor:
            return ZERO
        low, high = logarithm(floor + offset), logarithm(full + offset)
        return clip((logarithm(v + offset) - low) / (high - low))


def level_value(entries, rule, options):
    """The percent a set of register entries is worth under a level map."""
    mode = options.get(rule.get("mode", "best"), rule.get("mode", "best"))
    levels = [entry["level"] for entry in entries if entry["level"] in rule["levels"]]
    numbers = {level: exact(number) for level, number in rule["levels"].items()}
    if mode == "best":
        return max((numbers[level] for level in levels), default=ZERO)
    return sum((numbers[level] for level in (set(levels) if mode == "sum" else levels)), ZERO)
