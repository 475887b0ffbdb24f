import numpy as np
import pytest
from scipy import stats

from apps.stats.drift.bins import CategoryBins
from apps.stats.drift.day_effects import Window, effects, merged, p_values, same_direction
from apps.stats.drift.distances import pooled_counts, population_stability_index
from apps.stats.drift.histograms import Histogram


def window(before, now, *, spread=None, df=1e9):
    before, now = np.array(before, dtype=float), np.array(now, dtype=float)
    both = (before + now) / (before + now).sum()
    independent = both * (1 - both)
    return Window(
        now / now.sum(), before / before.sum(), now.sum(), before.sum(), independent if spread is None else spread, df
    )


def test_of_independent_rows_the_test_is_the_two_sample_chi_squared():
    counts = [[500, 300, 200], [90, 70, 40]]
    expected = stats.chi2_contingency(counts, correction=False).pvalue
    assert p_values(window(*counts)) == pytest.approx(expected, rel=1e-4)


def test_the_effect_is_the_psi_less_its_mean_by_chance():
    before, now = [500, 300, 200, 0, 0], [40, 90, 70, 0, 0]
    bins = CategoryBins(("a", "b", "c"))
    psi = population_stability_index(Histogram(bins, before), Histogram(bins, now))
    effect, by_chance = effects(window(before, now))
    assert by_chance == pytest.approx(psi.expected)
    assert effect == pytest.approx(psi.effect - psi.expected)


def test_sparse_bins_are_merged_as_for_two_histograms():
    before, now = [800, 60, 140, 3, 2], [90, 3, 4, 3, 0]
    bins = CategoryBins(("a", "b", "c"))
    expected = pooled_counts(Histogram(bins, before), Histogram(bins, now))
    table = merged(window(before, now))
    kept = table.both > 0
    np.testing.assert_allclose(np.stack([table.before[kept] * 1005, table.now[kept] * 100]), expected)


def test_days_that_vary_four_times_as_much_make_a_difference_likelier():
    counts = [[500, 500], [80, 120]]
    independent = np.array([0.25, 0.25])
    chi_squared = stats.chi2_contingency(counts, correction=False).statistic
    p = p_values(window(*counts, spread=4 * independent))
    assert p == pytest.approx(stats.chi2.sf(chi_squared / 4, 1), rel=0.05)  # pooled shares are .483 and .517


def test_below_thirty_rows_or_with_one_bin_there_is_no_test():
    assert np.isnan(p_values(window([500, 500], [20, 9])))
    assert np.isnan(p_values(window([500, 0], [200, 0])))


def test_a_newest_day_like_the_weeks_before_lies_at_their_end():
    week = window([500, 500], [150, 50])
    assert same_direction(week, window([500, 500], [50, 50])) == pytest.approx(0)
    assert same_direction(week, window([500, 500], [75, 25])) == pytest.approx(1)
