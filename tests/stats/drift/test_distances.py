import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon

from apps.stats.drift.bins import CategoryBins, NumberBins, number_bins
from apps.stats.drift.distances import (
    jensen_shannon_divergence,
    pooled_counts,
    population_stability_index,
    wasserstein_distance,
)
from apps.stats.drift.histograms import Histogram, histogram
from apps.stats.drift.result import DriftTest

DISTANCES = [population_stability_index, jensen_shannon_divergence, wasserstein_distance]
FOUR = CategoryBins(("a", "b"))
LINE = NumberBins((0.0, 1.0), (-1.0, 0.5, 3.0), 2.0)
COUNTS = st.lists(st.one_of(st.integers(0, 3), st.integers(0, 100_000)), min_size=4, max_size=4)


def pair(first, second, bins=FOUR):
    return Histogram(bins, first), Histogram(bins, second)


def test_psi_by_hand():
    """Σ(p − q)ln(p/q) with half a row added to each of two bins."""
    test = population_stability_index(*pair([500, 500, 0, 0], [300, 700, 0, 0]))
    p, q = np.array([500.5, 500.5]) / 1001, np.array([300.5, 700.5]) / 1001
    assert test.effect == pytest.approx(((p - q) * np.log(p / q)).sum())
    assert test.expected == pytest.approx(2 / 1000)
    assert test.p_value == pytest.approx(stats.chi2.sf(test.effect * 500, 1))


def test_js_is_scipy_s_distance_squared():
    test = jensen_shannon_divergence(*pair([5000, 3000, 1000, 1000], [1000, 3000, 5000, 1000]))
    p, q = np.array([5000, 3000, 1000, 1000]) / 10_000, np.array([1000, 3000, 5000, 1000]) / 10_000
    assert test.effect == pytest.approx(jensenshannon(p, q, base=2) ** 2, rel=1e-3)


def test_js_has_the_null_of_the_g_test():
    """For n = m, n·m/(n+m)·8 ln 2·JS is G itself, up to the half row in each bin."""
    tables = [[5000, 3000, 1000, 1000], [4900, 3050, 1060, 990]]
    test = jensen_shannon_divergence(*pair(*tables))
    g = stats.chi2_contingency(tables, correction=False, lambda_="log-likelihood")
    assert test.p_value == pytest.approx(g.pvalue, rel=1e-3)


def test_wasserstein_is_scipy_s_on_the_representatives():
    first, second = [20, 50, 30, 7], [50, 30, 20, 0]
    test = wasserstein_distance(*pair(first, second, LINE))
    expected = stats.wasserstein_distance(LINE.representatives, LINE.representatives, first[:3], second[:3]) / 2
    assert test.effect == pytest.approx(expected)
    assert (test.n, test.m) == (100, 100)


def test_with_two_bins_the_distance_is_half_normal():
    """Closed form: with two bins the distance is one |normal|; the mean and the tail are exact."""
    bins = NumberBins((0.0,), (0.0, 1.0), 1.0)
    test = wasserstein_distance(*pair([500, 500, 0], [430, 570, 0], bins))
    sd = math.sqrt(0.465 * 0.535 * (2 / 1000))
    assert test.effect == pytest.approx(0.07)
    assert test.expected == pytest.approx(sd * math.sqrt(2 / math.pi))
    assert test.p_value >= 2 * stats.norm.sf(0.07 / sd)


@cache
def samples(seed, replicates, n, bins):
    """Reference and window from the same lognormal, with edges from the reference as in production."""
    rng, found = np.random.default_rng(seed), []
    for _ in range(replicates):
        reference = rng.lognormal(size=n)
        edges = number_bins(reference, bins=bins)
        found.append((histogram(reference, bins=edges), histogram(rng.lognormal(size=n), bins=edges)))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("n", [500, 5000])
@pytest.mark.parametrize("distance", DISTANCES)
def test_p_values_are_uniform_without_drift(distance, n):
    """Simulation, seed 31, 800 windows: 5 % below .05 within 2 points, half below one half, and the mean effect."""
    tests = [distance(*both) for both in samples(31, 800, n, 10)]
    p_values = np.array([test.p_value for test in tests])
    assert np.mean(p_values < 0.05) == pytest.approx(0.05, abs=0.02)
    assert np.mean(p_values < 0.5) == pytest.approx(0.5, abs=0.06)
    effects, expected = [test.effect for test in tests], [test.expected for test in tests]
    assert np.mean(effects) == pytest.approx(np.mean(expected), rel=0.07)


def test_a_new_value_in_a_constant_feature_is_drift():
    bins = number_bins([1.0] * 2000)
    test = population_stability_index(
        histogram([1.0] * 2000, bins=bins), histogram([1.0] * 1900 + [0.0] * 100, bins=bins)
    )
    assert test.p_value < 1e-6


def test_a_rise_of_missing_values_is_drift():
    test = population_stability_index(*pair([1000, 1000, 0, 0], [900, 900, 0, 200]))
    assert test.p_value < 1e-6
    assert test.effect > 0.1


@given(COUNTS, COUNTS)
def test_pooling_loses_no_row_and_leaves_no_sparse_bin(first, second):
    table = pooled_counts(*pair(first, second))
    assert table.sum(axis=1).tolist() == [sum(first), sum(second)]
    if table.shape[1] > 1:
        assert (table.sum(axis=0) * min(sum(first), sum(second)) / table.sum()).min() >= 5


@given(COUNTS, COUNTS, st.sampled_from(DISTANCES))
def test_any_counts_give_a_finite_number_or_a_code(first, second, distance):
    test = distance(*pair(first, second, LINE))
    assert test.code or (test.effect >= 0 and 0 <= test.p_value <= 1 and test.expected > 0)
    back = distance(*pair(second, first, LINE))
    assert back.effect == pytest.approx(test.effect) or test.code


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        ([0, 0, 0, 0], [50, 50, 0, 0], "no_reference"),
        ([50, 50, 0, 0], [0, 0, 0, 0], "no_population"),
        ([50, 50, 0, 0], [10, 19, 0, 0], "too_few"),
        ([0, 50, 0, 0], [0, 90, 0, 0], "one_bin"),
    ],
)
@pytest.mark.parametrize("distance", DISTANCES)
def test_histograms_that_cannot_be_compared_have_a_code(distance, first, second, code):
    test = distance(*pair(first, second, LINE))
    assert (test.code, test.effect, test.p_value) == (code, None, None)


def test_a_reference_without_spread_has_no_unit():
    bins = number_bins([3.0] * 40)
    same = histogram([3.0] * 40, bins=bins)
    assert wasserstein_distance(same, same).code == "no_variation"


@pytest.mark.parametrize("distance", DISTANCES)
def test_different_bins_cannot_be_compared(distance):
    with pytest.raises(ValueError, match="same bins"):
        distance(Histogram(LINE, [9, 9, 9, 9]), Histogram(FOUR, [9, 9, 9, 9]))


def test_categories_have_no_distance():
    with pytest.raises(ValueError, match="categories"):
        wasserstein_distance(*pair([9, 9, 9, 9], [9, 9, 9, 9]))


def test_a_result_without_a_number_needs_a_code():
    with pytest.raises(ValueError, match="needs a code"):
        DriftTest(None, "psi", None, 5, 5, "none")
    with pytest.raises(ValueError, match="effect of a drift test must be finite"):
        DriftTest(math.nan, "psi", 0.5, 5, 5, "none")
