"""计分标准: every rule as a function from an indicator's value to a fraction of its points, on a vector and exactly.

`vector(value, p, r)` returns (fraction, error bound, doubt): doubt marks firms whose value is too near a jump for
float64; NaN means there is no reference. `exact(v, p, r)` returns the Fraction, or None without a reference.
p: the rule's parameters; r: its references, per firm (float64[n]) or for one firm (Fraction or None).
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from scoring.engine import positions
from scoring.engine.exact import logarithm, to_float
from scoring.engine.positions import twelve
from scoring.engine.rulekit import EPS, ONE, REQUIRED, Number, Params, RuleType, Scored, clip, flipped, line

__all__ = ["REGISTRY", "REQUIRED", "Params", "RuleType", "Scored", "clip", "register", "twelve"]

REGISTRY: dict[str, RuleType] = {}


def register(rule: RuleType) -> None:
    """Add a rule to the registry."""
    REGISTRY[rule.name] = rule


def _exact_line(v: Fraction, low: Any, high: Any) -> Fraction | None:
    return None if low is None or high is None or high == low else (v - low) / (high - low)


# ---- linear
def _linear(value: Number, p: Params, r: Params) -> Scored:
    x, error = line(value, to_float(p["floor"]), r["full"])
    return Scored(np.clip(x, 0, 1), error)


def _linear_exact(v: Fraction, p: Params, r: Params) -> Fraction | None:
    x = _exact_line(v, p["floor"], r["full"])
    return None if x is None else clip(x)


# ---- two thresholds
def _two_thresholds(value: Number, p: Params, r: Params) -> Scored:
    share, base, full = to_float(p["share"]) / 100, r["base"], r["full"]
    x = value.x
    low = share * x / base
    high = share + (1 - share) * (x - base) / (full - base)
    fraction = np.where(x <= 0, 0.0, np.where(x < base, low, np.where(x < full, high, 1.0)))
    fraction = np.where((base > 0) & (base < full), fraction, np.nan)
    slope = np.maximum(1 / np.abs(base), 1 / np.abs(full - base))
    return Scored(fraction, (value.error() + 4 * EPS * np.abs(x)) * slope + 8 * EPS)


def _two_thresholds_exact(v: Fraction, p: Params, r: Params) -> Fraction | None:
    share, base, full = p["share"] / 100, r["base"], r["full"]
    if base is None or full is None or not 0 < base < full:
        return None
    if v <= 0:
        return Fraction(0)
    if v < base:
        return Fraction(share * v / base)
    return Fraction(share + (1 - share) * (v - base) / (full - base)) if v < full else ONE


# ---- tiers: rows of (low, low closed, high, high closed, points); an infinite end is None
def _tiers(value: Number, p: Params, r: Params) -> Scored:
    x, fraction = value.x, np.zeros(len(value.x))
    doubt = np.zeros(len(x), dtype=bool)
    for low, low_closed, high, high_closed, points in p["tiers"]:
        inside = np.ones(len(x), dtype=bool)
        for edge, closed, compare in ((low, low_closed, np.greater), (high, high_closed, np.less)):
            if edge is not None:
                number = to_float(edge)
                inside &= compare(x, number) | (closed & (x == number))
                if not value.atom:
                    doubt |= np.abs(x - number) <= value.error()
        fraction[inside] = to_float(points / p["max_points"])
    return Scored(fraction, EPS, doubt)


def _tiers_exact(v: Fraction, p: Params, r: Params) -> Fraction | None:
    found = Fraction(0)
    for low, low_closed, high, high_closed, points in p["tiers"]:
        above = low is None or v > low or (low_closed and v == low)
        if above and (high is None or v < high or (high_closed and v == high)):
            found = points / p["max_points"]
    return found


# ---- steps
def _steps(value: Number, p: Params, r: Params) -> Scored:
    units = value.x / to_float(p["per"])
    doubt = None
    if p["whole"]:
        if not (value.atom and p["per"] == 1):
            blur = value.error() / to_float(p["per"]) + 2 * EPS * np.abs(units)
            doubt = np.abs(units - np.rint(units)) <= blur
        units = np.floor(units)
    fraction = units * to_float(p["points"]) / to_float(p["max_points"])
    error: Any = 0.0 if p["whole"] else value.error() * to_float(p["points"] / (p["per"] * p["max_points"]))
    return Scored(np.clip(fraction, 0, 1), error + 4 * EPS, doubt)


def _steps_exact(v: Fraction, p: Params, r: Params) -> Fraction | None:
    units = v / p["per"]
    return clip((Fraction(math.floor(units)) if p["whole"] else units) * p["points"] / p["max_points"])


# ---- reference ratio, cohort ratio
def _reference_ratio(value: Number, p: Params, r: Params) -> Scored:
    full = np.where(r["full"] > 0, r["full"], np.nan)
    x = np.maximum(value.x, 0) / full
    error = value.error() / full + 2 * EPS * x
    return Scored(np.minimum(x, 1) if p["capped"] else x, error)


def _reference_ratio_exact(v: Fraction, p: Params, r: Params) -> Fraction | None:
    if r["full"] is None or r["full"] <= 0:
        return None
    x = max(v, Fraction(0)) / r["full"]
    return min(x, ONE) if p["capped"] else x


def _cohort_ratio(value: Number, p: Params, r: Params) -> Scored:
    if not p["inverse"]:
        return _reference_ratio(value, p, {"full": r["to"]})
    to = np.where(r["to"] > 0, r["to"], np.nan)
    x = np.where(value.x <= 0, to * 0 + 1, to / np.where(value.x > 0, value.x, 1))
    error = value.error() / np.maximum(np.abs(value.x), 1e-300) * np.abs(x) + 2 * EPS * np.abs(x)
    doubt = None if value.atom else np.abs(value.x) <= value.error()
    return Scored(np.minimum(x, 1) if p["capped"] else x, error, doubt)


def _cohort_ratio_exact(v: Fraction, p: Params, r: Params) -> Fraction | None:
    if not p["inverse"]:
        return _reference_ratio_exact(v, p, {"full": r["to"]})
    if r["to"] is None or r["to"] <= 0:
        return None
    x = ONE if v <= 0 else r["to"] / v
    return min(x, ONE) if p["capped"] else x


# ---- min–max
def _min_max(value: Number, p: Params, r: Params) -> Scored:
    low, high = (r["high"], r["low"]) if p["reverse"] else (r["low"], r["high"])
    x, error = line(value, low, high)
    x = np.where((low == high) & ~np.isnan(value.x), to_float(p["equal"]), np.clip(x, 0, 1))
    base = to_float(p["base"]) / 100
    return Scored(base + (1 - base) * x, np.where(low == high, EPS, error) + 2 * EPS)


def _min_max_exact(v: Fraction, p: Params, r: Params) -> Fraction | None:
    low, high = (r["high"], r["low"]) if p["reverse"] else (r["low"], r["high"])
    if low is None or high is None:
        return None
    x = p["equal"] if low == high else clip((v - low) / (high - low))
    base = p["base"] / 100
    return Fraction(base + (1 - base) * x)


# ---- goalposts
def _goalposts(value: Number, p: Params, r: Params) -> Scored:
    low, high = (r["upper"], r["lower"]) if p["reverse"] else (r["lower"], r["upper"])
    x, error = line(value, low, high)
    return Scored(np.clip(x, 0, 1) if p["capped"] else x, error)


def _goalposts_exact(v: Fraction, p: Params, r: Params) -> Fraction | None:
    low, high = (r["upper"], r["lower"]) if p["reverse"] else (r["lower"], r["upper"])
    x = _exact_line(v, low, high)
    return x if x is None or not p["capped"] else clip(x)


# ---- level map, flag, log
def _level_map(value: Number, p: Params, r: Params) -> Scored:
    return Scored(np.clip(value.x / 100, 0, 1), value.relative + EPS)


def _level_map_exact(v: Fraction, p: Params, r: Params) -> Fraction | None:
    return clip(v / 100)


def _flag(value: Number, p: Params, r: Params) -> Scored:
    yes = np.where(np.isnan(value.x), np.nan, (value.x != 0).astype(np.float64))
    doubt = None if value.atom else np.abs(value.x) <= value.error()
    return Scored(flipped(yes, p), 0.0, doubt)


def _flag_exact(v: Fraction, p: Params, r: Params) -> Fraction | None:
    return Fraction(int((v != 0) != bool(p["reverse"])))


def _log(value: Number, p: Params, r: Params) -> Scored:
    floor, offset = to_float(p["floor"]), to_float(p["offset"])
    bottom = math.log(floor + offset)
    argument = np.where(value.x > floor, value.x, floor) + offset
    # a span is needed for the error too: |d ln x| ≤ error ÷ x
    span = np.log(r["full"] + offset) - bottom
    span = np.where(span > 0, span, np.nan)
    x = np.where(np.isnan(value.x), np.nan, (np.log(argument) - bottom) / span)
    error = (value.error() / argument + 4 * EPS * (np.abs(np.log(argument)) + abs(bottom) + 1)) / span
    return Scored(np.clip(x, 0, 1), error)


def _log_exact(v: Fraction, p: Params, r: Params) -> Fraction | None:
    floor, offset, full = p["floor"], p["offset"], r["full"]
    if full is None or full <= floor:
        return None
    if v <= floor:
        return Fraction(0)
    if v >= full:
        return ONE
    bottom = logarithm(floor + offset)
    return clip((logarithm(v + offset) - bottom) / (logarithm(full + offset) - bottom))


_F = Fraction
for _rule in (
    RuleType("linear", "线性", _linear, _linear_exact, {"floor": _F(0), "full": REQUIRED}, ("full",), above=True),
    RuleType(
        "two_thresholds", "两段", _two_thresholds, _two_thresholds_exact,
        {"base": REQUIRED, "full": REQUIRED, "share": _F(60)}, ("base", "full"), above=True,
    ),
    RuleType("tiers", "分档", _tiers, _tiers_exact, {"tiers": REQUIRED}),
    RuleType("steps", "计件", _steps, _steps_exact, {"points": REQUIRED, "per": _F(1), "whole": True}),
    RuleType(
        "reference_ratio", "与参照值之比", _reference_ratio, _reference_ratio_exact,
        {"full": REQUIRED, "capped": True}, ("full",), above=True,
    ),
    RuleType(
        "min_max", "极差标准化", _min_max, _min_max_exact,
        {"reverse": False, "base": _F(0), "equal": _F(1)}, hidden={"low": "min", "high": "max"},
    ),
    RuleType(
        "cohort_ratio", "与同组之比", _cohort_ratio, _cohort_ratio_exact,
        {"to": "max", "inverse": False, "capped": True}, ("to",), above=True,
    ),
    RuleType("percentile", "百分位次", positions.percentile, positions.percentile_exact, {"reverse": False}, hidden={"sample": "sample"}),
    RuleType(
        "z_score", "标准分", positions.z_score, positions.z_score_exact, {"span": _F(3), "reverse": False},
        hidden={"mean": "mean", "sd": "sd"},
    ),
    RuleType(
        "normal", "正态分", positions.normal, positions.normal_exact, {"mode": "rank", "span": _F(3), "reverse": False},
        hidden={"sample": "sample", "mean": "mean", "sd": "sd"},
    ),
    RuleType(
        "goalposts", "固定上下限", _goalposts, _goalposts_exact,
        {"lower": REQUIRED, "upper": REQUIRED, "reverse": False, "capped": True}, ("lower", "upper"),
    ),
    RuleType("level_map", "级别对照", _level_map, _level_map_exact, {"levels": REQUIRED, "mode": "best"}),
    RuleType("flag", "是否", _flag, _flag_exact, {"reverse": False}),
    RuleType(
        "log", "对数线性", _log, _log_exact, {"floor": _F(0), "full": REQUIRED, "offset": _F(1)}, ("full",), above=True
    ),
):  # fmt: skip
    register(_rule)
