"""Forecasts of cases a day, by hand."""

import numpy as np
import pytest

from apps.sampling.engine.forecasts import at_a_budget, at_a_rate

# 5 January 2026, a Monday
MONDAY = 20_458
DAYS = np.arange(MONDAY, MONDAY + 28)
WEEK = np.array([1_200.0, 1_100.0, 1_000.0, 1_000.0, 1_000.0, 300.0, 200.0])


def test_each_day_ahead_is_like_its_weekday():
    found = at_a_rate(DAYS, np.tile(WEEK, 4), ahead=np.arange(MONDAY + 28, MONDAY + 35), factor=0.1)
    # A weekday's level is drawn a little to that of the others: 4² of its own days to one.
    assert [each.expected for each in found] == pytest.approx(WEEK / 10, rel=0.3)
    assert all(each.low < each.expected < each.high for each in found)


def test_regular_days_still_vary_by_chance():
    """A hundred expected cases vary by √100; 4 of 31 parts of the noise are a belief about days not seen."""
    (found,) = at_a_rate(DAYS, np.full(28, 1_000.0), ahead=DAYS[:1] + 28, factor=0.1)
    assert found.expected == pytest.approx(100)
    assert found.low <= 100 - 1.96 * 10
    assert found.high >= 100 + 1.96 * 10
    (certain,) = at_a_rate(DAYS, np.full(28, 1_000.0), ahead=DAYS[:1] + 28, factor=0.1, chance=0.0)
    assert found.low < certain.low <= certain.high < found.high


def test_one_strange_day_moves_neither_the_forecast_nor_its_range():
    mass = np.tile(WEEK, 4)
    mass[9] *= 8
    calm = at_a_rate(DAYS, np.tile(WEEK, 4), ahead=DAYS[:7] + 28, factor=0.1)
    spiked = at_a_rate(DAYS, mass, ahead=DAYS[:7] + 28, factor=0.1)
    assert [each.expected for each in spiked] == pytest.approx([each.expected for each in calm], rel=0.2)
    assert [each.high for each in spiked] == pytest.approx([each.high for each in calm], rel=0.3)


def test_a_budget_is_spent_where_enough_comes():
    """√100 = 10: 100 ± 20, and a little for the pacing."""
    (found,) = at_a_budget(100, DAYS, np.full(28, 1_000.0), ahead=DAYS[:1] + 28)
    assert (found.expected, found.low, found.high) == (100, 80, 122)


def test_where_too_little_comes_all_of_it_is_drawn():
    (found,) = at_a_budget(100, DAYS, np.full(28, 30.0), ahead=DAYS[:1] + 28)
    assert found.expected == pytest.approx(30)
    assert found.high < 60


def test_without_a_past_nothing_is_expected():
    none = np.zeros(0)
    (found,) = at_a_rate(none.astype(np.int64), none, ahead=DAYS[:1], factor=0.1)
    assert found.expected == 0
