import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.stats.comparison.multiple import q_values
from apps.stats.drift.bins import CategoryBins, NumberBins
from apps.stats.drift.conditions import Feature, rows_of
from apps.stats.drift.weak_slices import find_weak_slices

FEATURES = [
    Feature("country", CategoryBins(("de", "fr", "it"))),
    Feature("amount", NumberBins((1.0, 2.0), (0.5, 1.5, 2.5), 1.0)),
]


def drawn(seed, n=1200, rate=0.5):
    rng = np.random.default_rng(seed)
    codes = np.column_stack([rng.integers(0, 3, n), rng.integers(0, 3, n)])
    wrong = rng.random(n) < np.where(codes[:, 0] == 1, rate, 0.1)
    return wrong.astype(float), rng.uniform(0.02, 0.2, n), codes


def search(errors, pi, codes, seed=0, **change):
    return find_weak_slices(errors, pi, codes, features=FEATURES, rng=np.random.default_rng(seed), **change)


def test_an_obvious_weakness_is_found_on_both_halves():
    errors, pi, codes = drawn(1)
    weak = search(errors, pi, codes)
    assert [str(one) for one in weak.slices[:2]] == ["country = fr"] * 2
    assert all(one.is_weak for one in weak.slices[:2])
    assert weak.slices[0].share == pytest.approx(1 / 3, abs=0.05)
    assert weak.slices[0].error.value == pytest.approx(0.5, abs=0.12)
    assert weak.slices[0].error.n + weak.slices[0].rest.n == 600  # half of the labels


def test_the_figures_of_a_slice_agree():
    for one in search(*drawn(2)).slices:
        assert one.difference.value == pytest.approx(one.error.value - one.rest.value)
        assert one.difference.se == pytest.approx(math.hypot(one.error.se, one.rest.se))
        assert one.difference.low < one.difference.value < one.difference.high


def test_q_values_are_taken_over_the_candidates_of_both_halves():
    slices = search(*drawn(3)).slices
    assert [one.q_value for one in slices] == list(q_values(one.p_value for one in slices))
    assert [one.p_value for one in slices] == sorted(one.p_value for one in slices)


def test_the_same_rng_gives_the_same_slices():
    rows = drawn(4)
    assert search(*rows, seed=5) == search(*rows, seed=5)
    assert search(*rows, seed=5) != search(*rows, seed=6)


def test_pseudo_values_outside_zero_and_one_are_compared_on_the_plain_scale():
    errors, pi, codes = drawn(5)
    shifted = np.where(np.arange(len(errors)) % 10 == 0, 2 * errors - 0.5, errors)
    weak = search(shifted, pi, codes).slices[0]
    assert str(weak) == "country = fr"
    assert weak.is_weak
    assert weak.error.method == "hajek"


def test_a_fully_labeled_population_still_has_an_interval():
    """At π ≡ 1 the estimating half is still a sample with probability ½, so the interval has a width."""
    errors, _, codes = drawn(6)
    weak = search(errors, np.ones(len(errors)), codes).slices[0]
    assert weak.error.low < weak.error.value < weak.error.high


def test_too_few_labels_are_not_searched():
    errors, pi, codes = drawn(7, n=79)
    assert search(errors, pi, codes) == search(errors, pi, codes)
    assert search(errors, pi, codes).code == "too_few"


def test_equal_errors_are_not_searched():
    _, pi, codes = drawn(8)
    assert search(np.zeros(len(pi)), pi, codes).code == "no_variation"
    assert search(np.ones(len(pi)), pi, codes).slices == ()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"errors": [math.nan] * 90}, "errors holds nan"),
        ({"errors": [0.0] * 89}, "errors must have length 90"),
        ({"pi": [0.0] * 90}, "pi must be in"),
        ({"codes": [[0, 9]] * 90}, "codes of amount"),
        ({"codes": [[0, 0]] * 89}, "codes must have shape"),
        ({"candidates": 0}, "candidates must be at least 1"),
        ({"level": 1.0}, "level must be in"),
    ],
)
def test_bad_input_is_named(change, complaint):
    given_input = {"errors": [0.0, 1.0] * 45, "pi": [0.5] * 90, "codes": [[0, 0]] * 90} | change
    with pytest.raises(ValueError, match=complaint):
        search(**given_input)


@settings(max_examples=60)
@given(
    st.integers(80, 200),
    st.sampled_from([(0.0, 1.0), (0.0, 0.0, 0.0, 0.0, 1.0), (-3.0, 0.0, 4.0), (1e150, 0.0), (0.0, 1.0, 1.0)]),
    st.sampled_from([(1.0,), (0.5, 1e-3), (1.0, 1e-9), (1e-12,)]),
    st.integers(0, 1000),
)
def test_any_input_gives_finite_numbers_or_codes(n, errors, pi, seed):
    rng = np.random.default_rng(seed)
    codes = np.column_stack([rng.integers(0, 5, n), rng.integers(0, 4, n)])
    try:
        weak = search(rng.choice(errors, n), rng.choice(pi, n), codes, seed=seed)
    except ValueError:
        return
    for one in weak.slices:
        assert (one.p_value is None) == (one.code is not None)
        assert one.p_value is None or 0 <= one.p_value <= one.q_value <= 1
        assert 0 <= one.share <= 1
        assert math.isfinite(one.error_where_found)
        assert rows_of(one.conditions, codes).any()
