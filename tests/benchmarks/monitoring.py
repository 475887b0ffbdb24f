"""Measure false alarms of quiet models and the days until planted drift is found; simulated, no site is started.

Models: `tests/oracles/monitored_models.py`. Quiet ones have seasons, weekends, growth, spikes, holidays, batches, and
customers who come and go.
Every alert of any series or figure counts as false. Drift is planted on a day of the seventh week (`SIZES` has what
each size means); with outcomes 7 to 14 days late, figures are judged on days whose outcomes are all known, 14 days
after.
Arguments: `--quiet 30`, `--planted 16`, `--seed 1`.
"""

import argparse
import os
import statistics
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from apps.stats.arrays import FloatArray, IntArray
from apps.stats.delay.expected_right import ExpectedRight, fit_expected_right
from apps.stats.drift.bins import CategoryBins
from apps.stats.drift.changes import find_changes
from apps.stats.drift.distances import population_stability_index
from apps.stats.drift.figure_changes import FigureChange, find_figure_changes
from apps.stats.drift.histograms import Histogram
from tests.benchmarks.harness import print_table
from tests.oracles.monitored_models import SCORE_CELLS, SEGMENTS, Flip, Model, Rows, Tamper, cells, simulated_model

WEEKS = 26
#: The customary rule, for comparison; its alerts are not ours.
BASELINE = "weeks × series with PSI > 0.1 against the first four weeks (baseline)"
PLANTED_ON, RUN_ON = 42, 28
#: Days until the last outcome of a day is known.
LATE = 14
#: Days within which drift of a size counts as found.
WITHIN = {"large": 7, "medium": 21, "small": 21}
REFERENCE_DAYS = 28
SLICE = 2  # 15 % of the traffic

SIZES = {
    ("input", "large"): "a group of 8 % makes up 97 % for 8 days",
    ("input", "medium"): "two numbers move by .5 sd, or a category by 15 points",
    ("input", "small"): "two numbers move by .2 sd, or a category by 6 points",
    ("concept", "large"): "accuracy falls by 16 points",
    ("concept", "medium"): "accuracy falls by 8 points",
    ("concept", "small"): "accuracy falls by 4 points",
    ("slice", "large"): "accuracy falls by 40 points in 15 % of the traffic",
    ("slice", "medium"): "accuracy falls by 25 points in 15 % of the traffic",
    ("slice", "small"): "accuracy falls by 12 points in 15 % of the traffic",
    ("broken", "large"): "a feature is constant, missing, or in a unit of 1/100",
    ("broken", "medium"): "30 % of a feature's rows are missing, or in a unit of 1/100",
    ("broken", "small"): "10 % of a feature's rows are missing, or in a unit of 1/100",
}


@dataclass(frozen=True)
class Watched:
    """The counts of a model by day, as a service would keep them."""

    histograms: Mapping[str, IntArray]
    n: FloatArray  # (days, all and segments)
    right: FloatArray
    cell_counts: FloatArray  # (days, groups, cells)
    earlier: tuple[IntArray, IntArray]  # cells and right decisions of the reference's rows
    p_right: FloatArray  # (days,)


@dataclass(frozen=True)
class Plant:
    """What is changed from a day on, and where it should show."""

    series: frozenset[str]
    tamper: Tamper | None = None
    flip: Flip | None = None
    on: int = PLANTED_ON
    days: int = RUN_ON


