import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.stats.delay.weights import age_shares

DAYS = st.floats(0, 200, width=16)


@pytest.mark.parametrize("delay", [0.0, 13.0, 60.0, 90.0])
def test_the_weights_of_equal_delays_add_up_to_the_window(delay):
    """Closed form: N·Ĝ predictions are old enough to be known, each with weight 1/Ĝ."""
    age = np.random.default_rng(43).integers(0, 120, 1000)
    ages = age_shares(age, horizon=90)
    known = np.full((age >= delay).sum(), delay)
    assert (1 / ages.of(known)).sum() == pytest.approx(1000)


def test_delays_are_capped_at_the_horizon():
    ages = age_shares([10, 95, 200, 300], horizon=90)
    assert ages.of([90, 150, 10, 10.5]).tolist() == [0.75, 0.75, 1.0, 0.75]
    assert ages.reached.tolist() == [0.75]


def test_counts_by_day_give_the_same_shares_as_rows():
    age = np.random.default_rng(44).integers(0, 150, 500)
    days, counts = np.unique(age, return_counts=True)
    delay = np.arange(0.0, 90.0)
    by_day = age_shares(days, n=counts, horizon=60).of(delay)
    assert by_day == pytest.approx(age_shares(age, horizon=60).of(delay))


def test_strata_have_shares_of_their_own():
    """Two of four predictions are 50 days old in the first stratum, one of two in the second."""
    ages = age_shares([20, 20, 50, 50, 95, 30], horizon=50, stratum=[7, 7, 7, 7, 2, 2])
    assert ages.of([30, 31, 50], stratum=[2, 2, 7]).tolist() == [1.0, 0.5, 0.5]
    assert ages.strata.tolist() == [2, 7]
    assert ages.code is None


def test_a_stratum_without_old_predictions_is_not_mature():
    ages = age_shares([100, 40], horizon=90, stratum=[0, 1])
    assert ages.code == "not_mature"
    assert ages.reached.tolist() == [1.0, 0.0]
    assert age_shares([100, 40], horizon=90).code is None


def test_no_predictions_have_their_code():
    assert age_shares([], horizon=90).code == "no_population"
    assert age_shares([5], n=[0], horizon=90).code == "no_population"
    assert age_shares([], horizon=90).reached.tolist() == []


@pytest.mark.parametrize(("delay", "stratum"), [([41], None), ([3], [5])])
def test_a_delay_beyond_every_age_is_refused(delay, stratum):
    with pytest.raises(ValueError, match="delay exceeds the age of every prediction"):
        age_shares([40, 40], horizon=90).of(delay, stratum=stratum)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"age": [-1]}, "age must not be negative"),
        ({"age": [float("nan")]}, "age holds nan"),
        ({"horizon": 0}, "horizon must be"),
        ({"horizon": float("inf")}, "horizon must be"),
        ({"n": [1, 2]}, "n must have length"),
        ({"n": [-1]}, "n must not be negative"),
        ({"stratum": [0.5]}, "whole numbers"),
    ],
)
def test_bad_input_is_named(change, complaint):
    with pytest.raises(ValueError, match=complaint):
        age_shares(**({"age": [5], "horizon": 90} | change))


def test_a_negative_delay_is_refused():
    with pytest.raises(ValueError, match="delay must not be negative"):
        age_shares([5], horizon=90).of([-1])


@given(st.lists(st.tuples(DAYS, st.integers(0, 2)), max_size=12), st.floats(0.5, 150))
def test_any_ages_give_known_outcomes_a_probability(rows, horizon):
    age, stratum = [age for age, _ in rows], [one for _, one in rows]
    ages = age_shares(age, horizon=horizon, stratum=stratum)
    varpi = ages.of(age, stratum=stratum)
    assert ((varpi > 0) & (varpi <= 1)).all()
    assert (ages.code == "not_mature") == (len(rows) > 0 and bool((ages.reached == 0).any()))
