"""Which forecast a policy gets; the numbers are those of `tests/sampling/engine/test_forecasts.py`."""

from datetime import date, timedelta

import numpy as np
import pytest

from apps.sampling.models import PolicyKind, SamplingPolicy
from apps.sampling.services.forecasts import cases_ahead
from apps.sampling.services.rates import RatedPolicy

MONDAY = date(2026, 1, 5)
DAYS = [MONDAY + timedelta(days=each) for each in range(28)]


def ahead(settings, *, factor, mass):
    rated = RatedPolicy(SamplingPolicy(kind=PolicyKind.UNIFORM, settings=settings), factor)
    return cases_ahead(rated, DAYS, np.array(mass), ahead=[MONDAY + timedelta(days=28)])[0]


def test_a_rate_draws_its_share_of_what_comes_on_that_weekday():
    mondays = [2_000.0 if day.weekday() == 0 else 1_000.0 for day in DAYS]
    found = ahead({"rate": 0.1}, factor=0.1, mass=mondays)
    assert found.expected == pytest.approx(200, rel=0.1)


def test_a_budget_draws_its_cases_where_enough_comes():
    assert ahead({"budget": {"per_day": 100}}, factor=0.5, mass=[1_000.0] * 28).expected == 100
    assert ahead({"budget": {"per_day": 100}}, factor=0.5, mass=[30.0] * 28).expected == pytest.approx(30)
