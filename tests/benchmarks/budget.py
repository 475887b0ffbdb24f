"""Budgets and forecasts of cases against simulated traffic, through the functions that the product uses.

Models with a profile of hours and weekdays, ±15 % noise of each day and of each hour, a level that shifts and one day
with eight times the usual traffic. Each has 28 days of history, and then draws by Poisson with the rates of each hour.

`within`: share of days whose draws lie within ±20 % of the budget plus √n (n: the budget, or all there were on that
day). `worst_day`: the spike day's expected draws over the budget. `forecast_within`: share of days whose draws lie in
the forecast's own 95 % range, one to seven days ahead, for a rate and for a budget.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from apps.sampling.engine.forecasts import Cases, at_a_budget, at_a_rate
from apps.sampling.engine.pacing import replay
from apps.sampling.engine.traffic import DAY, HOUR, Floats, Ints, local, weekday
from tests.benchmarks.harness import print_table

ZONE = ZoneInfo("Europe/Berlin")
HISTORY = 28
DAYS = 112
SPIKE, SPIKE_DAY = 8.0, 50
SHIFT, SHIFT_DAY = 1.7, 80
NOISE = 0.15
BUDGETS = (20.0, 100.0, 400.0)
BY_HOUR = np.array([3, 2, 2, 2, 3, 5, 9, 16, 24, 28, 29, 27, 23, 25, 26, 24, 20, 16, 12, 10, 9, 8, 6, 4], dtype=float)
BY_WEEKDAY = np.array([1.1, 1.05, 1.0, 1.0, 0.95, 0.5, 0.35])
AHEAD = 7


@dataclass(frozen=True)
class World:
    """Hours of one model, and Σ shape of what came in each."""

    hours: Ints
    mass: Floats

    @property
    def day(self) -> Ints:
        clock = local(self.hours, ZONE) // DAY
        return np.asarray(clock - clock[0])

    def by_day(self, each: Floats) -> Floats:
        return np.bincount(self.day, each)


@dataclass(frozen=True)
class Shape:
    """What a policy looks for: a share of the predictions, and the mean and spread of its shape over them."""

    name: str
    share: float = 1.0
    mean: float = 1.0
    sd: float = 0.0


# Uncertainty: 4 s (1 − s) of scores from Beta(1, 6), by simulation with 10⁷ scores
SHAPES = (Shape("all"), Shape("1 in 500", share=1 / 500), Shape("uncertainty", mean=0.4285, sd=0.2881))


def run(arguments: list[str]) -> dict[str, float | int | str]:
    """Run with `quick` for a tenth of the models."""
    seeds = range(1 if "quick" in arguments else 4)
    rows = [_paced(shape, budget, seeds) for shape in SHAPES for budget in BUDGETS]
    print_table(rows)
    at_rates, at_budgets = zip(*(_forecast(season, seeds) for season in (0.1, 0.3, 0.5)), strict=True)
    return {
        "within": float(np.mean([row["within"] for row in rows])),
        "within_by_chance_alone": float(np.mean([row["by chance alone"] for row in rows])),
        "within_of_20_a_day": float(np.mean([row["within"] for row in rows if row["budget"] == 20])),
        "within_of_20_by_chance_alone": float(np.mean([row["by chance alone"] for row in rows if row["budget"] == 20])),
        "worst_day": float(max(row["worst day"] for row in rows)),
        "worst_day_fixed_rate": float(max(row["worst, fixed rate"] for row in rows)),
        "forecast_within": float(np.mean(at_rates)),
        "forecast_within_worst_model": float(min(at_rates)),
        "budget_forecast_within": float(np.mean(at_budgets)),
    }


def _paced(shape: Shape, budget: float, seeds: range) -> dict[str, float | str]:
    """Draw some months under a budget; beside it, with the rate of the last seven days, and by chance alone."""
    within, chance, ratios, worst, fixed = [], [], [], [], []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        # The spike lasts all day, or begins at ten.
        world = _world(rng, shape, spike_from=(0, 10)[seed % 2])
        start = int(np.searchsorted(world.day, HISTORY))
        factors = np.append(np.zeros(start), replay(budget, world.hours, world.mass, start=start, zone=ZONE))
        expected = world.by_day(factors * world.mass)[HISTORY:]
        there = np.minimum(budget, world.by_day(world.mass)[HISTORY:])
        within += list(np.abs(rng.poisson(expected) - there) <= 0.2 * there + np.sqrt(there))
        chance += list(np.abs(rng.poisson(there) - there) <= 0.2 * there + np.sqrt(there))
        ratios += list(expected / there)
        worst.append(expected[SPIKE_DAY - HISTORY] / budget)
        fixed.append(_fixed(world, budget)[SPIKE_DAY - HISTORY] / budget)
    low, high = np.quantile(ratios, (0.05, 0.95))
    return {
        "shape": shape.name,
        "budget": budget,
        "within": float(np.mean(within)),
        "by chance alone": float(np.mean(chance)),
        "p5 of expected": float(low),
        "p95": float(high),
        "worst day": float(max(worst)),
        "worst, fixed rate": float(max(fixed)),
    }


def _fixed(world: World, budget: float) -> Floats:
    """Return each day's expected draws at the rate that would have spent the budget in the seven days before it."""
    mass = world.by_day(world.mass)
    return np.array([budget * mass[day] / mass[day - 7 : day].mean() for day in range(HISTORY, DAYS)])


