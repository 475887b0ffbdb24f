"""Rates that spend a budget, by hand and on days with an hour too few or too many."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from apps.sampling.engine.pacing import LEAST_SHARE, Shapes, pace, replay
from apps.sampling.engine.traffic import HOUR

BERLIN = ZoneInfo("Europe/Berlin")
UTC_ZONE = ZoneInfo("UTC")
# A Monday
START = datetime(2026, 1, 5, tzinfo=UTC)


def hours_until(now: datetime, *, since: datetime = START) -> np.ndarray:
    first, last = int(since.timestamp()), int(now.timestamp())
    return np.arange(first, last // HOUR * HOUR + HOUR, HOUR)


def paced(now: datetime, *, mass: float = 100.0, so_far: float = 0.0, zone: ZoneInfo = UTC_ZONE, **changes):
    """Pace 240 a day after days of the same mass in each hour."""
    hours = hours_until(now)
    masses = np.append(np.full(len(hours) - 1, mass), so_far)
    return pace(240, hours, masses, now=now, zone=zone, **{"spent": 0.0, **changes})


def test_a_day_that_begins_gets_the_budget_over_what_comes():
    """2,400 predictions a day, 240 of them to draw: one in ten."""
    found = paced(START + timedelta(days=14))
    assert found.factor == pytest.approx(0.1)
    assert (found.forecast.hour, found.forecast.today, found.forecast.day) == pytest.approx((100, 2_400, 2_400))
    assert found.today.expected == pytest.approx(240)
    # √240 = 15.5: chance alone gives 240 ± 30, and pacing adds up to 3 % to it.
    assert (found.today.low, found.today.high) == (207, 275)


def test_what_is_spent_is_missing_from_the_rest_of_the_day():
    """At 18:00, with 200 of 240 spent, 40 are left for six hours of 100."""
    found = paced(START + timedelta(days=14, hours=18), spent=200.0)
    assert found.factor == pytest.approx(40 / 600)
    assert found.today.expected == pytest.approx(240)


def test_within_an_hour_only_its_rest_still_comes():
    """At 23:30, 50 more are expected."""
    found = paced(START + timedelta(days=14, hours=23, minutes=30), so_far=50.0, spent=235.0)
    assert found.factor == pytest.approx(5 / 50)
    assert found.forecast.hour == found.forecast.today == pytest.approx(50)


def test_a_spent_budget_leaves_a_small_rate():
    """So that whatever the policy may draw keeps a probability above 0."""
    found = paced(START + timedelta(days=14, hours=12), spent=300.0)
    assert found.factor == pytest.approx(LEAST_SHARE * 0.1)


def test_the_rate_is_at_most_the_highest():
    assert paced(START + timedelta(days=14), mass=1.0).factor == 1.0
    few = paced(START + timedelta(days=14), mass=1.0)
    assert few.today.expected == pytest.approx(24)


def test_without_any_prediction_so_far_there_is_no_forecast():
    now = START + timedelta(minutes=10)
    found = pace(20, hours_until(now), np.zeros(1), now=now, zone=UTC_ZONE, spent=0.0)
    assert (found.factor, found.forecast.today) == (1.0, 0.0)


def test_after_a_silent_week_the_rate_is_bounded_by_what_came_before():
    now = START + timedelta(days=21)
    masses = np.append(np.full(14 * 24, 100.0), np.zeros(7 * 24 + 1))
    assert pace(240, hours_until(now), masses, now=now, zone=UTC_ZONE, spent=0.0).factor < 10 * 0.1


@pytest.mark.parametrize(("month", "day", "hours"), [(3, 29, 23), (10, 25, 25), (6, 1, 24)])
def test_a_day_is_as_long_as_its_clock_says(month, day, hours):
    """Berlin put its clocks forward on 29 March 2026 and back on 25 October."""
    midnight = datetime(2026, month, day, tzinfo=BERLIN).astimezone(UTC)
    since = midnight - timedelta(days=20)
    known = hours_until(midnight, since=since)
    masses = np.append(np.full(len(known) - 1, 100.0), 0.0)
    found = pace(240, known, masses, now=midnight, zone=BERLIN, spent=0.0)
    assert found.forecast.today == pytest.approx(100 * hours, rel=0.01)
    assert found.factor == pytest.approx(240 / (100 * hours), rel=0.01)


def test_hours_of_a_zone_with_half_hours_start_where_its_clock_does():
    """Midnight in Kolkata is 18:30 UTC."""
    zone, midnight = ZoneInfo("Asia/Kolkata"), datetime(2026, 2, 1, 18, 30, tzinfo=UTC)
    known = np.arange(int((midnight - timedelta(days=14)).timestamp()), int(midnight.timestamp()) + 1, HOUR)
    masses = np.append(np.full(len(known) - 1, 100.0), 0.0)
    assert pace(240, known, masses, now=midnight, zone=zone, spent=0.0).forecast.today == pytest.approx(2_400)


def test_a_replay_spends_each_days_budget():
    """A week of hours with a busy morning; what each day's rates draw adds up to the budget."""
    hours = hours_until(START + timedelta(days=28) - timedelta(hours=1))
    mass = np.tile(np.where(np.arange(24) % 24 < 8, 10.0, 100.0), 28)
    factors = replay(50, hours, mass, start=21 * 24, zone=UTC_ZONE)
    assert (factors * mass[21 * 24 :]).reshape(7, 24).sum(axis=1) == pytest.approx(np.full(7, 50.0), rel=1e-3)


def test_probabilities_that_reach_one_are_made_up_for_by_the_others():
    """Ten of shape 1 and ninety of 0.1 make 19. For 40, all ten are drawn and 30 of the ninety: 0.1 × 10/3."""
    shapes = Shapes(np.repeat([1.0, 0.1], [10, 90]), np.ones(100))
    assert shapes.factor(10 / 19) == pytest.approx(10 / 19)
    assert shapes.factor(19 / 19) == pytest.approx(1.0)
    assert shapes.factor(40 / 19) == pytest.approx(10 / 3)
    assert shapes.most == pytest.approx(100 / 19)
    assert shapes.factor(shapes.most) == pytest.approx(10.0)


def test_a_sample_counts_with_its_weights_and_without_what_is_never_drawn():
    shapes = Shapes(np.array([0.5, 0.25, 0.0]), np.array([1.0, 2.0, 7.0]))
    assert shapes.most == pytest.approx(3.0)
    # 1 + 2 × 0.25 × 3
    assert shapes.factor(2.5) == pytest.approx(3.0)


def test_without_a_sample_the_factor_is_the_mean_rate():
    none = Shapes(np.zeros(0), np.zeros(0))
    assert (none.most, none.factor(0.25)) == (1.0, 0.25)


def test_a_budget_that_cuts_probabilities_is_spent_all_the_same():
    """A hundred a day in the shapes of the first test; 40 of them."""
    hours = hours_until(START + timedelta(days=15) - timedelta(hours=1))
    shapes = Shapes(np.repeat([1.0, 0.1], [10, 90]), np.ones(100))
    factors = replay(40, hours, np.full(len(hours), 19 / 24), start=14 * 24, zone=UTC_ZONE, shapes=shapes)
    drawn = [np.minimum(1.0, factor * shapes.shape).sum() / 24 for factor in factors]
    assert sum(drawn) == pytest.approx(40, rel=1e-3)
