import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.duration.survfunc import SurvfuncRight

from apps.stats.delay.maturity import maturity_curve

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
    curve = maturity_curve(delay, age)
    assert curve.times == pytest.approx(peer.surv_times)
    assert curve.share == pytest.approx(1 - peer.surv_prob)
    half = 1.959964 * peer.surv_prob_se / (peer.surv_prob * np.abs(np.log(peer.surv_prob)))  # Kalbfleisch and Prentice
    assert curve.low == pytest.approx(1 - peer.surv_prob ** np.exp(-half))
    assert curve.high == pytest.approx(1 - peer.surv_prob ** np.exp(half))


def test_days_until_a_share_are_those_of_statsmodels(late):
    delay, age = late
    peer = SurvfuncRight(np.fmin(delay, age), ~np.isnan(delay))
    for share in (0.1, 0.5, 0.8):
        figure = maturity_curve(delay, age).days_until(share)
        ends = peer.quantile_ci(share, method="cloglog")
        assert (figure.value, figure.low, figure.high) == (peer.quantile(share), *ends)


def test_the_interval_covers_the_true_share_known():
    """Simulation, seed 42: exponential delays of mean 30 days, ages uniform on 120; 1 − exp(−1) is known by day 30."""
    rng, covered = np.random.default_rng(42), 0
    for _ in range(300):
        delay, age = rng.exponential(30, 150), rng.uniform(0, 120, 150)
        curve = maturity_curve(np.where(delay <= age, delay, NAN), age)
        step = curve.times.searchsorted(30, side="right") - 1
        covered += curve.low[step] <= 1 - math.exp(-1) <= curve.high[step]
    assert 276 <= covered <= 296


def test_without_censoring_it_is_the_share_of_rows():
    curve = maturity_curve([1, 2, 2, 4], [9, 9, 9, 9])
    assert curve.share.tolist() == [0.25, 0.75, 1.0]
    assert (curve.n, curve.events, curve.code) == (4, 4, None)


def test_the_interval_ends_at_one_where_everything_is_known():
    """Wilson's lower end of 4 of 4: 4/(4 + 1.96²) = .5101; the earlier bound of the second curve is higher."""
    at_once = maturity_curve([5, 5, 5, 5], [9, 9, 9, 9])
    assert at_once.low[-1] == pytest.approx(0.5101, abs=1e-4)
    assert at_once.high[-1] == 1.0
    stepwise = maturity_curve(np.arange(1, 51), np.full(50, 60))
    assert stepwise.low[-1] == stepwise.low[-2] > 0.85


def test_there_is_no_figure_past_the_oldest_prediction():
    curve = maturity_curve([5, NAN], [20, 20])
    assert curve.share[-1] == 0.5
    assert curve.days_until(0.6).code == "not_mature"


def test_an_interval_open_above_says_so():
    figure = maturity_curve([5, 6, NAN, NAN], [20] * 4).days_until(0.5)
    assert (figure.value, figure.low, figure.high, figure.code) == (6.0, 5.0, None, "open_above")


def test_no_outcomes_and_no_predictions_have_their_codes():
    assert maturity_curve([NAN, NAN], [3, 4]).code == "no_outcomes"
    nothing = maturity_curve([], [])
    assert {nothing.code, nothing.days_until(0.5).code} == {"no_population"}


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


@pytest.mark.parametrize("share", [0.0, 1.1, NAN])
def test_a_share_out_of_range_is_refused(share):
    with pytest.raises(ValueError, match="share must be"):
        maturity_curve([1], [2]).days_until(share)


@given(st.lists(st.tuples(DAYS, DAYS), max_size=12), st.floats(0.01, 1))
def test_any_delays_give_a_curve_that_rises_inside_its_interval(rows, share):
    delay = [waited if waited <= age else NAN for waited, age in rows]
    curve = maturity_curve(delay, [age for _, age in rows])
    assert (np.diff(curve.share) > 0).all()
    assert ((curve.low >= 0) & (curve.low <= curve.share) & (curve.share <= curve.high) & (curve.high <= 1)).all()
    figure = curve.days_until(share)
    assert figure.code is not None or figure.low <= figure.value <= figure.high
