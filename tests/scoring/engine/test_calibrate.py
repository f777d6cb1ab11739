"""Proposals are round, in order, and the best there is among round numbers."""

from itertools import combinations

import numpy as np
import pytest

from scoring.engine import evaluate, parse_scheme
from scoring.engine.calibrate import CalibrationError, cut_points, full_marks, round_numbers
from tests.scoring.engine.beside import SMALL, TIERED, crowd, judged


def test_round_numbers_between_two_bounds():
    assert round_numbers(10, 50).tolist() == [10, 12, 15, 20, 25, 30, 40, 50]
    assert round_numbers(-2, 1.2)[0] == -2
    assert 0 in round_numbers(-2, 1.2)
    assert round_numbers(5, 4).tolist() == []


@pytest.mark.parametrize("seed", range(6))
def test_cut_points_are_the_best_of_all_choices_on_the_grid(seed):
    draw = np.random.default_rng(seed)
    values = np.round(draw.lognormal(3, 1, 137), 1)
    shares = [0.2, 0.35, 0.3, 0.15]
    grid = np.sort(draw.choice(np.arange(1, 90), 14, replace=False)).astype(float)

    def distance(points):
        edges = [0, *(float((values < point).mean()) for point in points), 1]
        return np.abs(np.diff(edges) - shares).sum() / 2

    found = cut_points(values, shares, grid=grid)
    assert found.distance == pytest.approx(min(distance(points) for points in combinations(grid, 3)))
    assert found.distance == pytest.approx(distance(found.points))
    assert sum(found.shares) == pytest.approx(1)
    assert list(found.points) == sorted(set(found.points))


def test_uniform_values_are_cut_where_one_would():
    found = cut_points(np.arange(100.0), [0.5, 0.3, 0.2], grid=np.arange(0, 100, 10.0))
    assert found.points == (50, 80)
    assert found.distance == pytest.approx(0)


@pytest.mark.parametrize(
    ("values", "shares", "grid"),
    [([1.0], [0.5, 0.4], None), ([1.0], [1.0], None), ([np.nan], [0.5, 0.5], None), ([1.0, 2], [0.2] * 5, [1.0, 2.0])],
)
def test_impossible_targets_are_refused(values, shares, grid):
    with pytest.raises(CalibrationError):
        cut_points(np.array(values), shares, grid=None if grid is None else np.array(grid))


def test_full_marks_give_the_median_firm_about_half_the_points():
    _, e = judged(size=200)
    found = full_marks(e, "1.1", rising=False)
    for stage, mark in found.full.items():
        assert mark in round_numbers(mark, mark)
        assert found.median[stage] == pytest.approx(0.5, abs=0.08), "round numbers are at most 10 % apart from the wish"


def test_marks_rise_with_the_stage_when_asked():
    _, e = judged(size=200)
    marks = list(full_marks(e, "1.1").full.values())
    assert marks == sorted(marks)


def test_the_shift_told_is_what_the_scheme_with_these_marks_does():
    columns = crowd(150, 2)
    e = evaluate(SMALL, columns)
    found = full_marks(e, "x2", quantile=0.5, fraction=0.9, rising=False)
    table = ", ".join(f"{stage} = {mark}" for stage, mark in found.full.items())
    changed = TIERED.replace(
        'rule = { type = "linear", full = 20 }', f'rule = {{ type = "linear", full = {{ {table} }} }}'
    )
    after = evaluate(parse_scheme(changed), columns)
    moved = np.abs(after.rank_overall - e.rank_overall)[e.status == 0]
    assert found.largest_shift == moved.max() > 0
    assert found.mean_shift == pytest.approx(moved.mean())


def test_a_limit_on_the_shift_is_kept():
    columns = crowd(150, 2)
    e = evaluate(SMALL, columns)
    free = full_marks(e, "x2", fraction=0.9, rising=False)
    limit = free.largest_shift // 2
    bound = full_marks(e, "x2", fraction=0.9, rising=False, largest_shift=limit)
    assert bound.largest_shift <= limit
    assert bound.full != free.full


def test_only_lines_from_zero_can_be_calibrated():
    with pytest.raises(CalibrationError):
        full_marks(evaluate(SMALL, crowd(9)), "x1")
