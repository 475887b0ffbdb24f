import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.stats.drift.bins import CategoryBins, number_bins
from apps.stats.drift.histograms import Histogram, histogram, total

DAY = st.lists(st.one_of(st.floats(-5, 5), st.just(math.nan)), max_size=40)
BINS = number_bins(np.random.default_rng(2).normal(size=500))
PAIR = CategoryBins(("a",))


@given(st.lists(DAY, max_size=6))
def test_a_window_is_the_sum_of_its_days(days):
    window = total((histogram(day, bins=BINS) for day in days), bins=BINS)
    together = histogram([value for day in days for value in day], bins=BINS)
    assert window.counts.tolist() == together.counts.tolist()


def test_missing_values_are_counted_and_kept_apart():
    counted = histogram(["a", None, "b", None], bins=PAIR)
    assert (counted.n, counted.known.tolist(), counted.missing_share) == (4, [1, 1], 0.5)
    assert Histogram(PAIR, np.zeros(3, dtype=np.int64)).missing_share is None


def test_counts_on_other_bins_do_not_add_up():
    with pytest.raises(ValueError, match="different bins"):
        Histogram(PAIR, [1, 2, 3]) + Histogram(CategoryBins(("b",)), [1, 2, 3])
    with pytest.raises(ValueError, match="different bins"):
        total([Histogram(PAIR, [1, 2, 3])], bins=CategoryBins(("b",)))


def test_bins_made_twice_from_the_same_reference_are_equal():
    reference = [1.0, 2.0, 3.0, 4.0]
    both = histogram([1.0], bins=number_bins(reference)) + histogram([4.0], bins=number_bins(reference))
    assert both.n == 2


@pytest.mark.parametrize(
    ("counts", "complaint"),
    [
        ([1, 2], "counts must have length 3"),
        ([1, 2, -1], "counts must not be below 0"),
        ([1, 2, 0.5], "whole numbers"),
        ([1, 2, math.nan], "counts holds nan"),
    ],
)
def test_bad_counts_are_named(counts, complaint):
    with pytest.raises(ValueError, match=complaint):
        Histogram(PAIR, counts)


@given(st.lists(st.one_of(st.floats(), st.none()), max_size=5))
def test_any_numbers_give_an_error_or_a_count_of_every_row(values):
    try:
        counted = histogram(values, bins=BINS)
    except ValueError:
        return
    assert counted.n == len(values)
