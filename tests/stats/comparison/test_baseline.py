import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from apps.stats.comparison.baseline import compare, mcnemar, non_inferiority
from apps.stats.estimate import Estimate, exactly, missing


def test_the_bound_is_one_sided_with_the_degrees_of_freedom_of_the_interval():
    found = compare(Estimate(0.01, -0.01, 0.03, "plain-mod", 90, se=0.01, df=20.0))
    assert found.lower_bound == pytest.approx(0.01 - stats.t.ppf(0.95, 20) * 0.01)
    assert found.z == pytest.approx(1.0)
    assert found.p_value == pytest.approx(0.3173, abs=1e-4)
    assert not found.is_non_inferior(0.005)
    assert found.is_non_inferior(0.01)


def test_what_is_known_exactly_needs_no_test():
    found = compare(exactly(-0.02, n=500))
    assert (found.z, found.p_value, found.lower_bound, found.code) == (None, None, -0.02, "exact")
    assert found.is_non_inferior(0.01) is False


def test_no_difference_no_comparison():
    found = compare(missing("no_baseline"))
    assert (found.code, found.lower_bound, found.is_non_inferior(0.1)) == ("no_baseline", None, None)


def test_mcnemar_of_nothing_decided():
    assert mcnemar(0, 0) is None
    with pytest.raises(ValueError, match="negative"):
        mcnemar(-1, 2)


def test_non_inferiority_carries_its_bound_and_its_p_value():
    """Closed form: t = (Δ̂ + margin)/se with 20 degrees of freedom."""
    found = non_inferiority(Estimate(-0.005, -0.03, 0.02, "plain-mod", 90, se=0.01, df=20.0), margin=0.02)
    assert found.lower_bound == pytest.approx(-0.005 - stats.t.ppf(0.95, 20) * 0.01)
    assert found.p_value == pytest.approx(stats.t.sf(1.5, 20))
    assert found.is_non_inferior is False


@given(st.floats(-0.2, 0.2), st.floats(1e-4, 0.2), st.floats(2, 1e4), st.floats(0, 0.2), st.floats(0.5, 0.999))
def test_the_p_value_and_the_bound_say_the_same(value, se, df, margin, level):
    found = non_inferiority(Estimate(value, -1.0, 1.0, "plain-mod", 9, se=se, df=df), margin=margin, level=level)
    assert 0 <= found.p_value <= 1
    if abs(found.lower_bound + margin) > 1e-9:
        assert found.is_non_inferior == (found.p_value < 1 - level)


def test_known_exactly_it_needs_no_p_value():
    found = non_inferiority(exactly(-0.02, n=500), margin=0.03)
    assert (found.is_non_inferior, found.p_value, found.lower_bound, found.code) == (True, None, -0.02, "exact")


def test_without_a_difference_nothing_is_said():
    found = non_inferiority(missing("no_baseline"), margin=0.03)
    assert (found.is_non_inferior, found.p_value, found.lower_bound, found.code) == (None, None, None, "no_baseline")


@pytest.mark.parametrize("margin", [-0.01, math.nan, math.inf])
def test_a_margin_is_a_loss(margin):
    with pytest.raises(ValueError, match="margin"):
        non_inferiority(exactly(0.1, n=5), margin=margin)


@pytest.mark.parametrize("level", [0.0, 1.0, math.nan])
def test_a_level_is_a_probability(level):
    with pytest.raises(ValueError, match="level"):
        non_inferiority(exactly(0.1, n=5), margin=0.0, level=level)
