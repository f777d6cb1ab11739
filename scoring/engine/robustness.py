"""How much of a ranking is the data and how much the choices: rank intervals under perturbed weights and rules.

Seeded Monte Carlo: the same seed gives the same bytes. What each assumption contributes is in sensitivity.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.engine.evaluate import SCORED, Evaluation

Floats = NDArray[np.float64]
Block = tuple[int, Any, Floats]
ADDITIVE = ("sum", "arithmetic")
CHUNK, BLOCK = 16, 400  # draws and firms multiplied at a time: small enough for one core, as the others are busy


@dataclass(frozen=True)
class Intervals:
    """Per firm (n): rank as published, and lowest, median and highest rank over the draws; 0 for unranked firms.

    low and high bound the middle `level` of the draws. in_top: share of draws within the first `top` places.
    """

    level: float
    draws: int
    published: NDArray[np.int64]
    low: NDArray[np.int64]
    median: NDArray[np.int64]
    high: NDArray[np.int64]
    in_top: Floats
    mean_shift: float


def rank_intervals(
    evaluation: Evaluation,
    *,
    variants: Sequence[Evaluation] = (),
    draws: int = 1000,
    spread: float = 0.2,
    seed: int = 0,
    level: float = 0.9,
    top: int = 100,
    within: str = "overall",
) -> Intervals:
    """Rank intervals of every firm.

    Each draw multiplies every weight by an independent factor uniform in [1 − spread, 1 + spread] (siblings are
    rescaled so that their sum stays), and takes one of `evaluation` and `variants` (the same cohort under other rules) at random.
    within: "overall" or "stage". Raises ValueError for a tree that is not sums and arithmetic means.
    """
    choices = [evaluation, *variants]
    models = [Weights.of(choice) for choice in choices]
    decimals = evaluation.scheme.settings["decimals"]
    random = np.random.default_rng(seed)
    factors = 1 + spread * (2 * random.random((draws, models[0].size)) - 1)
    picks = random.integers(0, len(choices), draws)
    scored = np.flatnonzero(np.logical_and.reduce([choice.status == SCORED for choice in choices]))
    scored = scored[np.argsort(evaluation.stage[scored], kind="stable")]  # stages together: one product each
    if within == "overall":
        blocks = [scored]
    else:
        blocks = [scored[evaluation.stage[scored] == place] for place in range(len(evaluation.scheme.stages))]
    published = np.zeros(len(evaluation.stage), dtype=np.int64)
    low, median, high = published.copy(), published.copy(), published.copy()
    in_top, shifts = np.zeros(len(published)), 0.0
    for rows in blocks:
        if not len(rows):
            continue
        ranks = np.empty((draws, len(rows)), dtype=np.int32)
        for pick, model in enumerate(models):
            chosen = np.flatnonzero(picks == pick)
            for start in range(0, len(chosen), CHUNK):
                part = chosen[start : start + CHUNK]
                ranks[part] = competition_ranks(model.totals(rows, factors[part]), decimals)
        published[rows] = competition_ranks(models[0].totals(rows, np.ones((1, models[0].size))), decimals)[0]
        shifts += float(np.abs(ranks - published[rows]).sum(dtype=np.float64))
        in_top[rows] = (ranks <= top).mean(axis=0)
        low[rows], median[rows], high[rows] = _middle(ranks, level)
    pairs = max(1, draws * len(scored))
    return Intervals(level, draws, published, low, median, high, in_top, shifts / pairs)


def competition_ranks(totals: Floats, decimals: int = 2) -> NDArray[np.int32]:
    """Competition ranks int32[m, n] along the last axis, larger first; totals equal when rounded are equal.

    Rounded totals are small whole numbers, so a rank is looked up in a count of larger ones instead of sorted out.
    """
    ranks = np.empty(totals.shape, dtype=np.int32)
    if not totals.size:
        return ranks
    scale = 10.0**decimals
    lowest = np.floor(totals.min() * scale)
    units = (totals * scale + (0.5 + 1e-9 - lowest)).astype(np.int64)
    width = int(units.max()) + 1
    small = width <= 8 * totals.shape[1] + 2**20
    for row, line in enumerate(units):
        places = line if small else np.unique(line, return_inverse=True)[1]
        upto = np.cumsum(np.bincount(places, minlength=width if small else 0))
        np.take(len(line) + 1 - upto, places, out=ranks[row])
    return ranks


def _middle(ranks: NDArray[np.int32], level: float) -> tuple[Any, Any, Any]:
    """Lower end, median and upper end of each column's middle `level`."""
    draws, n = ranks.shape
    cut = int((1 - level) / 2 * (draws - 1))
    narrow = np.uint16 if n < 2**16 else np.int32  # sorting is a quarter of the time on short numbers
    columns = np.ascontiguousarray(ranks.T, dtype=narrow)
    columns.sort(axis=1)
    return columns[:, cut], columns[:, (draws - 1) // 2], columns[:, draws - 1 - cut]


@dataclass(frozen=True)
class Weights:
    """The totals of one evaluation as a function of factors on its weights: one factor an indicator, one a dimension."""

    evaluation: Evaluation
    size: int
    _blocks: dict[bytes, list[Block]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, evaluation: Evaluation) -> Weights:
        """Raises ValueError when the tree is not additive."""
        scheme = evaluation.scheme
        methods = {scheme.method, *(dimension.method for dimension in scheme.dimensions)}
        if not methods <= set(ADDITIVE) or any(i.missing.method == "rescale" for i in scheme.indicators):
            raise ValueError("只支持求和与加权平均的方案")
        return cls(evaluation, len(scheme.indicators) + len(scheme.dimensions))

    def totals(self, rows: NDArray[Any], factors: Floats, points: Floats | None = None) -> Floats:
        """Unrounded totals float64[draws, firms] for factors float64[draws, size] (ones = as published).

        points: other points [firms, I] than the evaluation's.
        """
        e = self.evaluation
        base = np.empty((len(factors), len(rows)))
        shares = [self._share(place, factors) for place in range(len(e.scheme.stages))]
        blocks = self._by_stage(rows) if points is None else self._split(rows, points)
        for place, inside, block in blocks:
            base[:, inside] = shares[place] @ block
        return self.adjusted(base, rows)

    def _by_stage(self, rows: NDArray[Any]) -> list[Block]:
        key = rows.tobytes()
        if key not in self._blocks:
            self._blocks.clear()
            self._blocks[key] = self._split(rows, self.evaluation.points[rows])
        return self._blocks[key]

    def _split(self, rows: NDArray[Any], points: Floats) -> list[Block]:
        """Stage, where some of its firms stand among the rows (a slice if together), their points [I, firms]."""
        blocks: list[Block] = []
        for place in range(len(self.evaluation.scheme.stages)):
            members = np.flatnonzero(self.evaluation.stage[rows] == place)
            for start in range(0, len(members), BLOCK):
                inside = members[start : start + BLOCK]
                together = inside[-1] - inside[0] + 1 == len(inside)
                where = slice(int(inside[0]), int(inside[-1]) + 1) if together else inside
                blocks.append((place, where, np.ascontiguousarray(points[inside].T)))
        return blocks

    def _share(self, stage: int, factors: Floats) -> Floats:
        """What one point of each indicator adds to the base: float64[draws, I]."""
        scheme = self.evaluation.scheme
        indicators, dimensions = scheme.indicators, scheme.dimensions
        lines: dict[str, list[tuple[str, int, float]]] = {}
        for i, indicator in enumerate(indicators):
            if indicator.exists[stage]:
                weight = float(indicator.weight[stage])
                lines.setdefault(indicator.dimension, []).append(("i", i, weight))
        for d, dimension in enumerate(dimensions):
            lines.setdefault(dimension.parent, []).append(("d", d, float(dimension.weight[stage])))
        share = np.zeros((len(factors), len(indicators)))

        def walk(parent: str, method: str, above: Floats) -> None:
            children = lines.get(parent, [])
            places = [place + (len(indicators) if kind == "d" else 0) for kind, place, _ in children]
            nominal = np.array([weight for _, _, weight in children])
            if not nominal.sum():
                return
            drawn = nominal * factors[:, places]
            drawn *= (nominal.sum() if method == "sum" else 1.0) / drawn.sum(axis=1, keepdims=True)
            for column, (kind, place, _) in enumerate(children):
                part = above * drawn[:, column]
                if kind == "i":
                    share[:, place] = part
                else:
                    walk(dimensions[place].code, dimensions[place].method, part)

        walk("", scheme.method, np.ones(len(factors)))
        return share

    def adjusted(self, base: Floats, rows: NDArray[Any]) -> Floats:
        """The steps of options.order applied to many bases; deductions, decay and bonus stay as they were."""
        e = self.evaluation
        settings = e.scheme.settings
        x = base
        for step in settings["order"]:
            if step == "deductions":
                x -= _sum(e.deductions, e.scheme.deduction_cap)[rows]
            elif step == "floor":
                np.maximum(x, 0, out=x)
            elif step == "decay":
                x *= e.factor[rows]
            elif step == "bonus":
                x += _sum(e.bonuses, e.scheme.bonus_cap)[rows]
            elif e.scheme.total is not None:
                np.minimum(x, float(e.scheme.total), out=x)
        return x


def _sum(items: Floats, cap: Fraction | None) -> Floats:
    total = items.sum(axis=1)
    return total if cap is None else np.minimum(total, float(cap))
