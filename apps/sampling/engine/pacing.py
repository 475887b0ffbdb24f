"""Rates that spend a budget of cases a day: each is known before the predictions that it draws arrive."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from apps.sampling.engine.forecasts import PACING_ERROR, USUAL_NOISE, Cases, range_of
from apps.sampling.engine.traffic import DAY, MEMORY_DAYS, Floats, Forecast, Ints, forecast, local

# A spent budget leaves this share of the usual rate: whatever a policy may draw keeps a probability above 0.
LEAST_SHARE = 0.05
LEAST_FACTOR = 1e-6


@dataclass(frozen=True)
class Pace:
    """A rate, the predictions it was made for, and the cases of the whole day that are expected with it."""

    factor: float
    forecast: Forecast
    today: Cases


def pace(
    per_day: float, hours: Ints, mass: Floats, *, now: datetime, zone: ZoneInfo, spent: float, most: float = 1.0
) -> Pace:
    """Return the rate that spends what is left of today's budget on what is expected to come today.

    Parameters
    ----------
    per_day
        The budget: expected cases a day.
    hours
        The starts of all clock hours from the first known to the present one, in seconds since 1970.
    mass
        Σ shape of what came in each of these hours; in the present one, so far.
    now
        The moment from which the rate applies.
    zone
        Where the day begins and ends at midnight.
    spent
        Σp of today so far: expected draws, as the drawn ones would make a rate depend on who was drawn.
    most
        The highest rate: 1 over the largest shape, so that no probability has to be cut at 1.
    """
    ahead = forecast(hours, mass, now=now, zone=zone)
    left = max(per_day - spent, 0.0)
    least = max(LEAST_FACTOR, LEAST_SHARE * _ratio(per_day, ahead.day))
    factor = min(most, max(least, _ratio(left, ahead.today)))
    noise = PACING_ERROR if factor < most else USUAL_NOISE
    return Pace(factor, ahead, range_of(spent + factor * ahead.today, noise))


def replay(per_day: float, hours: Ints, mass: Floats, *, start: int, zone: ZoneInfo, most: float = 1.0) -> Floats:
    """Return the rate of each hour from `hours[start]` on, had the budget been in force since then.

    The hours before `start` are what was known by then.
    """
    day = local(hours, zone) // DAY
    factors = np.zeros(len(hours))
    spent = 0.0
    for i in range(start, len(hours)):
        if day[i] != day[i - 1]:
            spent = 0.0
        first = max(0, i - 24 * MEMORY_DAYS)
        known = np.append(mass[first:i], 0.0)
        now = datetime.fromtimestamp(int(hours[i]), UTC)
        factors[i] = pace(per_day, hours[first : i + 1], known, now=now, zone=zone, spent=spent, most=most).factor
        spent += factors[i] * mass[i]
    return factors[start:]


def _ratio(cases: float, mass: float) -> float:
    return cases / mass if mass > 0 else math.inf
