"""Measure the coverage and width of intervals on simulated populations with known truth, many draws each.

For each population, size and metric, the table shows the share of intervals that contain the truth and their mean
width, beside simple random samples of the same size with Wilson's interval (DeLong's for AUC, t for value).
Populations and metrics: `tests/oracles/populations.py`. Arguments: `--replicates 500`, `--only rare`, `--size 500`.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from apps.stats.arrays import FloatArray, IntArray
from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.confusion import confusion_of, evaluate
from apps.stats.estimators.ranking import roc_auc
from apps.stats.intervals import LEVEL, wilson_interval
from tests.benchmarks.harness import print_table
from tests.oracles.populations import AMOUNTS, FLOOR, KINDS, N, Simulated, simulated

SIZES = (100, 500, 2_000)
REPLICATES = 500
METRICS = ("accuracy", "precision", "recall", "f1", "auc", "value")
HIDDEN = "hidden"
SEED = 11

Interval = tuple[float, float]


@dataclass(frozen=True)
class Cell:
    """One population, size and metric."""

    kind: str
    n: int
    metric: str
    coverage: float
    width: float
    random_coverage: float
    random_width: float

    @property
    def row(self) -> Mapping[str, object]:
        return {
            "population": self.kind,
            "n": self.n,
            "metric": self.metric,
            "coverage %": f"{100 * self.coverage:.1f}",
            "width": self.width,
            "random: coverage %": f"{100 * self.random_coverage:.1f}",
            "random: width": self.random_width,
            "width / random": self.width / self.random_width,
        }


def run(arguments: list[str]) -> dict[str, float | int | str]:
    options = _parse(arguments)
    cells = list(measure(options.only or KINDS, options.size or SIZES, replicates=options.replicates))
    print_table([cell.row for cell in cells])
    judged = [cell.coverage for cell in cells if cell.kind != HIDDEN]
    widths = {
        f"width_{cell.kind}_accuracy": round(cell.width / cell.random_width, 3)
        for cell in cells
        if cell.n == 500 and cell.metric == "accuracy" and cell.kind != HIDDEN
    }
    return {"replicates": options.replicates, "coverage_min": round(min(judged), 4) if judged else "none", **widths}


def measure(kinds: tuple[str, ...], sizes: tuple[int, ...], *, replicates: int) -> Iterator[Cell]:
    """Compute the cells of the table."""
    for kind in kinds:
        world = simulated(kind)
        truth = truths(world)
        for n in sizes:
            drawn, random = draws(world, n, replicates), random_samples(world, n, replicates)
            for metric in METRICS:
                covered, width = _hits(drawn[metric], truth[metric])
                random_covered, random_width = _hits(random[metric], truth[metric])
                yield Cell(kind, n, metric, covered, width, random_covered, random_width)


def truths(world: Simulated) -> dict[str, float]:
    """Compute the true figures of the whole population."""
    table = confusion_of(world.predicted, world.truth)
    auc = roc_auc(world.score, world.truth)
    assert auc is not None
    return {
        **{metric: evaluate(metric, table) for metric in ("accuracy", "precision", "recall", "f1")},
        "auc": auc,
        "value": float(AMOUNTS.of_rows(world.predicted, world.truth, world.amount).mean()),
    }


def draws(world: Simulated, n: int, replicates: int) -> dict[str, list[Interval]]:
    """Estimate intervals from draws with the recommended probabilities, of which a share `FLOOR` is random."""
    p = world.probabilities(n)
    population, rng = world.population(p), np.random.default_rng(SEED)
    population = replace(population, sum_chance=population.n * FLOOR * n / N)
    intervals: dict[str, list[Interval]] = {metric: [] for metric in METRICS}
    for _ in range(replicates):
        estimator = BinaryEstimator(population, world.sample(p, rng))
        for metric in METRICS:
            figure = estimator.mean_value(AMOUNTS) if metric == "value" else estimator.estimate(metric)
            # A missing figure counts as the interval of all possible values.
            low, high = (figure.low, figure.high) if figure.value is not None else _everything(world, metric)
            assert low is not None
            assert high is not None
            intervals[metric].append((low, high))
    return intervals


def random_samples(world: Simulated, n: int, replicates: int) -> dict[str, list[Interval]]:
    """Compute intervals of simple random samples: Wilson for proportions, DeLong for AUC, t for value."""
    rng = np.random.default_rng(SEED)
    intervals: dict[str, list[Interval]] = {metric: [] for metric in METRICS}
    money = AMOUNTS.of_rows(world.predicted, world.truth, world.amount)
    for _ in range(replicates):
        rows = rng.choice(N, n, replace=False)
        table = confusion_of(world.predicted[rows], world.truth[rows])
        intervals["accuracy"].append(wilson_interval(table.tp + table.tn, n))
        intervals["precision"].append(_wilson(table.tp, table.tp + table.fp))
        intervals["recall"].append(_wilson(table.tp, table.tp + table.fn))
        # F1 = 2J/(1 + J) increases with J = tp/(tp + fp + fn), which is a proportion.
        low, high = _wilson(table.tp, table.tp + table.fp + table.fn)
        intervals["f1"].append((2 * low / (1 + low), 2 * high / (1 + high)))
        intervals["auc"].append(_delong(world.score[rows], world.truth[rows]))
        intervals["value"].append(_t(money[rows]))
    return intervals


def _wilson(successes: float, n: float) -> Interval:
    return wilson_interval(successes, n) if n else (0.0, 1.0)


def _t(values: FloatArray) -> Interval:
    half = float(stats.t.ppf((1 + LEVEL) / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))
    return float(values.mean()) - half, float(values.mean()) + half


def _delong(score: FloatArray, truth: IntArray) -> Interval:
    """Compute the interval of DeLong, DeLong and Clarke-Pearson (1988), with a t quantile from the smaller group."""
    positive, negative = np.sort(score[truth == 1]), np.sort(score[truth == 0])
    if min(len(positive), len(negative)) < 2:
        return 0.0, 1.0
    of_positive, of_negative = _shares_below(negative, positive), 1 - _shares_below(positive, negative)
    variance = of_positive.var(ddof=1) / len(positive) + of_negative.var(ddof=1) / len(negative)
    q = stats.t.ppf((1 + LEVEL) / 2, min(len(positive), len(negative)) - 1)
    value, half = float(of_positive.mean()), float(q * np.sqrt(variance))
    return max(0.0, value - half), min(1.0, value + half)


def _shares_below(ordered: FloatArray, values: FloatArray) -> FloatArray:
    sides: tuple[Callable[[], IntArray], ...] = (
        lambda: np.searchsorted(ordered, values, side="left"),
        lambda: np.searchsorted(ordered, values, side="right"),
    )
    left, right = (side() for side in sides)
    return np.asarray((left + right) / (2 * len(ordered)), dtype=np.float64)


def _everything(world: Simulated, metric: str) -> Interval:
    if metric != "value":
        return 0.0, 1.0
    largest = float(np.abs(AMOUNTS.matrix).max() * world.amount.mean())
    return -largest, largest


def _hits(intervals: list[Interval], truth: float) -> tuple[float, float]:
    ends = np.array(intervals)
    covered = (ends[:, 0] <= truth) & (truth <= ends[:, 1])
    return float(covered.mean()), float((ends[:, 1] - ends[:, 0]).mean())


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run.sh bench coverage")
    parser.add_argument("--replicates", type=int, default=REPLICATES)
    parser.add_argument("--only", choices=KINDS, action="append")
    parser.add_argument("--size", type=int, action="append")
    return parser.parse_args(arguments)
