"""Figures of a distribution against answers worked out by hand."""

import math

import numpy as np
import pytest

from scoring.engine.distribution import correlation, discrimination, distribution, moments, summarise
from tests.scoring.engine.beside import REGULATION, judged


def test_moments_of_four_numbers_by_hand():
    # mean 3, deviations −2 −1 −1 4: squares 22, cubes 54, fourth powers 274
    mean, sd, skewness, kurtosis = moments(np.array([1.0, 2.0, 2.0, 7.0]))
    assert mean == 3
    assert sd == pytest.approx(math.sqrt(22 / 4))
    assert skewness == pytest.approx((54 / 4) / (22 / 4) ** 1.5)
    assert kurtosis == pytest.approx((274 / 4) / (22 / 4) ** 2 - 3)


def test_equal_numbers_have_no_shape():
    mean, sd, skewness, kurtosis = moments(np.full(9, 0.1))
    assert (mean, sd) == (pytest.approx(0.1), 0)
    assert math.isnan(skewness)
    assert math.isnan(kurtosis)


def test_shares_at_zero_and_at_the_cap_and_the_histogram():
    points = np.array([0, 0, 5, 10, 10, 10, 2.5, 7.5, 4.9, 0.1])
    found = summarise(points, points, cap=10, bins=2)
    assert (found.at_zero, found.at_cap) == (0.2, 0.3)
    assert found.histogram == (5, 5)
    assert (found.low, found.high, found.n) == (0, 10, 10)


def test_discrimination_compares_the_top_and_bottom_27_percent():
    total = np.arange(100.0)
    assert discrimination(np.where(total >= 50, 8.0, 0.0), total, 8) == 1
    assert discrimination(np.full(100, 3.0), total, 8) == 0
    assert discrimination(total[::-1], total, 100) == pytest.approx(-0.73)
    assert math.isnan(discrimination(np.array([1.0]), np.array([1.0]), 1))


def test_correlation_of_a_line_is_one_and_of_a_constant_is_unknown():
    x = np.arange(10.0)
    assert correlation(x, 3 * x + 1) == pytest.approx(1)
    assert correlation(x, -x) == pytest.approx(-1)
    assert math.isnan(correlation(x, np.ones(10)))


def test_a_normal_sample_passes_and_a_skewed_one_fails_normality():
    draw = np.random.default_rng(0)
    normal = draw.normal(50, 10, 2000)
    assert summarise(normal, normal).p_normal > 0.05
    skewed = draw.exponential(10, 2000)
    assert summarise(skewed, skewed).p_normal < 1e-6


def test_every_indicator_dimension_and_total_is_summed_up_for_every_stage():
    _, e = judged()
    found = distribution(e)
    names = {(s.what, s.code, s.stage) for s in found}
    assert len(found) == len(names) == (1 + 3 + 35) * (1 + len(REGULATION.stages))
    whole = next(s for s in found if (s.what, s.stage) == ("total", "*"))
    scored = e.status == 0
    assert whole.n == scored.sum() == sum(s.n for s in found if s.what == "total" and s.stage != "*")
    assert whole.mean == pytest.approx(e.total[scored].mean())
    assert all(sum(s.histogram) == s.n for s in found)
