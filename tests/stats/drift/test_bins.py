import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.stats.drift.bins import CategoryBins, NumberBins, category_bins, number_bins
from apps.stats.drift.histograms import histogram

NAN = math.nan
NUMBERS = st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(NAN), st.integers(-3, 3)), max_size=60)
TEXTS = st.lists(st.one_of(st.none(), st.just(NAN), st.sampled_from("abcdefgh"), st.integers(0, 3)), max_size=60)


def test_quantile_bins_hold_equal_shares_of_the_reference():
    rng = np.random.default_rng(1)
    reference = rng.lognormal(size=1000)
    counted = histogram(reference, bins=number_bins(reference))
    assert counted.counts.tolist() == [100] * 10 + [0]


def test_both_ends_are_open():
    bins = number_bins(range(1, 101))
    assert bins.place([-1e300, 1e300]).tolist() == [0, 9]


def test_a_representative_is_the_mean_of_the_reference_in_its_bin():
    bins = number_bins([1, 2, 3, 4, 5, 9], bins=3)
    assert bins.edges == (2.0, 4.0)
    assert bins.representatives == (1.5, 3.5, 7.0)
    assert bins.sd == pytest.approx(np.std([1, 2, 3, 4, 5, 9]))


def test_a_value_that_fills_a_bin_gets_its_own():
    """Zero inflation: with 60 zeros, values just above and just below zero have other bins."""
    bins = number_bins([0] * 60 + list(range(1, 41)))
    assert len({int(place) for place in bins.place([-0.001, 0, 0.001])}) == 3


def test_a_constant_reference_shows_every_move():
    bins = number_bins([7.0] * 50)
    assert bins.place([6.9, 7.0, 7.1]).tolist() == [0, 1, 2]
    assert bins.sd == 0.0


def test_a_reference_without_numbers_still_has_a_bin_for_them():
    bins = number_bins([NAN, NAN])
    assert bins.place([3.0, NAN]).tolist() == [0, 1]


def test_rare_and_new_categories_are_other():
    bins = category_bins(["c", "a", "a", "b", "b", None], limit=2)
    assert bins.names == ("a", "b")
    assert bins.place(["a", "b", "c", "new", None, NAN]).tolist() == [0, 1, 2, 2, 3, 3]


def test_a_category_may_be_called_other_or_missing():
    bins = category_bins(["other", "missing", "x"])
    assert bins.place(["other", "missing", "new", None]).tolist() == [1, 0, 3, 4]


def test_names_need_not_be_sorted():
    assert CategoryBins(("b", "a")).place(["a", "b", "c"]).tolist() == [1, 0, 2]


def test_a_reference_without_categories_has_two_bins():
    assert category_bins([None]).place(["a", None]).tolist() == [0, 1]


@given(NUMBERS, NUMBERS, st.integers(2, 20))
def test_any_reference_makes_bins_that_count_every_row(reference, values, bins):
    made = number_bins(reference, bins=bins)
    counted = histogram(values, bins=made)
    assert counted.n == len(values)
    assert counted.counts[-1] == np.isnan(np.array(values, dtype=float)).sum()


@given(TEXTS, TEXTS, st.integers(1, 6))
def test_any_categories_make_bins_that_count_every_row(reference, values, limit):
    made = category_bins(reference, limit=limit)
    counted = histogram(values, bins=made)
    assert len(made.names) <= limit
    assert counted.n == len(values)
    assert counted.counts[-1] == sum(value is None or value is NAN for value in values)


@pytest.mark.parametrize("make", [number_bins, category_bins])
def test_a_reference_must_be_one_dimensional(make):
    with pytest.raises(ValueError, match="reference must have one dimension"):
        make([[1.0, 2.0]])


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: number_bins([1.0, math.inf]), "reference holds infinite"),
        (lambda: number_bins([1.0], bins=1), "bins must be at least 2"),
        (lambda: category_bins(["a"], limit=0), "limit must be at least 1"),
        (lambda: NumberBins((1.0, 1.0), (0.0, 1.0, 2.0), 1.0), "edges must ascend"),
        (lambda: NumberBins((NAN,), (0.0, 1.0), 1.0), "edges holds nan"),
        (lambda: NumberBins((1.0,), (0.0,), 1.0), "representatives must have length 2"),
        (lambda: NumberBins((1.0,), (0.0, 2.0), NAN), "sd must be finite"),
        (lambda: CategoryBins(("a", "a")), "names must differ"),
    ],
)
def test_bad_bins_are_named(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()
