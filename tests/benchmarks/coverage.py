"""Measure the coverage and width of intervals on simulated populations with known truth, many draws each.

For each population, policy, size and metric, the table shows the share of intervals that contain the truth and their
mean width, the same for the figures that stand, and beside them the widths before (`coverage_before.csv`) and those of
simple random samples of the same size with Wilson's interval (DeLong's for AUC, t for value). A missing figure counts
as the interval of all possible values. Populations and policies: `tests/oracles/populations.py`.
Arguments: `--replicates 500`, `--only rare`, `--policy amount`, `--size 300`, `--save FILE`.
"""

import argparse
import csv
import multiprocessing
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import median

import numpy as np
from scipy import stats

from apps.stats.arrays import FloatArray, IntArray
from apps.stats.estimate import Estimate
from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.confusion import confusion_of, evaluate
from apps.stats.estimators.ranking import roc_auc
from apps.stats.intervals import LEVEL, wilson_interval
from tests.benchmarks.harness import print_table
from tests.oracles.populations import AMOUNTS, KINDS, POLICIES, N, Simulated, simulated

SIZES = (100, 300, 1_000)
REPLICATES = 2_000
METRICS = ("accuracy", "precision", "recall", "f1", "auc", "value")
#: The policies people set by hand; the recommended draws, made for these metrics, are measured on request.
JUDGED = ("uniform", "uncertainty", "amount")
#: Populations whose errors the score hides: only the random floor finds them.
UNSEEN = ("hidden", "sure_and_wrong")
SEED = 11
#: Coverage and mean widths at commit 2a498ea, for the same populations, policies and seeds. To make them again, take
#: this file and `populations.py` there, leave out `chance` and `score_bins`, and run with `--save`.
BEFORE = Path(__file__).with_name("coverage_before.csv")
#: Judge the figures that stand where at least this share does, and the widths where intervals were wide enough before.
LEAST_STANDING, WIDE_ENOUGH = 0.2, 0.93

Interval = tuple[float, float]
#: Population, policy, size and metric.
Key = tuple[str, str, int, str]


@dataclass(frozen=True)
class Measured:
    """Coverage and mean width of the intervals of one population, policy, size and metric.

    `standing` is the share of the figures that stand, `standing_coverage` the coverage of those, nan without any.
    """

    coverage: float
    width: float
    standing: float
    standing_coverage: float


Table = Mapping[Key, Measured]


def run(arguments: list[str]) -> dict[str, float | int | str]:
    options = _parse(arguments)
    kinds, policies, sizes = options.only or KINDS, options.policy or JUDGED, options.size or SIZES
    cells = measure(kinds, policies, sizes, replicates=options.replicates)
    random = measure(kinds, ("random",), sizes, replicates=options.replicates)
    if options.save:
        save(cells, options.save)
    before = stored(BEFORE)
    print_table([_row(key, cell, before=before.get(key), random=random) for key, cell in cells.items()])
    return {"replicates": options.replicates, **judged(cells, before)}


def judged(cells: Table, before: Mapping[Key, tuple[float, float]]) -> dict[str, float | str]:
    """Reduce the table to the figures that must hold."""
    seen = [cell.coverage for (kind, *_), cell in cells.items() if kind not in UNSEEN]
    unseen = {
        f"unseen_{metric}_min": _least(
            cell.coverage for key, cell in cells.items() if key[0] in UNSEEN and key[3] == metric
        )
        for metric in ("accuracy", "precision")
    }
    standing = [cell for cell in cells.values() if cell.standing >= LEAST_STANDING]
    ratios = [
        cells[key].width / width for key, (covered, width) in before.items() if key in cells and covered >= WIDE_ENOUGH
    ]
    return {
        "coverage_min": _least(seen),
        **unseen,
        "standing_min": _least(cell.standing_coverage for cell in standing),
        "standing_share": round(float(np.mean([cell.standing for cell in cells.values()])), 4),
        "width_median": round(median(ratios), 3) if ratios else "none",
        "width_max": round(max(ratios), 3) if ratios else "none",
    }


def measure(
    kinds: Iterable[str],
    policies: Iterable[str],
    sizes: Iterable[int],
    *,
    replicates: int,
    processes: int | None = None,
) -> dict[Key, Measured]:
    """Compute the cells of the table, by default in as many processes as there are cores."""
    draws = [(kind, policy, n, replicates) for kind, policy, n in product(kinds, policies, sizes)]
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(processes or os.cpu_count(), mp_context=context) as pool:
        return {
            (kind, policy, n, metric): cell
            for (kind, policy, n, _), cells in zip(draws, pool.map(_measure, draws), strict=True)
            for metric, cell in cells.items()
        }


