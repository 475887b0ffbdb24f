import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.special import logit

from apps.stats.comparison.shares import compare_share
from apps.stats.estimate import Estimate, exactly, missing
from apps.stats.intervals import logit_mod, wilson_interval

SHARES = st.builds(
    Estimate,
    st.floats(0, 1),
    st.none(),
    st.none(),
    st.sampled_from(["hajek", "wilson", "exact", "logit-mod"]),
    st.integers(0, 500),
    n_eff=st.one_of(st.none(), st.floats(0, 500)),
    se=st.one_of(st.none(), st.floats(0, 1)),
    df=st.one_of(st.none(), st.floats(1, 500)),
)


def counted(wins, n):
    low, high = wilson_interval(wins, n)
    return Estimate(wins / n, low, high, "wilson", n, n_eff=float(n))


def test_the_test_rejects_where_the_interval_excludes():
    """Closed form: both ends of a logit interval at level 95 % have p = .05."""
    interval = logit_mod(0.9, variance=4e-4, df=14.0, n=100)
    ends = interval.value, interval.low, interval.high, interval.method
    figure = Estimate(*ends, 100, n_eff=90.0, se=interval.se, df=interval.df)
    assert compare_share(figure, interval.low).p_value == pytest.approx(0.05)
    assert compare_share(figure, interval.high).p_value == pytest.approx(0.05)
    assert compare_share(figure, interval.low, alternative="greater").p_value == pytest.approx(0.025)


def test_two_counted_shares_by_hand():
    """Difference of the log odds of 30/100 and 20/100 with Woolf's variance, each count moved by half a case."""
    test = compare_share(counted(30, 100), counted(20, 100))
    shares = np.array([30.5, 20.5]) / 101
    variance = (1 / (100 * shares * (1 - shares))).sum()
    assert test.t == pytest.approx((logit(shares[0]) - logit(shares[1])) / math.sqrt(variance))
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
        (Estimate(0.5, None, None, "plain", 9, se=-0.1), 0.5, "two-sided", "se of a share"),
        (counted(1, 2), 0.5, "less", "alternative"),
    ],
)
def test_bad_input_is_named(figure, against, alternative, complaint):
    with pytest.raises(ValueError, match=complaint):
        compare_share(figure, against, alternative=alternative)


@given(SHARES, st.one_of(SHARES, st.floats(0.001, 0.999)), st.sampled_from(["two-sided", "greater"]))
def test_any_two_shares_give_a_p_value_or_a_code(figure, against, alternative):
    test = compare_share(figure, against, alternative=alternative)
    if test.code is None:
        assert math.isfinite(test.t)
        assert 0 <= test.p_value <= 1
    else:
        assert test.p_value is None


def test_it_holds_its_level_on_small_counts():
    """Simulation, seed 6: 40 Bernoulli(.3) labels tested against .3; the 5 % level holds within 2 points."""
    rng = np.random.default_rng(6)
    wins = rng.binomial(40, 0.3, 4000)
    p = {w: compare_share(counted(int(w), 40), 0.3).p_value for w in np.unique(wins)}
    assert np.mean([p[w] < 0.05 for w in wins]) == pytest.approx(0.05, abs=0.02)
