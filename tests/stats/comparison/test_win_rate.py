import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta
from statsmodels.stats.proportion import proportion_confint

from apps.stats.comparison.win_rate import exact_win_rate

ANYTHING = st.one_of(st.floats(), st.integers(-2, 2))


@pytest.mark.parametrize("wins", [0, 1, 7, 20])
def test_the_interval_is_clopper_and_pearson_s(wins):
    figure = exact_win_rate([1] * wins + [0] * (20 - wins), [0.3] * 20).estimate
    assert (figure.low, figure.high) == pytest.approx(proportion_confint(wins, 20, method="beta"), abs=1e-10)


def test_all_wins_in_closed_form():
    """The lower end of n of n is (α/2)^(1/n), and the p-value 2·½ⁿ."""
    rate = exact_win_rate([1] * 12, [0.1] * 12)
    assert rate.estimate.low == pytest.approx(0.025 ** (1 / 12)) == beta.ppf(0.025, 12, 1)
    assert (rate.estimate.value, rate.estimate.high) == (1.0, 1.0)
    assert rate.p_value == pytest.approx(2 * 0.5**12)


def test_unequal_probabilities_are_refused_with_a_code():
    rate = exact_win_rate([1, 0, 1], [0.2, 0.2, 0.4])
    assert (rate.estimate.code, rate.estimate.value, rate.estimate.n, rate.p_value) == (
        "unequal_probabilities",
        None,
        3,
        None,
    )


def test_the_last_digits_of_a_probability_do_not_make_it_unequal():
    assert exact_win_rate([1, 0], [0.3, 0.1 * 3]).estimate.value == 0.5


def test_without_labels_there_is_no_rate():
    assert exact_win_rate([], []).estimate.code == "no_labels"


@pytest.mark.parametrize(
    ("wins", "pi", "level", "complaint"),
    [
        ([2], [0.5], 0.95, "model_wins must be 0 or 1"),
        ([math.nan], [0.5], 0.95, "model_wins holds nan"),
        ([1], [0.0], 0.95, "pi must be in"),
        ([1, 0], [0.5], 0.95, "model_wins must have length 1"),
        ([1], [0.5], 1.0, "level"),
    ],
)
def test_bad_input_is_named(wins, pi, level, complaint):
    with pytest.raises(ValueError, match=complaint):
        exact_win_rate(wins, pi, level=level)


@given(st.lists(ANYTHING, max_size=5), st.lists(ANYTHING, max_size=5))
def test_any_input_gives_an_error_a_number_or_a_code(wins, pi):
    try:
        rate = exact_win_rate(wins, pi)
    except ValueError:
        return
    assert (rate.p_value is None) == (rate.estimate.code is not None)
    assert rate.p_value is None or 0 <= rate.estimate.low <= rate.estimate.value <= rate.estimate.high <= 1