def _measure(draw: tuple[str, str, int, int]) -> dict[str, Measured]:
    kind, policy, n, replicates = draw
    world = simulated(kind)
    truth = truths(world)
    # Each population, policy and size has draws of its own, the same whatever else is measured.
    rng = np.random.default_rng([SEED, KINDS.index(kind), ("random", *POLICIES).index(policy), n])
    if policy == "random":
        intervals = random_samples(world, n, replicates, rng)
        stands = dict.fromkeys(METRICS, [True] * replicates)
    else:
        figures = draws_of(world, policy, n, replicates, rng)
        intervals = {metric: [_ends(figure, world, metric) for figure in column] for metric, column in figures.items()}
        stands = {
            metric: [figure.value is not None and figure.code != "preliminary" for figure in column]
            for metric, column in figures.items()
        }
    return {metric: _measured(intervals[metric], stands[metric], truth[metric]) for metric in METRICS}


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


def draws_of(
    world: Simulated, policy: str, n: int, replicates: int, rng: np.random.Generator
) -> dict[str, list[Estimate]]:
    """Estimate each metric from many draws with the probabilities of a policy."""
    p = world.probabilities(n, policy)
    population, draw = world.population(p, chance=world.chance(n, policy)), PoissonDraw(p)
    figures: dict[str, list[Estimate]] = {metric: [] for metric in METRICS}
    for _ in range(replicates):
        rows = draw.rows(rng)
        items = world.items(rows, p, label=world.truth[rows])
        estimator = BinaryEstimator(population, items)
        for metric in METRICS:
            figures[metric].append(estimator.mean_value(AMOUNTS) if metric == "value" else estimator.estimate(metric))
    return figures


class PoissonDraw:
    """Independent draws in a time that grows with their size only.

    A Poisson process with rate −log(1−p) for each prediction hits it at least once with probability p.
    """

    def __init__(self, p: FloatArray) -> None:
        self.cumulative = np.cumsum(-np.log1p(-np.minimum(p, 1 - 1e-12)))

    def rows(self, rng: np.random.Generator) -> IntArray:
        total = self.cumulative[-1]
        hits = rng.random(rng.poisson(total)) * total
        return np.unique(np.searchsorted(self.cumulative, hits, side="right"))


def random_samples(world: Simulated, n: int, replicates: int, rng: np.random.Generator) -> dict[str, list[Interval]]:
    """Compute intervals of simple random samples: Wilson for proportions, DeLong for AUC, t for value."""
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


def _ends(figure: Estimate, world: Simulated, metric: str) -> Interval:
    if figure.value is None:
        return _everything(world, metric)
    assert figure.low is not None
    assert figure.high is not None
    return figure.low, figure.high


def _measured(intervals: list[Interval], stands: list[bool], truth: float) -> Measured:
    ends, standing = np.array(intervals), np.array(stands)
    covered = (ends[:, 0] <= truth) & (truth <= ends[:, 1])
    return Measured(
        coverage=float(covered.mean()),
        width=float((ends[:, 1] - ends[:, 0]).mean()),
        standing=float(standing.mean()),
        standing_coverage=float(covered[standing].mean()) if standing.any() else float("nan"),
    )


def save(cells: Table, path: Path) -> None:
    """Store coverage and mean width of each cell, to compare later ones with."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["population", "policy", "n", "metric", "coverage", "width"])
        writer.writerows([*key, f"{cell.coverage:.4f}", f"{cell.width:.6g}"] for key, cell in cells.items())


def stored(path: Path) -> dict[Key, tuple[float, float]]:
    """Read coverage and mean width of each cell as stored by `save`."""
    with path.open(newline="") as file:
        return {
            (row["population"], row["policy"], int(row["n"]), row["metric"]): (
                float(row["coverage"]),
                float(row["width"]),
            )
            for row in csv.DictReader(file)
        }


def _row(key: Key, cell: Measured, *, before: tuple[float, float] | None, random: Table) -> Mapping[str, object]:
    kind, policy, n, metric = key
    alike = random[kind, "random", n, metric]
    covered, width = before or (float("nan"), float("nan"))
    return {
        "population": kind,
        "policy": policy,
        "n": n,
        "metric": metric,
        "coverage %": f"{100 * cell.coverage:.1f}",
        "width": cell.width,
        "standing %": f"{100 * cell.standing:.0f}",
        "their coverage %": f"{100 * cell.standing_coverage:.1f}",
        "before: coverage %": f"{100 * covered:.1f}",
        "width / before": cell.width / width,
        "random: coverage %": f"{100 * alike.coverage:.1f}",
        "width / random": cell.width / alike.width,
    }


def _least(shares: Iterable[float]) -> float | str:
    values = list(shares)
    return round(min(values), 4) if values else "none"


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run.sh bench coverage")
    parser.add_argument("--replicates", type=int, default=REPLICATES)
    parser.add_argument("--only", choices=KINDS, action="append")
    parser.add_argument("--policy", choices=POLICIES, action="append")
    parser.add_argument("--size", type=int, action="append")
    parser.add_argument("--save", type=Path)
    return parser.parse_args(arguments)
