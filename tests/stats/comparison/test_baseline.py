import pytest
from scipy import stats

from apps.stats.comparison.baseline import compare, mcnemar
from apps.stats.estimate import Estimate, exactly, missing
from apps.stats.intervals import plain_mod


def plain(value, *, se=0.01, df=20.0, limits=(-1.0, 1.0)):
    interval = plain_mod(value, variance=se**2, df=df, limits=limits)
    return Estimate(interval.value, interval.low, interval.high, interval.method, 90, se=se, df=df)


def test_the_difference_is_tested_in_standard_errors():
    test = compare(plain(0.01))
    assert test.z == pytest.approx(1.0)
    assert test.p_value == pytest.approx(2 * stats.t.sf(1.0, 20))


@pytest.mark.parametrize("df", [3.0, 12.0, 400.0])
@pytest.mark.parametrize("limits", [(-1.0, 1.0), (0.001, 0.4), (-0.3, 0.02)])
def test_p_is_below_a_twentieth_exactly_where_the_interval_excludes_zero(df, limits):
    """At 1 % to either side of the quantile, and where the arithmetic limits cut the interval."""
    edge = stats.t.ppf(0.975, df) * 0.01
    for value in (-1.01 * edge, -0.99 * edge, 0.99 * edge, 1.01 * edge):
        difference = plain(value, df=df, limits=limits)
        assert (compare(difference).p_value < 0.05) == (difference.low > 0 or difference.high < 0)


def test_an_exact_difference_needs_no_test():
    test = compare(exactly(-0.02, n=500))
    assert (test.z, test.p_value, test.code) == (None, None, "exact")


def test_without_a_difference_there_is_no_test():
    test = compare(missing("no_baseline"))
    assert (test.z, test.p_value, test.code) == (None, None, "no_baseline")


def test_mcnemar_needs_a_decided_disagreement():
    assert mcnemar(0, 0) is None
    with pytest.raises(ValueError, match="negative"):
        mcnemar(-1, 2)
