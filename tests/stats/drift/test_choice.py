import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from apps.stats.drift.bins import CategoryBins, number_bins
from apps.stats.drift.choice import chi_squared_test, drift_test, kolmogorov_smirnov_test
from apps.stats.drift.histograms import Histogram, histogram

PAIR = CategoryBins(("a",))
ROWS = st.lists(st.one_of(st.floats(), st.floats(-3, 3), st.integers(-1, 1)), max_size=60)


def both(first, second):
    bins = number_bins(first)
    return histogram(first, bins=bins), histogram(second, bins=bins)


def windows(seed, replicates, n):
    rng = np.random.default_rng(seed)
    return [(rng.lognormal(size=n), rng.lognormal(size=n)) for _ in range(replicates)]


def test_from_a_thousand_rows_on_the_effect_has_its_own_null():
    rng = np.random.default_rng(3)
    assert drift_test(*both(rng.normal(size=2000), rng.normal(size=1000))).method == "psi-null"
    assert drift_test(*both(rng.normal(size=2000), rng.normal(size=999))).method == "chi-squared"


def test_fewer_rows_are_tested_by_kolmogorov_smirnov():
    rng = np.random.default_rng(4)
    rows = rng.normal(size=400), rng.normal(0.3, 1, size=300)
    test = drift_test(*both(*rows), effect="wasserstein", values=rows)
    assert (test.name, test.method) == ("wasserstein", "kolmogorov-smirnov")
    assert test.p_value == stats.ks_2samp(*rows).pvalue
    assert test.effect == pytest.approx(stats.wasserstein_distance(*rows) / rows[0].std(), rel=0.15)


def test_chi_squared_is_that_of_the_table():
    test = chi_squared_test(Histogram(PAIR, [60, 30, 10]), Histogram(PAIR, [45, 40, 15]))
    assert test.p_value == pytest.approx(stats.chi2_contingency([[60, 30, 10], [45, 40, 15]]).pvalue)


@pytest.mark.slow
@pytest.mark.parametrize("n", [100, 500])
def test_small_windows_keep_the_level_without_drift(n):
    """Simulation, seed 41, 600 windows, both tests: 5 % within 2 points."""
    rows = windows(41, 600, n)
    by_bins = [drift_test(*both(*pair)).p_value for pair in rows]
    by_rows = [kolmogorov_smirnov_test(*pair).p_value for pair in rows]
    assert np.mean(np.array(by_bins) < 0.05) == pytest.approx(0.05, abs=0.02)
    assert np.mean(np.array(by_rows) < 0.05) == pytest.approx(0.05, abs=0.02)


@pytest.mark.slow
@pytest.mark.parametrize(("n", "misfires"), [(100, 0.834), (200, 0.350)])
def test_rules_of_thumb_misfire_on_small_windows_and_the_test_does_not(n, misfires):
    """Closed form without drift: P((2/n)χ²₉ > .1) = .834 at n = 100 and .350 at n = 200."""
    tests = [drift_test(*both(*pair)) for pair in windows(42, 400, n)]
    by_rule = np.mean([test.effect > 0.1 for test in tests])
    assert by_rule == pytest.approx(misfires, abs=0.08)
    assert misfires == pytest.approx(stats.chi2.sf(0.1 * n / 2, 9), abs=5e-4)
    assert np.mean([test.effect > 0.1 and test.p_value < 0.05 for test in tests]) <= 0.07
    if n == 100:
        assert np.mean([test.effect > 0.25 for test in tests]) > 0.1


def test_kolmogorov_smirnov_leaves_out_missing_rows():
    rows = [*range(40), math.nan], [*range(5, 45), math.nan, math.nan]
    test = kolmogorov_smirnov_test(*rows)
    assert (test.n, test.m) == (40, 40)
    assert test.effect == 0.125


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        ([], [1.0] * 40, "no_reference"),
        ([1.0] * 40, [math.nan], "no_population"),
        ([1.0] * 40, [1.0] * 20, "too_few"),
        ([1.0] * 40, [1.0] * 40, "one_bin"),
    ],
)
def test_samples_that_cannot_be_compared_have_a_code(first, second, code):
    test = kolmogorov_smirnov_test(first, second)
    assert (test.code, test.p_value, test.method) == (code, None, "none")


def test_an_effect_without_a_test_keeps_its_value_and_the_code():
    bins = number_bins(range(100))
    counted = histogram(range(100), bins=bins)
    test = drift_test(counted, counted, values=(range(100), [math.nan]))
    assert test.effect is not None
    assert (test.p_value, test.code) == (None, "no_population")


@given(ROWS, ROWS)
def test_any_rows_give_an_error_a_p_value_or_a_code(first, second):
    try:
        test = kolmogorov_smirnov_test(first, second)
    except ValueError:
        return
    assert test.code or (0 <= test.effect <= 1 and 0 <= test.p_value <= 1)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"effect": "hellinger"}, "unknown effect"),
        ({"values": ([1.0], [1.0])}, "categories are tested"),
        ({"effect": "wasserstein"}, "categories have no distance"),
    ],
)
def test_bad_input_is_named(change, complaint):
    counted = Histogram(PAIR, [50, 50, 0])
    with pytest.raises(ValueError, match=complaint):
        drift_test(counted, counted, **change)


def test_rows_must_be_one_dimensional():
    with pytest.raises(ValueError, match="window must have one dimension"):
        kolmogorov_smirnov_test([1.0], [[1.0]])
