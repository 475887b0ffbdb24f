import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.duration.survfunc import SurvfuncRight

from apps.stats.delay.maturity import maturity_by_class, maturity_curve

NAN = float("nan")
DAYS = st.floats(0, 400, width=16)


@pytest.fixture(scope="module")
def late():
    rng = np.random.default_rng(41)
    delay, age = np.ceil(rng.gamma(2.0, 15.0, 400)), np.ceil(rng.uniform(0, 120, 400))
    return np.where(delay <= age, delay, NAN), age


def test_the_curve_and_its_interval_are_those_of_statsmodels(late):
    delay, age = late
    peer = SurvfuncRight(np.fmin(delay, age), ~np.isnan(delay))
    found = maturity_curve(delay, age)
    assert found.times == pytest.approx(peer.surv_times)
    assert found.share == pytest.approx(1 - peer.surv_prob)
    half = 1.959964 * peer.surv_prob_se / (peer.surv_prob * np.abs(np.log(peer.surv_prob)))  # Kalbfleisch and Prentice
    assert found.low == pytest.approx(1 - peer.surv_prob ** np.exp(-half))
    assert found.high == pytest.approx(1 - peer.surv_prob ** np.exp(half))


def test_days_until_a_share_are_those_of_statsmodels(late):
    delay, age = late
    peer = SurvfuncRight(np.fmin(delay, age), ~np.isnan(delay))
    for share in (0.1, 0.5, 0.8):
        figure = maturity_curve(delay, age).days_until(share)
        ends = peer.quantile_ci(share, method="cloglog")
        assert (figure.value, figure.low, figure.high) == (peer.quantile(share), *ends)


def test_the_interval_covers_the_true_share_known():
    """Simulation, seed 42: exponential delays of mean 30 days, ages uniform on 120; 1 − exp(−1) by day 30."""
    rng, covered = np.random.default_rng(42), 0
    for _ in range(300):
        delay, age = rng.exponential(30, 150), rng.uniform(0, 120, 150)
        figure = maturity_curve(np.where(delay <= age, delay, NAN), age).share_known_by(30)
        covered += figure.low <= 1 - math.exp(-1) <= figure.high
    assert 276 <= covered <= 296


def test_without_censoring_it_is_the_share_of_rows():
    curve = maturity_curve([1, 2, 2, 4], [9, 9, 9, 9])
    assert curve.share.tolist() == [0.25, 0.75, 1.0]
    assert curve.share_known_by(30).value == 1.0
    assert (curve.n, curve.events, curve.code) == (4, 4, None)


def test_where_all_is_known_the_interval_ends_at_one():
    """Wilson's lower end of 4 of 4: 4/(4 + 1.96²) = .5101; the earlier bound of the second curve is higher."""
    at_once = maturity_curve([5, 5, 5, 5], [9, 9, 9, 9])
    assert at_once.low[-1] == pytest.approx(0.5101, abs=1e-4)
    assert at_once.high[-1] == 1.0
    stepwise = maturity_curve(np.arange(1, 51), np.full(50, 60))
    assert stepwise.low[-1] == stepwise.low[-2] > 0.85


def test_before_the_first_outcome_the_bound_is_that_of_those_watched():
    """Wilson's upper end of 0 of 3: 1.96²/(3 + 1.96²) = .5615; one of the four was not watched for two days."""
    figure = maturity_curve([5, NAN, NAN, NAN], [9, 9, 9, 1]).share_known_by(2)
    assert (figure.value, figure.low) == (0.0, 0.0)
    assert figure.high == pytest.approx(0.5615, abs=1e-4)


def test_past_the_oldest_prediction_nothing_is_said():
    curve = maturity_curve([5, NAN], [20, 20])
    assert curve.share_known_by(20).value == 0.5
    assert curve.share_known_by(20.5).code == "not_mature"
    assert curve.days_until(0.6).code == "not_mature"


def test_an_interval_open_above_says_so():
    figure = maturity_curve([5, 6, NAN, NAN], [20] * 4).median()
    assert (figure.value, figure.low, figure.high, figure.code) == (6.0, 5.0, None, "open_above")


def test_no_outcomes_and_no_predictions_have_their_codes():
    assert maturity_curve([NAN, NAN], [3, 4]).code == "no_outcomes"
    assert maturity_curve([NAN, NAN], [3, 4]).share_known_by(2).value == 0.0
    nothing = maturity_curve([], [])
    assert {nothing.code, nothing.share_known_by(1).code, nothing.median().code} == {"no_population"}


def test_classes_have_curves_of_their_own(late):
    delay, age = late
    group = np.arange(400) % 2 * 3
    curves = maturity_by_class(delay, age, group=group)
    assert sorted(curves) == [0, 3]
    assert curves[3].share.tolist() == maturity_curve(delay[group == 3], age[group == 3]).share.tolist()


@pytest.mark.parametrize(
    ("delay", "age", "complaint"),
    [
        ([5], [4], "future"),
        ([-1], [4], "delay must not be negative"),
        ([NAN], [-4], "age must not be negative"),
        ([1, 2], [4], "delay must have length"),
        ([NAN], [NAN], "age holds nan"),
        ([math.inf], [4], "delay holds infinite"),
    ],
)
def test_bad_input_is_named(delay, age, complaint):
    with pytest.raises(ValueError, match=complaint):
        maturity_curve(delay, age)


@pytest.mark.parametrize("days", [-1, NAN, math.inf])
def test_a_day_that_is_none_is_refused(days):
    with pytest.raises(ValueError, match="days must be"):
        maturity_curve([1], [2]).share_known_by(days)


@pytest.mark.parametrize("share", [0.0, 1.1, NAN])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(ValueError, match="share must be"):
        maturity_curve([1], [2]).days_until(share)


@given(st.lists(st.tuples(DAYS, DAYS), max_size=12), DAYS, st.floats(0.01, 1))
def test_whatever_the_delays_the_curve_rises_inside_its_interval(rows, days, share):
    delay = [waited if waited <= age else NAN for waited, age in rows]
    curve = maturity_curve(delay, [age for _, age in rows])
    assert (np.diff(curve.share) > 0).all()
    assert ((curve.low >= 0) & (curve.low <= curve.share) & (curve.share <= curve.high) & (curve.high <= 1)).all()
    for figure in (curve.share_known_by(days), curve.days_until(share)):
        assert figure.code is not None or figure.low <= figure.value <= figure.high
