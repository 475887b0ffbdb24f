"""How a usual week goes, and what still comes today: forecasts of hourly sums from those of the last four weeks."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
HOUR = 3_600
DAY = 86_400
MEMORY_DAYS = 28
# An observation counts half as much after this many hours: a spike must show within the hour.
HALF_LIFE = 1.5
# What the level of the last days counts for beside the last hours: so many hours, and so many expected cases.
PRIOR_HOURS = 0.5
PRIOR_CASES = 10.0


@lru_cache(maxsize=65_536)
def _offset(zone: ZoneInfo, second: int) -> int:
    offset = datetime.fromtimestamp(second, UTC).astimezone(zone).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


def local(hours: Ints, zone: ZoneInfo) -> Ints:
    """Return the clock time in this zone, as seconds since 1970 there."""
    return hours + np.array([_offset(zone, int(each)) for each in hours], dtype=np.int64)


def weekday(days: Ints) -> Ints:
    """Return 0 for Monday to 6 for Sunday, for days since 1970."""
    return (days + 3) % 7


@dataclass(frozen=True)
class Season:
    """A usual week: what to expect in each hour of it, shape (7, 24), and the level of the last days beside it."""

    usual: Floats
    level: float

    @classmethod
    def of(cls, day: Ints, hour: Ints, mass: Floats) -> "Season":
        """Estimate it from whole days, which are in order."""
        if not len(day):
            return cls(np.full((7, 24), 1.0 / 24), 0.0)
        days = np.arange(day[0], day[-1] + 1)
        table = np.zeros((len(days), 24))
        np.add.at(table, (day - day[0], hour), mass)
        totals = table.sum(axis=1)
        of_week = weekday(days)
        by_weekday = weekday_levels(totals, of_week)
        usual = by_weekday[:, None] * _within_day(table, totals, of_week)
        relative = totals / by_weekday[of_week]
        # After a silent week, what came before it is the best guess: without any, nothing would bound the rate.
        recent = relative[-7:] if relative[-7:].any() else relative[relative > 0]
        return cls(usual, float(calm(recent).mean()) if len(recent) else 0.0)


def weekday_levels(totals: Floats, of_week: Ints) -> Floats:
    """Return how the days of the week compare, shape (7,), about 1. A weekday that is new is a usual day."""
    center = float(np.median(totals)) or float(np.mean(totals))
    levels = np.ones(7)
    for k in range(7 if center > 0 else 0):
        seen = totals[of_week == k]
        if len(seen):
            weight = len(seen) ** 2 / (len(seen) ** 2 + 1.0)
            levels[k] = weight * float(calm(seen).mean()) / center + (1 - weight)
    return np.maximum(levels, 0.01)


def calm(values: Floats) -> Floats:
    """Pull what is far from the median back to three standard deviations, judged by the median absolute deviation."""
    center = np.median(values)
    spread = max(3 * 1.4826 * np.median(np.abs(values - center)), center / 2)
    return np.clip(values, center - spread, center + spread) if spread > 0 else values


def _within_day(table: Floats, totals: Floats, of_week: Ints) -> Floats:
    shares = table[totals > 0] / totals[totals > 0, None]
    of_week = of_week[totals > 0]
    overall = (shares.sum(axis=0) + 1.0 / 24) / (len(shares) + 1)
    return np.array([(shares[of_week == k].sum(axis=0) + 2 * overall) / ((of_week == k).sum() + 2) for k in range(7)])


@dataclass(frozen=True)
class Forecast:
    """What is expected from now on, at the level of the last hours."""

    # Until the clock hour ends, until midnight, and in a whole day like today
    hour: float
    today: float
    day: float


def forecast(hours: Ints, mass: Floats, *, now: datetime, zone: ZoneInfo) -> Forecast:
    """Forecast the rest of the day.

    `hours` are the starts of all clock hours from the first that is known to the present one, in seconds since 1970;
    `mass` is what came in each, so far in the present one.
    """
    clock = local(hours, zone)
    day, hour = clock // DAY, clock % DAY // HOUR
    first = day[0] if hour[0] == 0 else day[0] + 1
    whole = (day >= first) & (day < day[-1])
    season = Season.of(day[whole], hour[whole], mass[whole])
    usual = season.usual[weekday(day), hour]
    passed = (now.timestamp() - hours[-1]) / HOUR
    level = _level(usual, mass, passed=passed, before=season.level)
    rest = _usual_rest(season, int(hours[-1]), now=now, zone=zone)
    rest[0] *= 1 - passed
    today = float(season.usual[weekday(day[-1])].sum())
    return Forecast(hour=level * float(rest[0]), today=level * float(rest.sum()), day=level * today)


def _level(usual: Floats, mass: Floats, *, passed: float, before: float) -> float:
    """Return the mass of a usual day, judged by the last hours above all."""
    exposure = np.append(np.ones(len(mass) - 1), passed)
    age = np.maximum(np.arange(len(mass) - 1, -1, -1) - 1 + passed, 0.0)
    weights = 0.5 ** (age / HALF_LIFE)
    prior = PRIOR_HOURS / 24 + PRIOR_CASES / before if before > 0 else 0.0
    expected = float(weights @ (usual * exposure)) + prior
    return (float(weights @ mass) + prior * before) / expected if expected > 0 else before


def _usual_rest(season: Season, hour: int, *, now: datetime, zone: ZoneInfo) -> Floats:
    tomorrow = datetime.combine(now.astimezone(zone).date() + timedelta(days=1), time(), zone)
    clock = local(np.arange(hour, int(tomorrow.timestamp()), HOUR), zone)
    return season.usual[weekday(clock // DAY), clock % DAY // HOUR]