def run(arguments: list[str]) -> dict[str, float | int | str]:
    parser = argparse.ArgumentParser(prog="./run.sh bench monitoring")
    parser.add_argument("--quiet", type=int, default=30)
    parser.add_argument("--planted", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with ProcessPoolExecutor(2) as pool:
        quiet = pool.map(false_alerts, [(asked.seed, one) for one in range(asked.quiet)])
        plan = [(asked.seed, *cell, one) for one in range(asked.planted) for cell in SIZES]
        planted = list(zip(plan, pool.map(days_until_found, plan), strict=True))
        expected = list(pool.map(expectation, [(asked.seed, one) for one in range(asked.planted)]))
        alerts = list(quiet)
    years = asked.quiet * WEEKS * 7 / 365
    print_table(
        [
            {"alerts of quiet models": name, "a model-year": sum(one[name] for one in alerts) / years}
            for name in alerts[0]
        ]
    )
    by_cell = {cell: [found for (_, *of_cell, _), found in planted if tuple(of_cell) == cell] for cell in SIZES}
    print_table([_row(*cell, days) for cell, days in by_cell.items()])
    figures: dict[str, float | int | str] = {}
    for size in ("large", "medium", "small"):
        days = [found for cell, of_cell in by_cell.items() if cell[1] == size for found in of_cell]
        share, median = _summary(days, WITHIN[size])
        figures |= {f"found_{size}": round(share, 3), f"days_{size}": median}
    off = max(abs(one[0]) for one in expected if one[0] is not None)
    return {
        "seed": asked.seed,
        "false_per_model_year": round(sum(sum(one.values()) - one[BASELINE] for one in alerts) / years, 2),
        **figures,
        "expected_off": round(off, 4),
        "valid_share": round(statistics.mean(one[0] is not None for one in expected), 2),
        "not_valid_found": round(statistics.mean(one[1] for one in expected), 2),
    }


def false_alerts(which: tuple[int, int]) -> dict[str, int]:
    """Count the alerts of a quiet model over half a year."""
    rng = np.random.default_rng([*which, 1])
    volume = float(np.exp(rng.uniform(np.log(200), np.log(5_000))))
    model = simulated_model(rng, days=7 * WEEKS, rows_a_day=volume, features=int(rng.integers(8, 41)))
    watched = watch(model, rng)
    return {
        BASELINE: _weeks_above(watched.histograms),
        "data": len(find_changes(watched.histograms, model.weekday)),
        "figures": len(find_figure_changes(watched.n, watched.right, weekday=model.weekday)),
        "figures less expected": len(_against_expected(watched, model)),
    }


def _weeks_above(histograms: Mapping[str, IntArray]) -> int:
    alerts = 0
    for counts in histograms.values():
        bins = CategoryBins(tuple(str(place) for place in range(counts.shape[1] - 2)))
        weeks = counts.reshape(WEEKS, 7, -1).sum(axis=1)
        before = Histogram(bins, weeks[:4].sum(axis=0))
        effects = [population_stability_index(before, Histogram(bins, week)).effect for week in weeks[4:]]
        alerts += sum(effect is not None and effect > 0.1 for effect in effects)
    return alerts


def days_until_found(which: tuple[int, str, str, int]) -> int | None:
    """Plant drift in a model, and return the days until it is found, from when its rows or outcomes can be known."""
    seed, place, size, one = which
    rng = np.random.default_rng([seed, one, 2])
    volume = float(np.exp(rng.uniform(np.log(250), np.log(1_000))))
    model = simulated_model(
        rng, days=PLANTED_ON + 7 + RUN_ON, rows_a_day=volume, features=int(rng.integers(8, 21)), is_calm=True
    )
    plant = replace(PLACES[place](model, size, one), on=PLANTED_ON + one % 7)
    watched = watch(model, rng, plant=plant)
    if place in ("input", "broken"):
        found = [each.found for each in find_changes(watched.histograms, model.weekday) if each.series in plant.series]
    else:
        group = 0 if place == "concept" else 1 + SLICE
        found = [each.found for each in _against_expected(watched, model) if each.group == group]
    after = [day - plant.on + 1 for day in found if day >= plant.on]
    return min(after, default=None)


def watch(model: Model, rng: np.random.Generator, *, plant: Plant | None = None) -> Watched:
    """Count a model day by day."""
    histograms: dict[str, list[IntArray]] = {name: [] for name in model.bins}
    n, right = np.zeros((model.days, 1 + SEGMENTS)), np.zeros((model.days, 1 + SEGMENTS))
    cell_counts, p_right = np.zeros((model.days, 1 + SEGMENTS, SCORE_CELLS)), np.zeros(model.days)
    earlier: list[Rows] = []
    for day in range(model.days):
        is_on = plant is not None and 0 <= day - plant.on < plant.days
        rows = model.rows(day, rng, tamper=plant.tamper, flip=plant.flip) if plant and is_on else model.rows(day, rng)
        for name, counts in model.histograms(rows).items():
            histograms[name].append(counts)
        segment, cell = rows.codes[0], cells(rows)
        for group in range(1 + SEGMENTS):
            inside = np.ones(len(segment), dtype=bool) if group == 0 else segment == group - 1
            n[day, group], right[day, group] = inside.sum(), rows.right[inside].sum()
            cell_counts[day, group] = np.bincount(cell[inside], minlength=SCORE_CELLS)
        p_right[day] = rows.p_right.mean()
        if day < REFERENCE_DAYS:
            earlier.append(rows)
    reference = np.concatenate([cells(rows) for rows in earlier]), np.concatenate([rows.right for rows in earlier])
    counted = {name: np.stack(counts) for name, counts in histograms.items()}
    return Watched(counted, n, right, cell_counts, reference, p_right)


def _against_expected(watched: Watched, model: Model) -> Sequence[FigureChange]:
    frozen = fit_expected_right(*watched.earlier, count=SCORE_CELLS)
    assert frozen.mean is not None
    expected = np.minimum(watched.cell_counts @ frozen.mean, watched.n)
    return find_figure_changes(watched.n, watched.right, expected, weekday=model.weekday)


def expectation(which: tuple[int, int]) -> tuple[float | None, bool]:
    """Return expected less true share after the mix moved, and whether a reference that does not hold is refused."""
    rng = np.random.default_rng([*which, 3])
    volume = float(np.exp(rng.uniform(np.log(250), np.log(1_000))))
    model = simulated_model(rng, days=56, rows_a_day=volume, features=int(rng.integers(8, 21)), is_calm=True)
    earlier = [model.rows(day, rng) for day in range(REFERENCE_DAYS)]
    frozen = _frozen(earlier)
    later = [model.rows(day, rng, tamper=_shift(model, 1.0)) for day in range(REFERENCE_DAYS, 56)]
    expected = frozen.of(np.bincount(np.concatenate([cells(rows) for rows in later]), minlength=SCORE_CELLS)).value
    true = float(np.concatenate([rows.p_right for rows in later]).mean())
    broken = earlier[:14] + [model.rows(day, rng, flip=_flips(0.12)) for day in range(14, 28)]
    return None if expected is None else expected - true, _frozen(broken).code == "not_calibrated"


def _frozen(earlier: Sequence[Rows]) -> ExpectedRight:
    return fit_expected_right(
        np.concatenate([cells(rows) for rows in earlier]),
        np.concatenate([rows.right for rows in earlier]),
        count=SCORE_CELLS,
    )


def _input(model: Model, size: str, one: int) -> Plant:
    derived = {"score", "predicted"}
    if size == "large":
        return Plant(frozenset({"category 0", *derived}), tamper=_grown(4, 0.97), days=8)
    if one % 2:
        code, points = (SLICE, 0)[one // 2 % 2], 0.15 if size == "medium" else 0.06  # of 15 % or 40 %
        return Plant(
            frozenset({"category 0", *derived}),
            tamper=_grown(code, float(model.shares[0][code]) + points),
        )
    moved = frozenset({"number 0", "number 1", *derived})
    return Plant(moved, tamper=_shift(model, 0.5 if size == "medium" else 0.2))


def _grown(code: int, share: float) -> Tamper:
    """Let other rows take this category, so that it holds this share."""

    def tamper(model: Model, numbers: FloatArray, codes: IntArray, rng: np.random.Generator) -> None:
        usual = float(model.shares[0][code])
        codes[0, rng.random(codes.shape[1]) < (share - usual) / (1 - usual)] = code

    return tamper


def _shift(model: Model, sd: float) -> Tamper:
    scale = np.array([np.nanstd(row) for row in model.rows(0, np.random.default_rng(0), n=2_000).numbers[:2]])

    def tamper(model: Model, numbers: FloatArray, codes: IntArray, rng: np.random.Generator) -> None:
        numbers[:2] += sd * scale[:, None]

    return tamper


def _concept(model: Model, size: str, one: int) -> Plant:
    drop = {"large": 0.16, "medium": 0.08, "small": 0.04}[size]
    return Plant(frozenset(), flip=_flips(_flipped(model, drop)))


def _slice(model: Model, size: str, one: int) -> Plant:
    drop = {"large": 0.40, "medium": 0.25, "small": 0.12}[size]
    return Plant(frozenset(), flip=_flips(_flipped(model, drop, code=SLICE), code=SLICE))


def _flipped(model: Model, drop: float, code: int | None = None) -> float:
    """Return the share of truths to flip for accuracy to fall by so much: by (2a − 1)·share."""
    rows = model.rows(0, np.random.default_rng(0), n=20_000)
    accuracy = rows.p_right[slice(None) if code is None else rows.codes[0] == code].mean()
    return float(min(1.0, drop / (2 * accuracy - 1)))


def _flips(share: float, code: int | None = None) -> Flip:
    def flip(segment: IntArray, p_true: FloatArray) -> FloatArray:
        flipped = share * (1 - p_true) + (1 - share) * p_true
        return flipped if code is None else np.where(segment == code, flipped, p_true)

    return flip


def _broken(model: Model, size: str, one: int) -> Plant:
    share = {"large": 1.0, "medium": 0.3, "small": 0.1}[size]
    way = one % 3 if size == "large" else one % 2

    def tamper(model: Model, numbers: FloatArray, codes: IntArray, rng: np.random.Generator) -> None:
        rows = rng.random(numbers.shape[1]) < share
        if way == 0:
            numbers[0, rows] = np.nan
        elif way == 1:
            numbers[0, rows] *= 100
        else:
            numbers[0, rows] = 0.5

    return Plant(frozenset({"number 0", "score", "predicted"}), tamper=tamper)


PLACES: Mapping[str, Callable[[Model, str, int], Plant]] = {
    "input": _input,
    "concept": _concept,
    "slice": _slice,
    "broken": _broken,
}


def _summary(days: Sequence[int | None], within: int) -> tuple[float, float | str]:
    found = [day for day in days if day is not None and day <= within]
    return len(found) / max(len(days), 1), statistics.median(found) if found else "none"


def _row(place: str, size: str, days: Sequence[int | None]) -> dict[str, object]:
    share, median = _summary(days, WITHIN[size])
    is_late = place in ("concept", "slice") and not isinstance(median, str)
    return {
        "drift": f"{place}, {size}",
        "planted": SIZES[place, size],
        "found %": f"{100 * share:.0f} within {WITHIN[size]} days",
        "days (median)": median,
        "after it began": median + LATE if is_late else median,
    }
