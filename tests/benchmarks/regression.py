"""Measure the coverage and width of intervals for the errors of predicted numbers, many draws each.

Populations: `tests/oracles/numeric_populations.py`. A figure that stands is not preliminary; one without a value
counts as a miss. Arguments: `--replicates 2000`, `--only growing`, `--policy uniform`, `--size 300`.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from apps.stats.estimate import Estimate
from apps.stats.estimators.number_losses import uncorrected_error
from tests.benchmarks.harness import print_table
from tests.oracles.numeric_populations import KINDS, POLICIES, numbers

SIZES = (300, 1_000)
REPLICATES = 2_000
METRICS = ("mae", "rmse", "bias", "r2")
#: The population and metrics that `coverage_min` judges.
JUDGED = ("growing", ("mae", "rmse"))
SEED = 11


@dataclass(frozen=True)
class Cell:
    """One population, policy, size and metric."""

    kind: str
    policy: str
    n: int
    metric: str
    coverage: float
    low_misses: float
    width: float
    standing_share: float
    standing: float

    @property
    def row(self) -> Mapping[str, object]:
        return {
            "population": self.kind,
            "policy": self.policy,
            "n": self.n,
            "metric": self.metric,
            "coverage %": f"{100 * self.coverage:.1f}",
            "range below truth %": f"{100 * self.low_misses:.1f}",
            "width": self.width,
            "stands %": f"{100 * self.standing_share:.0f}",
            "coverage % where it stands": f"{100 * self.standing:.1f}" if self.standing_share else "–",
        }


def run(arguments: list[str]) -> dict[str, float | int | str]:
    options = _parse(arguments)
    chosen = (options.only or KINDS, options.policy or POLICIES, options.size or SIZES)
    cells = list(measure(*chosen, replicates=options.replicates))
    print_table([cell.row for cell in cells])
    kind, metrics = JUDGED
    judged = [cell.coverage for cell in cells if cell.kind == kind and cell.metric in metrics]
    return {"replicates": options.replicates, "coverage_min": round(min(judged), 4) if judged else "none"}


def measure(kinds: Sequence[str], policies: Sequence[str], sizes: Sequence[int], *, replicates: int) -> Iterator[Cell]:
    """Compute the cells of the table."""
    for kind in kinds:
        world = numbers(kind)
        known = {"predicted": world.predicted, "truth": world.truth}
        truths = {metric: uncorrected_error(metric, **known).value or 0.0 for metric in METRICS}
        for policy in policies:
            for n in sizes:
                p = world.probabilities(policy, n)
                population, rng = world.population(p), np.random.default_rng(SEED)
                estimators = [world.estimator(population, p, rng) for _ in range(replicates)]
                for metric in METRICS:
                    figures = [estimator.estimate(metric) for estimator in estimators]
                    yield _cell((kind, policy, n, metric), figures, truths[metric])


def _cell(name: tuple[str, str, int, str], figures: list[Estimate], truth: float) -> Cell:
    low, high = (np.array([np.nan if end is None else end for end in ends]) for ends in _ends(figures))
    covered, stands = (low <= truth) & (truth <= high), np.array([figure.code != "preliminary" for figure in figures])
    return Cell(
        *name,
        coverage=float(covered.mean()),
        low_misses=float((high < truth).mean()),
        width=float(np.nanmean(high - low)),
        standing_share=float(stands.mean()),
        standing=float(covered[stands].mean()) if stands.any() else 0.0,
    )


def _ends(figures: list[Estimate]) -> tuple[list[float | None], list[float | None]]:
    return [figure.low for figure in figures], [figure.high for figure in figures]


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run.sh bench regression")
    parser.add_argument("--replicates", type=int, default=REPLICATES)
    parser.add_argument("--only", choices=KINDS, action="append")
    parser.add_argument("--policy", choices=POLICIES, action="append")
    parser.add_argument("--size", type=int, action="append")
    return parser.parse_args(arguments)
