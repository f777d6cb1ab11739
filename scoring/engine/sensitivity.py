"""Which assumption moves the ranking: first-order and total Sobol indices of the choices behind a scheme.

A choice is a weight that could be a little different or a rule that could be another one. Seeded: same seed, same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.engine.evaluate import SCORED, Evaluation
from scoring.engine.robustness import Weights, competition_ranks

Floats = NDArray[np.float64]
Model = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Sobol:
    """Variance shares of k assumptions: first (alone) and total (with all interactions), each float64[k] or [k, outputs]."""

    names: tuple[str, ...]
    first: Floats
    total: Floats
    variance: Floats


def sobol(model: Model, names: Sequence[str], *, samples: int = 4096, seed: int = 0) -> Sobol:
    """First-order and total indices of a model from [0, 1)^k (float64[m, k]) to float64[m] or float64[m, outputs].

    Estimators: Saltelli et al. 2010 (first), Jansen 1999 (total), on two Latin hypercubes; samples × (k + 2) calls.
    """
    k = len(names)
    random = np.random.default_rng(seed)
    a, b = hypercube(random, samples, k), hypercube(random, samples, k)
    fa, fb = model(a), model(b)
    centre = np.concatenate([fa, fb]).mean(axis=0)
    fa, fb = fa - centre, fb - centre
    variance = np.concatenate([fa, fb]).var(axis=0)
    first, total = np.zeros((k, *np.shape(variance))), np.zeros((k, *np.shape(variance)))
    for i in range(k):
        mixed = a.copy()
        mixed[:, i] = b[:, i]
        fm = model(mixed) - centre
        first[i] = (fb * (fm - fa)).mean(axis=0)
        total[i] = ((fa - fm) ** 2).mean(axis=0) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        first, total = first / variance, total / variance
    return Sobol(tuple(names), first, total, variance)


def hypercube(random: np.random.Generator, samples: int, k: int) -> Floats:
    """A Latin hypercube: every column has one point in each of `samples` equal slices of [0, 1)."""
    slices = np.stack([random.permutation(samples) for _ in range(k)], axis=1)
    return (slices + random.random((samples, k))) / samples


def sensitivity(
    published: Evaluation,
    alternatives: Mapping[str, Sequence[Any]],
    evaluate: Callable[[dict[str, Any]], Evaluation],
    *,
    spread: float = 0.2,
    samples: int = 256,
    seed: int = 0,
) -> Sobol:
    """Sobol indices of the mean rank shift against the published ranking.

    Assumptions: the weight of each dimension under the total (uniform within ± spread), and one per name of
    `alternatives`, whose values are equally likely. `evaluate` judges the cohort under one combination of them; it is
    called once a combination that is drawn. Firms scored under some combinations only are left out of those.
    """
    names = [dimension.code for dimension in published.scheme.dimensions if not dimension.parent]
    width = len(names)
    known: dict[tuple[int, ...], Evaluation] = {}

    def of(picks: tuple[int, ...]) -> Evaluation:
        if picks not in known:
            chosen = {name: values[pick] for (name, values), pick in zip(alternatives.items(), picks, strict=True)}
            known[picks] = evaluate(chosen)
        return known[picks]

    def model(x: Floats) -> Floats:
        counts = np.array([len(values) for values in alternatives.values()], dtype=np.int64)
        picks = (x[:, width:] * counts).astype(np.int64)
        shift = np.empty(len(x))
        for combination in np.unique(picks, axis=0):
            lines = np.flatnonzero((picks == combination).all(axis=1))
            drawn = of(tuple(combination.tolist()))
            shift[lines] = _shift(published, drawn, names, 1 + spread * (2 * x[lines, :width] - 1))
        return shift

    return sobol(model, [*names, *alternatives], samples=samples, seed=seed)


def _shift(published: Evaluation, drawn: Evaluation, names: list[str], factors: Floats) -> Floats:
    """Mean |rank − published rank| per line of dimension factors."""
    weights = Weights.of(drawn)
    rows = np.flatnonzero((published.status == SCORED) & (drawn.status == SCORED))
    if not len(rows):
        return np.zeros(len(factors))
    decimals = published.scheme.settings["decimals"]
    codes = [dimension.code for dimension in drawn.scheme.dimensions]
    places = [len(drawn.scheme.indicators) + codes.index(name) for name in names]
    before = competition_ranks(Weights.of(published).totals(rows, np.ones((1, weights.size))), decimals)[0]
    everything = np.ones((len(factors), weights.size))
    everything[:, places] = factors
    return np.abs(competition_ranks(weights.totals(rows, everything), decimals) - before).mean(axis=1)
