"""Proposals for full marks and cut points that bring a distribution to a target, within declared limits.

A proposal is round numbers, in order, and no firm moves further in the ranking than the limit allows. Nothing here
changes a scheme: the office reads a proposal, and writes it into a draft scheme if it likes it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.engine.evaluate import SCORED, Evaluation
from scoring.engine.robustness import Weights, competition_ranks

Floats = NDArray[np.float64]
MANTISSAS = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)


class CalibrationError(ValueError):
    """No proposal meets the constraints; the message is Chinese."""


def round_numbers(low: float, high: float) -> Floats:
    """Every round number in [low, high], rising; 0 is one of them, and each has its negative."""
    if high < low:
        return np.zeros(0)
    biggest = max(abs(low), abs(high))
    if biggest == 0:
        return np.zeros(1)
    top = math.ceil(math.log10(biggest))
    grid = {float(f"{m}e{k}") for k in range(top - 6, top + 1) for m in MANTISSAS}
    values = np.array(sorted({0.0, *grid, *(-v for v in grid)}))
    return values[(values >= low) & (values <= high)]


@dataclass(frozen=True)
class Cuts:
    """Cut points c_1 < … < c_k: band j holds values in [c_j, c_{j+1}). shares: of the values in each of the k + 1 bands."""

    points: tuple[float, ...]
    shares: tuple[float, ...]
    distance: float


def cut_points(values: Floats, shares: Sequence[float], *, grid: Floats | None = None) -> Cuts:
    """Round, strictly rising cut points whose bands come nearest the target shares (lowest band first, sum 1).

    Nearest = least total variation distance, found exactly by dynamic programming over the grid (round numbers by
    default). Raises CalibrationError when the grid has too few numbers.
    """
    known = np.sort(values[~np.isnan(values)])
    target = np.asarray(shares, dtype=np.float64)
    if len(target) < 2 or (target < 0).any() or abs(target.sum() - 1) > 1e-9:
        raise CalibrationError("各档占比应不少于两档、不为负、合计为1")
    if not len(known):
        raise CalibrationError("没有可用的数值")
    grid = round_numbers(float(known[0]), float(known[-1])) if grid is None else np.unique(grid)
    below = np.searchsorted(known, grid, side="left") / len(known)  # share of values under each candidate
    k, m = len(target) - 1, len(grid)
    if m < k:
        raise CalibrationError("可选的整数分界点不够")
    cost = np.abs(below - target[0])
    back = np.zeros((k, m), dtype=np.intp)
    for j in range(1, k):
        step = cost[:, None] + np.abs(below[None, :] - below[:, None] - target[j])
        step[np.tril_indices(m)] = np.inf  # strictly rising
        back[j] = np.argmin(step, axis=0)
        cost = step[back[j], np.arange(m)]
    cost = cost + np.abs(1 - below - target[k])
    chosen = [int(np.argmin(cost))]
    for j in range(k - 1, 0, -1):
        chosen.append(int(back[j, chosen[-1]]))
    places = chosen[::-1]
    edges = np.concatenate([[0.0], below[places], [1.0]])
    return Cuts(tuple(float(v) for v in grid[places]), tuple(np.diff(edges).tolist()), float(cost[chosen[0]] / 2))


@dataclass(frozen=True)
class Marks:
    """Proposed full marks by stage code. reached: share of the stage's known values at or above its mark.

    median: the fraction of the points the stage's median firm would earn. largest_shift and mean_shift: places moved in
    the overall ranking, against the present one, if only this indicator changed.
    """

    indicator: str
    before: Mapping[str, float]
    full: Mapping[str, float]
    reached: Mapping[str, float]
    median: Mapping[str, float]
    largest_shift: int
    mean_shift: float


def full_marks(
    evaluation: Evaluation,
    code: str,
    *,
    quantile: float = 0.5,
    fraction: float = 0.5,
    rising: bool = True,
    largest_shift: int | None = None,
) -> Marks:
    """Full marks under which the firm at `quantile` of its stage earns `fraction` of the indicator's points.

    Round numbers; `rising`: a later stage's mark is not below an earlier one's; if the ranking would move by more than
    `largest_shift` places, marks are drawn back towards the present ones until it does not. Only for a linear rule
    from a floor of 0. Raises CalibrationError for another rule or when even no change is no round number.
    """
    scheme = evaluation.scheme
    column = [indicator.code for indicator in scheme.indicators].index(code)
    rule = scheme.indicators[column].rule
    if rule.type != "linear" or rule.params["floor"] != 0:
        raise CalibrationError("只能为从0起的线性计分提出满分值")
    stages = [place for place, exists in enumerate(scheme.indicators[column].exists) if exists]
    values = {place: _known(evaluation, column, place) for place in stages}
    stages = [place for place in stages if (values[place] > 0).any()]
    now = {place: _present(evaluation, column, place) for place in stages}
    wish = {place: _wish(values[place], quantile) / fraction for place in stages}
    order = sorted(stages, key=lambda place: scheme.grade_order[place])
    for pull in np.linspace(0, 1, 21):  # 0 = the wish, 1 = nearly the present marks
        marks = {place: wish[place] * (now[place] / wish[place]) ** pull for place in order}
        rounded = _rounded([marks[place] for place in order], rising)
        full = dict(zip(order, rounded, strict=True))
        moved = _moved(evaluation, column, full)
        if largest_shift is None or moved.max(initial=0) <= largest_shift:
            return Marks(
                indicator=code,
                before={scheme.stages[place].code: now[place] for place in order},
                full={scheme.stages[place].code: full[place] for place in order},
                reached={scheme.stages[place].code: float((values[place] >= full[place]).mean()) for place in order},
                median={
                    scheme.stages[place].code: float(np.clip(np.median(values[place]) / full[place], 0, 1))
                    for place in order
                },
                largest_shift=int(moved.max(initial=0)),
                mean_shift=float(moved.mean()) if len(moved) else 0.0,
            )
    raise CalibrationError("在名次变动限制之内没有整数的满分值")


def _known(evaluation: Evaluation, column: int, place: int) -> Floats:
    values = evaluation.value[(evaluation.status == SCORED) & (evaluation.stage == place), column]
    return values[~np.isnan(values)]


def _present(evaluation: Evaluation, column: int, place: int) -> float:
    indicator = evaluation.scheme.indicators[column]
    stated = indicator.rule.references["full"][place]
    if not isinstance(stated, str):
        return float(stated)
    cell = evaluation.references[indicator.code][evaluation.scheme.stages[place].code]["full"]
    if cell["value"] is None:
        raise CalibrationError("现在没有满分值可比")
    return float(cell["value"])


def _wish(values: Floats, quantile: float) -> float:
    """The value at a quantile; among the positive ones when that is not positive."""
    at = float(np.quantile(values, quantile))
    return at if at > 0 else float(np.quantile(values[values > 0], quantile))


def _rounded(marks: Sequence[float], rising: bool) -> list[float]:
    """The nearest round numbers (by ratio), each not below the one before when rising."""
    found: list[float] = []
    for mark in marks:
        grid = round_numbers(mark / 10, mark * 10)
        if rising and found:
            grid = np.union1d(grid[grid >= found[-1]], [found[-1]])
        found.append(float(grid[np.argmin(np.abs(np.log(grid / mark)))]))
    return found


def _moved(evaluation: Evaluation, column: int, full: Mapping[int, float]) -> NDArray[np.int64]:
    """Places each scored firm would move overall with these full marks by stage index."""
    rows = np.flatnonzero(evaluation.status == SCORED)
    weights, points = Weights.of(evaluation), evaluation.points[rows].copy()
    most = float(evaluation.scheme.indicators[column].max_points)
    for place, mark in full.items():
        inside = evaluation.stage[rows] == place
        values = evaluation.value[rows[inside], column]
        earned = most * np.clip(values / mark, 0, 1)
        points[inside, column] = np.where(np.isnan(values), points[inside, column], earned)
    decimals = evaluation.scheme.settings["decimals"]
    ones = np.ones((1, weights.size))
    before = competition_ranks(weights.totals(rows, ones), decimals)[0]
    after = competition_ranks(weights.totals(rows, ones, points), decimals)[0]
    return np.abs(after.astype(np.int64) - before)
