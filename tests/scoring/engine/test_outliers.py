"""The robust distance: what it notices, what it leaves alone, and what it must not depend on."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.engine.outliers import FEWEST, FLAGGED, distance, is_flagged, measure

PEERS = [120.0, 180.0, 240.0, 260.0, 300.0, 350.0, 420.0, 500.0, 800.0, 1500.0]
positive = st.floats(min_value=1e-3, max_value=1e9)
many = st.lists(positive, min_size=FEWEST, max_size=60)
signed = st.lists(st.floats(min_value=-1e9, max_value=1e9).filter(lambda x: x == 0 or abs(x) > 1e-3), max_size=60)


@pytest.mark.parametrize("slip", [1e4, 1e-4])
def test_a_figure_in_the_wrong_unit_is_flagged_and_the_right_one_is_not(slip):
    peers = measure(PEERS)
    assert not is_flagged(300, peers)
    assert is_flagged(300 * slip, peers)


def test_a_few_figures_far_off_do_not_hide_the_next_one():
    """The negative control: by mean and standard deviation of the same logarithms it would pass unseen."""
    spoilt = [*PEERS, 300e4, 250e4]
    assert is_flagged(280e4, measure(spoilt))
    logs = [math.log(x) for x in spoilt]
    mean = sum(logs) / len(logs)
    deviation = math.sqrt(sum((x - mean) ** 2 for x in logs) / len(logs))
    assert abs(math.log(280e4) - mean) / deviation < FLAGGED


def test_nothing_is_said_of_too_few_of_zero_or_of_a_sign_nobody_shares():
    assert distance(5, measure([1.0] * (FEWEST - 1))) is None
    assert distance(0, measure(PEERS)) is None
    assert distance(-5, measure(PEERS)) is None
    assert measure([]) is None
    assert distance(5, None) is None


def test_losses_are_compared_with_losses():
    peers = measure([-x for x in PEERS] + PEERS)
    assert distance(-300, peers) == pytest.approx(distance(300, measure(PEERS)))
    assert is_flagged(-300e4, peers)


def test_among_equals_double_is_no_outlier_and_tenfold_is():
    peers = measure([1.0] * 20)
    assert not is_flagged(2, peers)
    assert is_flagged(10, peers)


@given(many, positive, st.floats(min_value=1e-4, max_value=1e4))
def test_the_unit_does_not_matter(peers, value, unit):
    plain = distance(value, measure(peers))
    scaled = distance(value * unit, measure([x * unit for x in peers]))
    assert plain == pytest.approx(scaled, abs=1e-6, rel=1e-6)


@given(signed, st.floats(min_value=-1e9, max_value=1e9), st.randoms())
def test_the_order_does_not_matter(peers, value, random):
    shuffled = list(peers)
    random.shuffle(shuffled)
    assert measure(peers) == measure(shuffled)
    assert distance(value, measure(peers)) == distance(value, measure(shuffled))


@given(many, positive)
def test_who_is_not_known_changes_nothing(peers, value):
    assert distance(value, measure(peers)) == distance(value, measure([*peers, math.nan, math.inf]))


@given(many)
def test_a_factor_of_two_from_the_median_is_never_flagged(peers):
    side = measure(peers).above
    for factor in (0.51, 1.0, 1.99):
        assert not is_flagged(math.exp(side.centre) * factor, measure(peers))
