"""Rank intervals and Sobol indices against answers known beforehand."""

import time

import numpy as np
import pytest

from scoring.engine import evaluate, parse_scheme
from scoring.engine.robustness import Weights, competition_ranks, rank_intervals
from scoring.engine.sensitivity import hypercube, sensitivity, sobol
from tests.oracle_schemes import switch
from tests.scoring.engine.beside import REGULATION, SMALL, TIERED, cohort, crowd, judged


def test_weights_left_alone_give_the_published_totals_and_ranks():
    _, e = judged()
    rows = np.flatnonzero(e.status == 0)
    weights = Weights.of(e)
    assert np.allclose(weights.totals(rows, np.ones((1, weights.size)))[0], e.unrounded[rows], rtol=0, atol=1e-9)
    for within, ranks in (("overall", e.rank_overall), ("stage", e.rank_stage)):
        found = rank_intervals(e, spread=0.0, draws=8, within=within)
        assert (found.published == ranks).all()
        assert (found.low == ranks).all()
        assert (found.high == ranks).all()
        assert found.mean_shift == 0


def test_competition_ranks_share_places_as_the_engine_does():
    totals = np.array([[3.0, 5.004, 5.0, 1.0], [0.0, 0.0, -2.0, 7.0]])
    assert competition_ranks(totals).tolist() == [[3, 1, 1, 4], [2, 2, 4, 1]]
    assert competition_ranks(totals * 1e9).tolist() == [[3, 1, 2, 4], [2, 2, 4, 1]]


def test_two_equal_opposites_change_places_half_the_time_and_the_best_never():
    # F0 leads in both dimensions; F1 and F2 earn 60 in one dimension each, and the dimensions weigh the same
    scheme = parse_scheme(TIERED.replace("small = 60", "small = 50").replace("small = 40", "small = 50"))
    columns = cohort(a=[50, 50, 1, 1], b=[20, 0, 0, 0], c=[20, 1, 1, 1], d=[99, 0, 99, 0])
    e = evaluate(scheme, columns)
    e.points[:] = [[60, 40, 50, 50], [40, 0, 0, 0], [0, 0, 40, 0], [1, 0, 0, 0]]
    found = rank_intervals(e, draws=4000, spread=0.3, seed=1, top=2)
    assert found.low.tolist() == [1, 2, 2, 4]
    assert found.high.tolist() == [1, 3, 3, 4]
    assert found.in_top[0] == 1
    assert found.in_top[1] == pytest.approx(0.5, abs=0.03)
    assert found.in_top[2] == pytest.approx(0.5, abs=0.03)
    assert found.in_top[3] == 0


def test_a_firm_better_in_everything_is_never_below():
    columns = crowd(200, 8)
    e = evaluate(SMALL, columns)
    found = rank_intervals(e, draws=300, spread=0.9, level=1.0, within="stage")
    one, other = np.nonzero(
        (e.points[:, None, :] >= e.points[None, :, :]).all(axis=2)
        & (e.stage[:, None] == e.stage[None, :])
        & (e.factor[:, None] >= e.factor[None, :])
    )
    assert len(one) > len(columns)
    assert (found.low[one] <= found.low[other]).all()
    assert (found.high[one] <= found.high[other]).all()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_ones():
    _, e = judged()
    first, again, other = (rank_intervals(e, draws=50, seed=seed) for seed in (3, 3, 4))
    assert first.median.tobytes() == again.median.tobytes()
    assert first.mean_shift == again.mean_shift != other.mean_shift


def test_another_rule_among_the_variants_widens_the_intervals():
    columns, e = judged()
    other = evaluate(parse_scheme(switch(REGULATION.text, "reference_method", '"mean"')), columns)
    alone, both = rank_intervals(e, draws=200, spread=0.05), rank_intervals(e, variants=[other], draws=200, spread=0.05)
    assert (both.high - both.low).mean() > (alone.high - alone.low).mean()
    assert (both.published == e.rank_overall).all()


def test_a_geometric_tree_is_refused():
    scheme = parse_scheme(TIERED.replace('method = "arithmetic"', 'method = "geometric"'))
    with pytest.raises(ValueError, match="求和"):
        rank_intervals(evaluate(scheme, crowd(5)))


def test_a_thousand_draws_over_ten_thousand_firms_take_about_a_second():
    e = evaluate(SMALL, crowd(10_000))
    start = time.process_time()
    rank_intervals(e, draws=1000)
    assert time.process_time() - start < 5, "about 0.6 s of CPU on a quiet machine"


# ---- Sobol indices
def test_ishigami_has_its_published_indices():
    def ishigami(u):
        x = np.pi * (2 * u - 1)
        return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])

    found = sobol(ishigami, ["x1", "x2", "x3"], samples=2**15, seed=7)
    assert found.first == pytest.approx([0.3139, 0.4424, 0.0], abs=0.02)
    assert found.total == pytest.approx([0.5576, 0.4424, 0.2437], abs=0.02)
    assert found.variance == pytest.approx(13.8446, rel=0.02)


def test_the_g_function_and_a_sum_have_their_analytic_indices():
    a = np.array([0.0, 1.0, 4.5, 99.0])
    partial = 1 / (3 * (1 + a) ** 2)
    variance = np.prod(1 + partial) - 1
    found = sobol(lambda u: np.prod((np.abs(4 * u - 2) + a) / (1 + a), axis=1), list("abcd"), samples=2**15)
    assert found.first == pytest.approx(partial / variance, abs=0.02)
    assert found.total == pytest.approx(partial * np.prod(1 + partial) / (1 + partial) / variance, abs=0.02)
    weights = np.array([1.0, 2.0, 3.0])
    line = sobol(lambda u: u @ weights, list("abc"), samples=2**13)
    assert line.first == pytest.approx(weights**2 / 14, abs=0.02)
    assert line.total == pytest.approx(weights**2 / 14, abs=0.02)


def test_several_outputs_at_once():
    found = sobol(lambda u: np.stack([u[:, 0], u[:, 1]], axis=1), ["a", "b"], samples=2**12)
    assert found.first == pytest.approx(np.eye(2), abs=0.03)


def test_a_latin_hypercube_has_one_point_in_every_slice():
    points = hypercube(np.random.default_rng(1), 50, 3)
    assert (np.sort((points * 50).astype(int), axis=0) == np.arange(50)[:, None]).all()


def test_a_choice_that_changes_nothing_has_no_influence_and_a_drastic_one_has_most():
    columns, e = judged()

    def under(chosen):
        text = switch(REGULATION.text, "reference_method", chosen["reference"])
        return evaluate(parse_scheme(switch(text, "tie_breakers", chosen["ties"])), columns)

    found = sensitivity(
        e, {"reference": ['"p90"', '"mean"'], "ties": ["[]", '["unrounded"]']}, under, spread=0.02, samples=128
    )
    assert found.names == ("innovation", "performance", "support", "reference", "ties")
    by = dict(zip(found.names, found.total, strict=True))
    assert by["ties"] == 0
    assert by["reference"] > 0.8
