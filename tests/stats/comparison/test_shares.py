import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from apps.stats.comparison.shares import compare_share
from apps.stats.estimate import Estimate, exactly, missing
from apps.stats.intervals import logit_mod, wilson_interval


@st.composite
def shares(draw):
    """A share with an interval by any method."""
    value, n = draw(st.floats(0, 1)), draw(st.integers(1, 500))
    if draw(st.booleans()):
        return exactly(value, n=n)
    se, df = draw(st.floats(0, 1)), draw(st.floats(1, 500))
    interval = logit_mod(value, variance=se**2, df=df, n=n)
    return Estimate(interval.value, interval.low, interval.high, interval.method, n, se=se, df=df)


def counted(wins, n):
    low, high = wilson_interval(wins, n)
    return Estimate(wins / n, low, high, "wilson", n, n_eff=float(n))


@pytest.mark.parametrize(
    ("value", "variance", "limits"),
    [(0.9, 4e-4, (0.0, 1.0)), (0.99, 4e-4, (0.0, 1.0)), (0.0, 1e-4, (0.0, 1.0)), (0.7, 0.01, (0.66, 0.9))],
    ids=["logit", "edge", "zero", "mixed window"],
)
def test_p_is_below_a_twentieth_exactly_where_the_interval_excludes_the_other_share(value, variance, limits):
    """By whichever method the interval was made: at each end within the limits, p is .05."""
    interval = logit_mod(value, variance=variance, df=14.0, n=100, plug_in=0.95 * value + 0.02, limits=limits)
    figure = Estimate(
        interval.value, interval.low, interval.high, interval.method, 100, n_eff=90.0, se=interval.se, df=interval.df
    )
    for end, outside in ((interval.low, -1e-4), (interval.high, 1e-4)):
        if limits[0] < end < limits[1]:
            assert compare_share(figure, end).p_value == pytest.approx(0.05)
            assert compare_share(figure, end + outside).p_value < 0.05
            assert compare_share(figure, end - outside).p_value > 0.05
            one_sided = 0.025 if outside < 0 else 0.975
            assert compare_share(figure, end, alternative="greater").p_value == pytest.approx(one_sided)


def test_two_counted_shares_by_hand():
    """Newcombe's method 10 on his first example, 56/70 and 48/80: from .0524 to .3339, the errors in squares."""
    one, other = counted(56, 70), counted(48, 80)
    half = math.hypot(one.value - one.low, other.high - other.value)
    assert one.value - other.value - half == pytest.approx(0.0524, abs=5e-5)
    test = compare_share(one, other)
    assert test.t == pytest.approx(0.2 / half * stats.norm.ppf(0.975))
    assert test.p_value == pytest.approx(2 * stats.norm.sf(test.t))


def test_shares_of_zero_and_one_can_be_tested():
    assert compare_share(counted(20, 20), 0.5).p_value < 0.05
    assert compare_share(counted(0, 20), counted(20, 20)).p_value < 0.001


def test_without_a_value_there_is_no_test():
    assert compare_share(missing("no_labels"), 0.5).code == "no_labels"
    assert compare_share(counted(1, 2), missing("no_response")).code == "no_response"
    assert compare_share(exactly(0.4, n=10), 0.5).code == "exact"
    assert compare_share(exactly(1.0, n=10), exactly(0.4, n=10)).p_value is None


@pytest.mark.parametrize(
    ("figure", "against", "alternative", "complaint"),
    [
        (Estimate(1.5, None, None, "plain", 9), 0.5, "two-sided", "share must be in"),
        (counted(1, 2), Estimate(-0.5, None, None, "plain", 9), "two-sided", "share must be in"),
        (counted(1, 2), 0.0, "two-sided", "inside"),
        (counted(1, 2), math.nan, "two-sided", "inside"),
        (Estimate(0.5, None, None, "plain", 9), 0.5, "two-sided", "the interval must hold the value"),
        (Estimate(0.5, 0.6, 0.7, "plain", 9), 0.5, "two-sided", "the interval must hold the value"),
        (counted(1, 2), 0.5, "less", "alternative"),
    ],
)
def test_bad_input_is_named(figure, against, alternative, complaint):
    with pytest.raises(ValueError, match=complaint):
        compare_share(figure, against, alternative=alternative)


@given(shares(), st.one_of(shares(), st.floats(0.001, 0.999)), st.sampled_from(["two-sided", "greater"]))
def test_any_two_shares_give_a_p_value_or_a_code(figure, against, alternative):
    test = compare_share(figure, against, alternative=alternative)
    if test.code is None:
        assert not math.isnan(test.t)
        assert 0 <= test.p_value <= 1
    else:
        assert test.p_value is None


def test_it_holds_its_level_on_small_counts():
    """Simulation, seed 6: 40 Bernoulli(.3) labels tested against .3; the 5 % level holds within 2 points."""
    rng = np.random.default_rng(6)
    wins = rng.binomial(40, 0.3, 4000)
    p = {w: compare_share(counted(int(w), 40), 0.3).p_value for w in np.unique(wins)}
    assert np.mean([p[w] < 0.05 for w in wins]) == pytest.approx(0.05, abs=0.02)
