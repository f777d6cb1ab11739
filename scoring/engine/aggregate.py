"""Points up the tree: sum, arithmetic or geometric mean at each node, on vectors and exactly for one firm."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.engine.exact import power, significant, to_float
from scoring.engine.indicators import Column, ExactIndicator
from scoring.engine.scheme import Dimension, Indicator, Scheme

Floats = NDArray[np.float64]
ROOT_DIGITS = 40  # a geometric mean is this many digits, so that the root of 225 is 15 and not a hair below


@dataclass
class Child:
    """What a node adds up: score per firm, where it is present (None = all); per stage index: weight, largest score,
    whether it exists at all."""

    score: Floats
    weight: tuple[Fraction, ...]
    full: tuple[Fraction, ...]
    error: Any
    present: NDArray[np.bool_] | None
    exists: tuple[bool, ...]


@dataclass
class Combined:
    """A node's score, each child's term in it, the error bound, where the node is present, what to decide exactly."""

    score: Floats
    terms: list[Floats]
    error: Any
    present: NDArray[np.bool_] | None
    doubt: NDArray[np.bool_] | None = None


@dataclass
class Tree:
    """The aggregated scheme: per dimension its score and its term in its parent; the base score."""

    dimensions: list[Floats]
    weighted: list[Floats]
    base: Floats
    error: Any
    doubt: NDArray[np.bool_] | None


@dataclass(frozen=True)
class ExactTree:
    """The same for one firm, by code."""

    dimensions: dict[str, Fraction]
    weighted: dict[str, Fraction]
    terms: dict[str, Fraction]
    base: Fraction


def children(scheme: Scheme, code: str) -> list[Indicator | Dimension]:
    """What stands directly under a dimension ("" = under the total), in the order of the file."""
    below: list[Indicator | Dimension] = [d for d in scheme.dimensions if d.parent == code]
    return [*(i for i in scheme.indicators if i.dimension == code), *below]


def depth_first(scheme: Scheme, code: str = "") -> list[Dimension]:
    """The dimensions, children before parents."""
    found = []
    for child in children(scheme, code):
        if isinstance(child, Dimension):
            found += [*depth_first(scheme, child.code), child]
    return found


def exists_in(scheme: Scheme, node: Indicator | Dimension, stage: int) -> bool:
    """Whether a node, or anything below it, exists for a stage."""
    if isinstance(node, Indicator):
        return node.exists[stage]
    return any(exists_in(scheme, child, stage) for child in children(scheme, node.code))


def full_score(scheme: Scheme, node: Indicator | Dimension, stage: int) -> Fraction:
    """The largest score a node can reach in a stage."""
    if isinstance(node, Indicator):
        return node.max_points if node.exists[stage] else Fraction(0)
    return full_score_below(scheme, node.code, node.method, stage)


def full_score_below(scheme: Scheme, code: str, method: str, stage: int) -> Fraction:
    """The largest score of a node combined from its children by a method."""
    parts = [
        (child.weight[stage], full_score(scheme, child, stage))
        for child in children(scheme, code)
        if exists_in(scheme, child, stage)
    ]
    if method == "sum":
        return sum((w * f for w, f in parts), Fraction(0))
    weight = sum((w for w, _ in parts), Fraction(0))
    return max((f for w, f in parts if w), default=Fraction(0)) if weight else Fraction(0)


def aggregate(scheme: Scheme, columns: list[Column], stage: NDArray[Any]) -> Tree:
    """Combine all indicators (in the order of scheme.indicators); stage: int[n], -1 gives rubbish to be masked."""
    indicators = {i.code: column for i, column in zip(scheme.indicators, columns, strict=True)}
    nodes: dict[str, Combined] = {}
    weighted: dict[str, Floats] = {}
    doubt: NDArray[np.bool_] | None = None

    def child(node: Indicator | Dimension) -> Child:
        stages = range(len(scheme.stages))
        full = tuple(full_score(scheme, node, s) for s in stages)
        exists = tuple(exists_in(scheme, node, s) for s in stages)
        if isinstance(node, Indicator):
            column = indicators[node.code]
            return Child(column.points, node.weight, full, column.error, column.present, exists)
        done = nodes[node.code]
        return Child(done.score, node.weight, full, done.error, done.present, exists)

    def combined(code: str, method: str) -> Combined:
        nonlocal doubt
        below = children(scheme, code)
        result = combine(method, [child(node) for node in below], stage)
        for node, term in zip(below, result.terms, strict=True):
            if isinstance(node, Dimension):
                weighted[node.code] = term
        if result.doubt is not None:
            doubt = result.doubt if doubt is None else doubt | result.doubt
        return result

    for dimension in depth_first(scheme):
        nodes[dimension.code] = combined(dimension.code, dimension.method)
    root = combined("", scheme.method)
    order = [dimension.code for dimension in scheme.dimensions]
    return Tree([nodes[c].score for c in order], [weighted[c] for c in order], root.score, root.error, doubt)


def combine(method: str, parts: list[Child], stage: NDArray[Any]) -> Combined:
    """One node. Children whose weight is rescaled away count neither in the numerator nor in the denominator."""
    if not parts:
        return Combined(np.zeros(len(stage)), [], 0.0, np.zeros(len(stage), dtype=bool))
    rescaled = any(part.present is not None for part in parts)
    weights = [tuple(w if e else Fraction(0) for w, e in zip(part.weight, part.exists, strict=True)) for part in parts]
    if not rescaled and method != "geometric":
        return _fixed(method, parts, weights, stage)
    w = [_take(weight, stage) for weight in weights]
    here = [_at(part.present, len(stage)) for part in parts]
    present = np.logical_or.reduce([mask & (weight > 0) for mask, weight in zip(here, w, strict=True)])
    live = [np.where(mask, weight, 0.0) for mask, weight in zip(here, w, strict=True)]
    doubt = None
    with np.errstate(all="ignore"):
        if method == "sum":
            fulls = [_take(part.full, stage) for part in parts]
            whole = np.add.reduce([a * f for a, f in zip(w, fulls, strict=True)])
            rest = np.add.reduce([a * f for a, f in zip(live, fulls, strict=True)])
            factor = np.where(rest > 0, whole / np.where(rest > 0, rest, 1), 0.0)
            shares = [a * factor for a in live]
        else:
            weight = np.add.reduce(live)
            shares = [np.where(weight > 0, a / np.where(weight > 0, weight, 1), 0.0) for a in live]
        if method == "geometric":
            scores = [np.maximum(part.score, 0.0) for part in parts]
            score = np.where(present, np.multiply.reduce([s**a for s, a in zip(scores, shares, strict=True)]), 0.0)
            terms = [score * share for share in shares]
            tiny = [(s > 0) & (s < 1e-6) & (a > 0) for s, a in zip(scores, shares, strict=True)]
            doubt = np.logical_or.reduce(tiny)
            slopes = [a * p.error / np.maximum(s, 1e-6) for s, a, p in zip(scores, shares, parts, strict=True)]
            error: Any = score * np.add.reduce(slopes) + 1e-12 * score
        else:
            terms = [share * part.score for share, part in zip(shares, parts, strict=True)]
            score = np.add.reduce(terms)
            error = np.add.reduce([share * part.error for share, part in zip(shares, parts, strict=True)])
            error = error + 1e-14 * np.abs(score)
    return Combined(score, terms, error, present, doubt)


def _fixed(method: str, parts: list[Child], weights: list[tuple[Fraction, ...]], stage: NDArray[Any]) -> Combined:
    """The usual case: every child present, so weights depend on the stage alone."""
    stages = range(len(weights[0]))
    if method == "arithmetic":
        sums = [sum((w[s] for w in weights), Fraction(0)) for s in stages]
        weights = [tuple(w[s] / sums[s] if sums[s] else Fraction(0) for s in stages) for w in weights]
    terms, error = [], 0.0
    for part, weight in zip(parts, weights, strict=True):
        if all(w == 1 for w in weight):
            terms.append(part.score)
        else:
            terms.append(_take(weight, stage) * part.score)
        error = error + part.error * max(to_float(abs(w)) for w in weight)
    score = terms[0].copy()
    for term in terms[1:]:
        score += term
    alive = tuple(any(weight[s] > 0 for weight in weights) for s in stages)
    present = None if all(alive) else np.array([*alive, False])[stage]
    return Combined(score, terms, error + 1e-14 * np.abs(score), present)


def _take(weight: tuple[Fraction, ...], stage: NDArray[Any]) -> Floats:
    return np.array([*(to_float(w) for w in weight), 0.0])[stage]


def _at(present: NDArray[np.bool_] | None, n: int) -> NDArray[np.bool_]:
    return np.ones(n, dtype=bool) if present is None else present


def aggregate_exactly(scheme: Scheme, found: dict[str, ExactIndicator], stage: int) -> ExactTree:
    """The tree of one firm in exact arithmetic (geometric means to 50 digits)."""
    scores: dict[str, Fraction] = {}
    present: dict[str, bool] = {}
    terms: dict[str, Fraction] = {}

    def combined(code: str, method: str) -> tuple[Fraction, bool]:
        below = [node for node in children(scheme, code) if exists_in(scheme, node, stage)]
        values = {
            node.code: (found[node.code].points, found[node.code].present)
            if isinstance(node, Indicator)
            else (scores[node.code], present[node.code])
            for node in below
        }
        live = [node for node in below if values[node.code][1]]
        total_weight = sum((node.weight[stage] for node in live), Fraction(0))
        shares: dict[str, Fraction] = {node.code: Fraction(0) for node in below}
        if method == "sum":
            factor = Fraction(1)
            if len(live) < len(below):  # what is absent is made up for by what is present
                reach = {node.code: node.weight[stage] * full_score(scheme, node, stage) for node in below}
                rest = sum((reach[node.code] for node in live), Fraction(0))
                factor = sum(reach.values(), Fraction(0)) / rest if rest > 0 else Fraction(0)
            shares.update({node.code: node.weight[stage] * factor for node in live})
        elif total_weight:
            shares.update({node.code: node.weight[stage] / total_weight for node in live})
        if method == "geometric":
            score = Fraction(1) if any(shares.values()) else Fraction(0)
            for node in live:
                score *= power(max(values[node.code][0], Fraction(0)), shares[node.code])
            score = significant(score, ROOT_DIGITS)
            terms.update({node.code: score * shares[node.code] for node in below})
        else:
            terms.update({node.code: shares[node.code] * values[node.code][0] for node in below})
            score = sum((terms[node.code] for node in below), Fraction(0))
        return score, any(node.weight[stage] > 0 for node in live)

    for dimension in depth_first(scheme):
        scores[dimension.code], present[dimension.code] = combined(dimension.code, dimension.method)
    base, _ = combined("", scheme.method)
    for dimension in scheme.dimensions:
        terms.setdefault(dimension.code, Fraction(0))
    return ExactTree(scores, {d.code: terms[d.code] for d in scheme.dimensions}, terms, base)