def _world(rng: np.random.Generator, shape: Shape, *, spike_from: int = 0, season: float = 0.0) -> World:
    start = int(datetime(2026, 1, 5, tzinfo=ZONE).astimezone(UTC).timestamp())
    hours = np.arange(start, start + DAYS * DAY, HOUR)
    clock = local(hours, ZONE)
    day, hour = (clock - clock[0]) // DAY, clock % DAY // HOUR
    rate = 400_000 * BY_HOUR[hour] / BY_HOUR.sum() * BY_WEEKDAY[weekday(clock // DAY)]
    rate *= rng.lognormal(0, NOISE, DAYS + 1)[day] * rng.lognormal(0, NOISE, len(hours))
    rate *= 1 + season * np.sin(2 * np.pi * (day / 365 + rng.random()))
    rate *= np.where((day == SPIKE_DAY) & (hour >= spike_from), SPIKE, 1.0)
    if not season:
        rate *= np.where(day >= SHIFT_DAY, SHIFT, 1.0)
    matched = rng.poisson(shape.share * rate)
    mass = shape.mean * matched + shape.sd * np.sqrt(matched) * rng.normal(size=len(matched))
    kept = day < DAYS
    return World(hours[kept], np.maximum(mass, 0.0)[kept])


def _forecast(season: float, seeds: range) -> tuple[float, float]:
    """Return how often the days of a model with this yearly season lie in their forecasts' ranges."""
    rates, budgets = [], []
    for seed in seeds:
        rng = np.random.default_rng(100 + seed)
        for shape in SHAPES:
            world = _world(rng, shape, season=season)
            mass, first = world.by_day(world.mass), int(local(world.hours[:1], ZONE)[0] // DAY)
            factor = 60 / mass[:HISTORY].mean()
            drawn = rng.poisson(factor * mass)
            start = int(np.searchsorted(world.day, HISTORY))
            paced = np.append(np.zeros(start), replay(60, world.hours, world.mass, start=start, zone=ZONE))
            spent = rng.poisson(world.by_day(paced * world.mass))
            for day, past, ahead in _moving(first):
                seen = mass[day - HISTORY : day]
                rates += _inside(at_a_rate(past, seen, ahead=ahead, factor=factor), drawn[day:])
                budgets += _inside(at_a_budget(60, past, seen, ahead=ahead), spent[day:])
    return float(np.mean(rates)), float(np.mean(budgets))


def _moving(first: int) -> Iterator[tuple[int, Ints, Ints]]:
    for day in range(HISTORY, DAYS - AHEAD + 1):
        yield day, first + np.arange(day - HISTORY, day), first + np.arange(day, day + AHEAD)


def _inside(forecast: list[Cases], drawn: Floats) -> list[bool]:
    return [each.low <= cases <= each.high for each, cases in zip(forecast, drawn, strict=False)]
