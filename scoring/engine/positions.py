"""Rules by position among the peers: percentile rank, z-score, normal score."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from fractions import Fraction
from statistics import NormalDist
from typing import Any

import numpy as np

from scoring.engine.exact import to_float
from scoring.engine.rulekit import EPS, HALF, ONE, Floats, Number, Params, Scored, clip, flipped, line

_NORMAL = NormalDist()
_POWERS = np.array([float(10**k) for k in range(23)])


def twelve(x: Floats) -> Floats:
    """Rounded to 12 significant digits, the precision at which positions are compared."""
    with np.errstate(all="ignore"):
        shift = 11 - np.floor(np.log10(np.abs(x)))
        exact = np.abs(shift) < len(_POWERS)  # both powers are whole floats, so this is the float next to the decimal
        power = _POWERS[np.where(exact, np.abs(shift), 0).astype(np.int64)]
        rounded = np.where(shift < 0, np.rint(x / power) * power, np.rint(x * power) / power)
    rounded = np.where(exact, rounded, x)
    for i in np.flatnonzero(~exact & np.isfinite(x) & (x != 0)):  # astronomically large or small
        rounded[i] = float(f"{x[i]:.11e}")
    return np.where(np.isfinite(rounded), rounded, x)


def _positions(value: Number, r: Params) -> tuple[Floats, Floats, Floats]:
    """Below, equal, size of the sample, for each firm."""
    cells, samples = r["sample"]
    x, below, upto, size = twelve(value.x), *(np.full(len(value.x), np.nan) for _ in range(3))
    for cell, sample in enumerate(samples):
        if sample is not None and len(sample):
            mine = (cells == cell) & ~np.isnan(x)
            below[mine] = np.searchsorted(sample, x[mine], "left")
            upto[mine] = np.searchsorted(sample, x[mine], "right")
            size[mine] = len(sample)
    return below, upto - below, size


def _exact_positions(v: Fraction, r: Params) -> tuple[Fraction, Fraction, Fraction] | None:
    sample = r["sample"]
    if not sample:
        return None
    x = Fraction(repr(float(twelve(np.array([to_float(v)]))[0])))  # as the sample was made
    below, upto = bisect_left(sample, x), bisect_right(sample, x)
    return Fraction(below), Fraction(upto - below), Fraction(len(sample))


def percentile(value: Number, p: Params, r: Params) -> Scored:
    below, equal, size = _positions(value, r)
    x = np.clip(np.where(size == 1, 1.0, (below + (equal - 1) / 2) / np.where(size == 1, 1, size - 1)), 0, 1)
    x = np.where(np.isnan(size), np.nan, x)
    return Scored(np.where(size == 1, 1.0, flipped(x, p)), 4 * EPS)


def percentile_exact(v: Fraction, p: Params, r: Params) -> Fraction | None:
    found = _exact_positions(v, r)
    if found is None:
        return None
    below, equal, size = found
    return ONE if size == 1 else Fraction(flipped(clip((below + (equal - 1) / 2) / (size - 1)), p))


def _map_unique(function: Callable[[float], float], x: Floats) -> Floats:
    unique, inverse = np.unique(x, return_inverse=True)
    return np.array([function(float(v)) if v == v else np.nan for v in unique], dtype=np.float64)[inverse]


def _quantile(share: float) -> float:
    """Φ⁻¹ to 12 decimals; infinite at the ends."""
    if share <= 0 or share >= 1:
        return math.copysign(math.inf, share - 0.5)
    return round(_NORMAL.inv_cdf(share), 12)


def _normal_value(z: float) -> float:
    """Φ to 12 decimals."""
    return round(_NORMAL.cdf(z), 12)


# ---- z-score, normal
def _z(value: Number, r: Params) -> tuple[Floats, Any]:
    return line(value, r["mean"], r["mean"] + r["sd"])


def z_score(value: Number, p: Params, r: Params) -> Scored:
    z, error = _z(value, r)
    z = np.where((r["sd"] == 0) & ~np.isnan(value.x), 0.0, z)
    sign, span = (-1 if p["reverse"] else 1), to_float(p["span"])
    error = np.where(r["sd"] == 0, EPS, error)
    # mean + sd is rounded: widen the bound by what that loses
    error = error + 4 * EPS * (np.abs(r["mean"]) / np.where(r["sd"] == 0, 1, r["sd"]) + 1) * (np.abs(z) + 1)
    return Scored(np.clip(0.5 + sign * z / (2 * span), 0, 1), error / (2 * span) + 4 * EPS)


def z_score_exact(v: Fraction, p: Params, r: Params) -> Fraction | None:
    if r["mean"] is None or r["sd"] is None:
        return None
    z = Fraction(0) if r["sd"] == 0 else (v - r["mean"]) / r["sd"]
    return clip(HALF + (-z if p["reverse"] else z) / (2 * p["span"]))


def normal(value: Number, p: Params, r: Params) -> Scored:
    sign = -1 if p["reverse"] else 1
    if p["mode"] == "rank":
        below, equal, size = _positions(value, r)
        z = _map_unique(_quantile, (below + equal / 2) / size)
        return Scored(np.clip(0.5 + sign * z / (2 * to_float(p["span"])), 0, 1), 1e-11)
    z, _ = _z(value, r)
    z = np.where((r["sd"] == 0) & ~np.isnan(value.x), 0.0, z)
    return Scored(_map_unique(_normal_value, sign * z), 1e-11)


def normal_exact(v: Fraction, p: Params, r: Params) -> Fraction | None:
    if p["mode"] == "rank":
        found = _exact_positions(v, r)
        if found is None:
            return None
        z = _quantile(to_float((found[0] + found[1] / 2) / found[2]))
        if math.isinf(z):
            return ONE if (z > 0) != p["reverse"] else Fraction(0)
        score = Fraction(repr(z))
        return clip(HALF + (-score if p["reverse"] else score) / (2 * p["span"]))
    if r["mean"] is None or r["sd"] is None:
        return None
    z = 0.0 if r["sd"] == 0 else to_float((v - r["mean"]) / r["sd"])
    return Fraction(repr(_normal_value(-z if p["reverse"] else z)))
