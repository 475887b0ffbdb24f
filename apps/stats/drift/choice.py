"""Which test a feature gets: Kolmogorov–Smirnov or χ² with few rows, the null of the effect from 1,000 rows on."""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from apps.stats.arrays import as_floats
from apps.stats.drift.bins import NumberBins
from apps.stats.drift.distances import (
    jensen_shannon_divergence,
    pooled_counts,
    population_stability_index,
    wasserstein_distance,
)
from apps.stats.drift.histograms import Histogram
from apps.stats.drift.result import DriftTest, refusal, untested

LARGE = 1_000
EFFECTS = {
    "psi": population_stability_index,
    "js": jensen_shannon_divergence,
    "wasserstein": wasserstein_distance,
}


def drift_test(
    reference: Histogram,
    window: Histogram,
    *,
    effect: str = "psi",
    values: tuple[ArrayLike, ArrayLike] | None = None,
) -> DriftTest:
    """Measure the effect of a feature, with the p-value that suits the number of rows.

    Parameters
    ----------
    reference, window : Histogram
        Counts on the same bins.
    effect : {"psi", "js", "wasserstein"}
        Name of the effect; "wasserstein" for numbers only.
    values : pair of array, optional
        The rows of reference and window themselves, nan where missing. With them, numbers with fewer than 1,000 rows on
        either side are tested by Kolmogorov–Smirnov; without them, by Pearson's χ² of the histograms.

    Returns
    -------
    DriftTest
        Effect and p-value, or a code.

    Raises
    ------
    ValueError
        If the effect is unknown, the bins differ, or values are given for categories.

    Examples
    --------
    >>> from apps.stats.drift.bins import CategoryBins
    >>> bins = CategoryBins(("a",))
    >>> test = drift_test(Histogram(bins, [50, 50, 0]), Histogram(bins, [40, 60, 0]))
    >>> test.name, round(test.effect, 3), test.method, round(test.p_value, 3)
    ('psi', 0.04, 'chi-squared', 0.155)
    """
    if effect not in EFFECTS:
        raise ValueError(f"unknown effect {effect!r}; known are {', '.join(EFFECTS)}")
    if values is not None and not isinstance(reference.bins, NumberBins):
        raise ValueError("values are for numbers; categories are tested by their histograms")
    measured = EFFECTS[effect](reference, window)
    if measured.code or min(measured.n, measured.m) >= LARGE:
        return measured
    test = chi_squared_test(reference, window) if values is None else kolmogorov_smirnov_test(*values)
    if test.code:
        return replace(measured, p_value=None, method="none", code=test.code)
    return replace(measured, p_value=test.p_value, method=test.method)


def chi_squared_test(reference: Histogram, window: Histogram) -> DriftTest:
    """Test by Pearson's χ² whether both histograms come from the same distribution; the effect is the PSI.

    Parameters
    ----------
    reference, window : Histogram
        Counts on the same bins; `pooled_counts` merges sparse ones.

    Returns
    -------
    DriftTest
        Effect and p-value, or a code.

    Raises
    ------
    ValueError
        If the bins differ.

    References
    ----------
    Pearson (1911); Cochran (1954) for the least expected count.

    Examples
    --------
    >>> from apps.stats.drift.bins import CategoryBins
    >>> bins = CategoryBins(("a",))
    >>> round(chi_squared_test(Histogram(bins, [50, 50, 0]), Histogram(bins, [40, 60, 0])).p_value, 4)
    0.1552
    """
    stability = population_stability_index(reference, window)
    if stability.code:
        return stability
    table = pooled_counts(reference, window)
    p_value = float(stats.chi2_contingency(table, correction=False).pvalue)
    return replace(stability, p_value=p_value, method="chi-squared")


def kolmogorov_smirnov_test(reference: ArrayLike, window: ArrayLike) -> DriftTest:
    """Run the two-sample Kolmogorov–Smirnov test; the effect is the largest distance of the distribution functions.

    Parameters
    ----------
    reference : array (n,)
        Numbers of the reference.
    window : array (m,)
        Numbers of the window. Missing values (nan) are left out on both sides. With ties the p-value is too large,
        never too small.

    Returns
    -------
    DriftTest
        Effect and p-value, or a code.

    Raises
    ------
    ValueError
        If a side is not one-dimensional or holds infinite values.

    References
    ----------
    Smirnov (1939); Hodges (1958) for the exact distribution.

    Examples
    --------
    >>> test = kolmogorov_smirnov_test(range(50), range(10, 60))
    >>> test.effect, round(test.p_value, 3)
    (0.2, 0.272)
    """
    first = as_floats("reference", reference, allow_nan=True)
    second = as_floats("window", window, allow_nan=True)
    first, second = first[~np.isnan(first)], second[~np.isnan(second)]
    n, m = len(first), len(second)
    if code := refusal(n, m):
        return untested("ks", code, n=n, m=m)
    if min(first.min(), second.min()) == max(first.max(), second.max()):
        return untested("ks", "one_bin", n=n, m=m)
    result = stats.ks_2samp(first, second)
    # Mean of Kolmogorov's distribution: √(π/2)·ln 2.
    expected = math.sqrt(math.pi / 2) * math.log(2) * math.sqrt(1 / n + 1 / m)
    return DriftTest(float(result.statistic), "ks", float(result.pvalue), n, m, "kolmogorov-smirnov", expected=expected)
