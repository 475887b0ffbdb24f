import pytest

from apps.stats.comparison.baseline import compare, mcnemar
from apps.stats.estimate import Estimate, exactly, missing


def test_the_difference_is_tested_in_standard_errors():
    test = compare(Estimate(0.01, -0.01, 0.03, "plain-mod", 90, se=0.01, df=20.0))
    assert test.z == pytest.approx(1.0)
    assert test.p_value == pytest.approx(0.3173, abs=1e-4)


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
