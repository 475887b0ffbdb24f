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
LEAST_RATE = 1e-6


@dataclass(frozen=True)
class Shapes:
    """The shapes that a policy gives predictions, as a weighted sample: what min(1, factor × shape) adds up to."""

    shape: Floats
    weight: Floats

    @property
    def total(self) -> float:
        return float(self.weight @ self.shape)

    @property
    def most(self) -> float:
        """The highest mean rate: every prediction that may be drawn is."""
        return float(self.weight[self.shape > 0].sum()) / self.total if self.total else 1.0

    def factor(self, mean_rate: float) -> float:
        """Return the factor with Σ min(1, factor × shape) = mean_rate × Σ shape.

        The left side is linear in the factor between the points where another probability reaches 1.
        """
        if not self.total:
            return mean_rate
        order = np.argsort(-self.shape)
        shape, weight = self.shape[order], self.weight[order]
        shape, weight = shape[shape > 0], weight[shape > 0]
        factors = 1 / shape
        sums = np.cumsum(weight) + factors * np.maximum(self.total - np.cumsum(weight * shape), 0.0)
        return float(np.interp(mean_rate * self.total, [0.0, *sums], [0.0, *factors]))


# Any shape is 0 or 1.
ALIKE = Shapes(np.ones(1), np.ones(1))


@dataclass(frozen=True)
class Pace:
    """A rate, the predictions it was made for, and the cases of the whole day that are expected with it."""

    factor: float
    forecast: Forecast
    today: Cases


def pace(
    per_day: float, hours: Ints, mass: Floats, *, now: datetime, zone: ZoneInfo, spent: float, shapes: Shapes = ALIKE
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
    shapes
        How the shapes of a policy spread, where some are larger than others: its probabilities are cut at 1.
    """
    ahead = forecast(hours, mass, now=now, zone=zone)
    rate = _mean_rate(per_day, ahead, spent=spent, most=shapes.most)
    noise = PACING_ERROR if rate < shapes.most else USUAL_NOISE
    return Pace(shapes.factor(rate), ahead, range_of(spent + rate * ahead.today, noise))


def replay(per_day: float, hours: Ints, mass: Floats, *, start: int, zone: ZoneInfo, shapes: Shapes = ALIKE) -> Floats:
    """Return the rate of each hour from `hours[start]` on, had the budget been in force since then.

    The hours before `start` are what was known by then.
    """
    day = local(hours, zone) // DAY
    rates = np.zeros(len(hours))
    spent = 0.0
    for i in range(start, len(hours)):
        if day[i] != day[i - 1]:
            spent = 0.0
        first = max(0, i - 24 * MEMORY_DAYS)
        known = np.append(mass[first:i], 0.0)
        ahead = forecast(hours[first : i + 1], known, now=datetime.fromtimestamp(int(hours[i]), UTC), zone=zone)
        rates[i] = _mean_rate(per_day, ahead, spent=spent, most=shapes.most)
        spent += rates[i] * mass[i]
    return np.array([shapes.factor(rate) for rate in rates[start:]])


def _mean_rate(per_day: float, ahead: Forecast, *, spent: float, most: float) -> float:
    """Return Σp over Σ shape for the rest of the day."""
    left = max(per_day - spent, 0.0)
    least = max(LEAST_RATE, LEAST_SHARE * _ratio(per_day, ahead.day))
    return min(most, max(least, _ratio(left, ahead.today)))


def _ratio(cases: float, mass: float) -> float:
    return cases / mass if mass > 0 else math.inf
