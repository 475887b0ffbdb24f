import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.stats.comparison.family_wise import holm
from apps.stats.comparison.multiple import by_slice, q_values
from apps.stats.estimate import Estimate, exactly, missing
from apps.stats.intervals import logit_mod

P_VALUES = st.lists(st.one_of(st.none(), st.just(math.nan), st.floats(0, 1)), max_size=30)


def test_q_values_by_hand():
    """Four tests: .005·4/1, .02·4/2, .03·4/3 and .9."""
    assert q_values([0.9, 0.02, 0.005, 0.03]) == pytest.approx((0.9, 0.04, 0.02, 0.04))


def test_an_untested_hypothesis_keeps_its_place_and_does_not_count():
    assert q_values([None, 0.02, math.nan, 0.04]) == (None, 0.04, None, 0.04)
    assert q_values([None]) == (None,)
    assert q_values([]) == ()


@given(P_VALUES)
def test_q_is_never_below_p_and_keeps_the_order(p_values):
    adjusted = q_values(p_values)
    pairs = [(p, q) for p, q in zip(p_values, adjusted, strict=True) if q is not None]
    assert len(pairs) == sum(p is not None and not math.isnan(p) for p in p_values)
    assert all(p <= q <= 1 for p, q in pairs)
    assert [q for _, q in sorted(pairs)] == sorted(q for _, q in pairs)


@pytest.mark.parametrize("p", [-0.1, 1.1, math.inf])
def test_a_p_value_out_of_range_is_refused(p):
    with pytest.raises(ValueError, match="between 0 and 1"):
        q_values([0.5, p])
    with pytest.raises(ValueError, match="must be in"):
        holm([0.5, p])


def test_holm_by_hand():
    """Four tests: 4·.005, 3·.02, 2·.025 raised to the one before, and .9; one that was not made does not count."""
    assert holm([0.9, 0.02, None, 0.005, 0.025, math.nan]) == (0.9, pytest.approx(0.06), None, 0.02, 0.06, None)
    assert holm([]) == ()


@given(P_VALUES)
def test_holm_lies_between_p_and_bonferroni_and_keeps_the_order(p_values):
    pairs = [(p, adjusted) for p, adjusted in zip(p_values, holm(p_values), strict=True) if adjusted is not None]
    assert len(pairs) == sum(p is not None and not math.isnan(p) for p in p_values)
    assert all(p <= adjusted <= min(len(pairs) * p, 1) for p, adjusted in pairs)
    assert [adjusted for _, adjusted in sorted(pairs)] == sorted(adjusted for _, adjusted in pairs)


def slice_of(value, se=0.04, df=40.0, n=80):
    interval = logit_mod(value, variance=se**2, df=df, n=n)
    return Estimate(interval.value, interval.low, interval.high, "hajek", n, n_eff=70.0, se=se, df=df)


def test_slices_are_adjusted_together_and_keep_their_order():
    tests = by_slice([slice_of(0.5), missing("no_disagreement"), slice_of(0.75), exactly(0.7, n=9)], against=0.5)
    assert [test.code for test in tests] == [None, "no_disagreement", None, "exact"]
    assert tests[0].p_value == pytest.approx(1.0)
    assert tests[2].q_value == pytest.approx(2 * tests[2].p_value)  # two of the four were tested
    assert tests[1].q_value is None


def test_each_slice_can_be_compared_with_its_own_rest():
    tests = by_slice([slice_of(0.6), slice_of(0.6)], against=[slice_of(0.6), slice_of(0.3)])
    assert tests[0].p_value == pytest.approx(1.0)
    assert tests[1].q_value < 0.001


def test_without_slices_there_are_no_tests():
    assert by_slice([], against=0.5) == ()


def test_the_number_of_rests_must_be_that_of_the_slices():
    with pytest.raises(ValueError, match="against must have length 1"):
        by_slice([slice_of(0.5)], against=[])


@pytest.mark.slow
def test_few_slices_are_rejected_when_none_differs():
    """Simulation, seed 5: 500 windows of 20 slices with a true win rate of one half."""
    rng = np.random.default_rng(5)
    wins, n = rng.binomial(60, 0.5, (500, 20)) / 60, 60
    windows = [[slice_of(v, se=math.sqrt(v * (1 - v) / n), df=n - 1.0, n=n) for v in row.tolist()] for row in wins]
    rejected = [any(test.q_value < 0.05 for test in by_slice(window, against=0.5)) for window in windows]
    assert 0.005 <= np.mean(rejected) <= 0.07
    alone = np.mean([any(test.p_value < 0.05 for test in by_slice(window, against=0.5)) for window in windows])
    assert alone > 0.5  # without the adjustment
