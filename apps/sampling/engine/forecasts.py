"""Cases a day to expect in the next days, with their range, from what came in each day of the last four weeks."""

import math
from dataclasses import dataclass

import numpy as np

from apps.sampling.engine.traffic import Floats, Ints, calm, weekday, weekday_levels

# The 97.5 % points of the normal distribution, and of Student's t for the days that four weeks leave to judge noise by.
NORMAL = 1.96
STUDENT = 2.09
# Without a history to judge by, days differ this much.
USUAL_NOISE = 0.2
# As many days as that belief counts for.
PRIOR_DAYS = 3.0
LEVEL_DAYS = 7
# A paced day spends its budget up to this share of it.
PACING_ERROR = 0.03


@dataclass(frozen=True)
class Cases:
    """Cases to expect in a day; 19 of 20 days lie between low and high."""

    expected: float
    low: int
    high: int


def at_a_rate(days: Ints, mass: Floats, *, ahead: Ints, factor: float, chance: float = 1.0) -> list[Cases]:
    """Forecast the cases that a fixed rate draws on the days `ahead`.

    Parameters
    ----------
    days, ahead
        Days since 1970-01-01 in the project's time zone. `days` are whole days without a gap, at most the last 28.
    mass
        Σ shape of each of `days`.
    factor
        The rate: a day's expected cases are factor × mass.
    chance
        The variance of a day's cases given its predictions, in their number: 1 − Σp²/Σp.

    Notes
    -----
    A day is level × weekday × noise. The noise of days is judged by their spread around level × weekday, with the
    median absolute deviation, so that one strange day does not count; the drawing adds chance × expected.
    """
    expected, noise = _masses(days, mass, ahead)
    return [range_of(factor * float(each), noise, chance=chance, quantile=STUDENT) for each in expected]


def at_a_budget(per_day: float, days: Ints, mass: Floats, *, ahead: Ints, most: float = 1.0) -> list[Cases]:
    """Forecast the cases of a budget: where a day brings too few predictions to spend it, all that it brings.

    `most` is the highest rate; the other parameters are those of `at_a_rate`.
    """
    expected, noise = _masses(days, mass, ahead)
    return [_at_most(per_day, range_of(most * float(each), noise, quantile=STUDENT)) for each in expected]


def range_of(expected: float, noise: float, *, chance: float = 1.0, quantile: float = NORMAL) -> Cases:
    """Return the range of a count that is random in itself, and whose expectation has a relative error.

    The Poisson part is taken on the scale of square roots, on which its variance is 1/4 whatever its mean.
    """
    root = math.sqrt(expected)
    spread = quantile * math.hypot(math.sqrt(chance), root * noise) / 2
    return Cases(expected, math.floor(max(0.0, root - spread) ** 2), math.ceil((root + spread) ** 2))


def _at_most(per_day: float, limit: Cases) -> Cases:
    spent = range_of(per_day, PACING_ERROR)
    return Cases(min(per_day, limit.expected), min(spent.low, limit.low), min(spent.high, limit.high))


def _masses(days: Ints, mass: Floats, ahead: Ints) -> tuple[Floats, float]:
    """Return the mass to expect on each of the days ahead, and the relative error of these forecasts."""
    if not len(days):
        return np.zeros(len(ahead)), USUAL_NOISE
    of_week = weekday(days)
    levels = weekday_levels(mass, of_week)
    relative = mass / levels[of_week]
    level = float(calm(relative[-LEVEL_DAYS:]).mean())
    return level * levels[weekday(ahead)], _noise(relative)


def _noise(relative: Floats) -> float:
    """Return the relative error of forecasting one day.

    Consecutive days are compared, so that a slow change or one step of the level is not taken for noise.
    """
    center = float(calm(relative).mean())
    if center <= 0 or len(relative) < 2:
        return USUAL_NOISE
    steps = calm(np.diff(relative) / center) / np.sqrt(2)
    weeks = max(1.0, len(relative) / 7)
    # The weekdays were fitted to the same days, which then spread less around them.
    fitted = weeks / max(weeks - 1, 1.0)
    seen = float((steps**2).sum()) * fitted + PRIOR_DAYS * USUAL_NOISE**2
    return float(np.sqrt(seen / (len(steps) + PRIOR_DAYS) * (1 + 1 / LEVEL_DAYS + 1 / weeks)))
