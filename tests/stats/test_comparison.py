import pytest
from scipy import stats

from apps.stats.comparison import compare, mcnemar
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
