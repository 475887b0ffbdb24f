"""The week ahead; the numbers of a single day are those of `tests/sampling/engine/test_forecasts.py`."""

from datetime import date, timedelta

import numpy as np

from apps.sampling.services.forecasts import week_ahead

MONDAY = date(2026, 1, 5)
DAYS = [MONDAY + timedelta(days=each) for each in range(28)]


def test_the_range_holds_the_weekday_with_the_most_cases_and_those_with_the_fewest():
    low, high = week_ahead(DAYS, np.array([200.0 if day.weekday() == 0 else 100.0 for day in DAYS]))
    # Chance alone varies 100 by 10 and 200 by 14.
    assert 60 < low < 100 - 10
    assert 200 + 14 < high < 280


def test_a_budget_brings_its_cases_where_enough_comes_and_else_all_that_comes():
    low, high = week_ahead(DAYS, np.full(28, 1_000.0), budget=100)
    assert 70 < low < 100 < high < 130
    assert week_ahead(DAYS, np.full(28, 30.0), budget=100)[1] < 60


def test_without_days_there_is_nothing_to_expect():
    assert week_ahead([], np.zeros(0)) == (0, 0)
