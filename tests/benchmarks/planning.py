"""Compare planned ranges with those of the later labels, and the recommended draw with simple random sampling.

Every replicate is a model's life in small: 1,000 labels drawn uniformly, the expectation fitted on them, a plan for the
next window, its draw, its labels, its figures. `ratio_low` and `ratio_high` are the smallest and largest median of
realised/planned half-width over populations, sizes, draws and metrics. `width_recommended` is the geometric mean over
the metrics of the recommended draw's mean width over that of a simple random sample (Wilson's interval; t for value)
with 500 labels, on *rare*; `width_recommended_elsewhere` the larger one of the other populations, `worst_metric` the
largest single ratio. *hidden* fails where the score sees nothing: it is printed and not judged.
Arguments: `--replicates 60`, `--only rare`.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np
import pyarrow.parquet

from apps.demo.services.documents import MODEL_DOCUMENT
from apps.stats.arrays import FloatArray, IntArray, sum_by
from apps.stats.design.binary_expectation import VALUE, BinaryExpectation
from apps.stats.design.expectation import by_cell, cells_of
from apps.stats.design.planning import Plan
from apps.stats.design.recommendation import recommend
from apps.stats.estimate import Estimate
from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.confusion import confusion_of
from apps.stats.estimators.population import Population
from apps.stats.estimators.value import ValueMatrix
from apps.stats.intervals import LEVEL, t_quantile, wilson_interval
from config.local.state import PROJECT_ROOT
from tests.benchmarks.coverage import PoissonDraw
from tests.benchmarks.harness import print_table
from tests.oracles.populations import AMOUNTS, FLOOR, Simulated, simulated

KINDS = ("acs", "balanced", "rare", "hidden")
UNJUDGED = "hidden"
DRAWS = ("uniform", "uncertainty", "recommended")
METRICS = ("accuracy", "precision", "recall", VALUE)
SIZES = (300, 1_000)
WIDTHS_AT = 500
EARLIER = 1_000
REPLICATES = 60
SEED = 29
DATA = PROJECT_ROOT / "apps" / "demo" / "data"

#: Population, labels, draw and metric.
Key = tuple[str, int, str, str]


def run(arguments: list[str]) -> dict[str, float | int | str]:
    options = _parse(arguments)
    kinds: Sequence[str] = options.only or KINDS
    ratios = {key: one for kind in kinds for key, one in plans(kind, replicates=options.replicates).items()}
    print_table([_row(key, one) for key, one in ratios.items()])
    widths = {kind: widths_of(kind, replicates=options.replicates) for kind in kinds}
    print_table([{"population": kind, "n": WIDTHS_AT, **found, "all": _mean(found)} for kind, found in widths.items()])
    return {"replicates": options.replicates, **judged(ratios, widths)}


def judged(ratios: dict[Key, "Ratio"], widths: dict[str, dict[str, float]]) -> dict[str, float | str]:
    """Reduce the tables to the figures that must hold."""
    medians = [one.ratio for (kind, *_), one in ratios.items() if kind != UNJUDGED]
    of_kind = {kind: found for kind, found in widths.items() if kind != UNJUDGED}
    elsewhere = [_mean(found) for kind, found in of_kind.items() if kind != "rare"]
    return {
        "ratio_low": round(min(medians), 3) if medians else "none",
        "ratio_high": round(max(medians), 3) if medians else "none",
        "width_recommended": round(_mean(of_kind["rare"]), 3) if "rare" in of_kind else "none",
        "width_recommended_elsewhere": round(max(elsewhere), 3) if elsewhere else "none",
        "worst_metric": round(max(max(found.values()) for found in of_kind.values()), 3) if of_kind else "none",
    }


@dataclass(frozen=True)
class Ratio:
    """Half-widths of one population, size, draw and metric: medians over the replicates."""

    planned: float
    realised: float
    ratio: float


@dataclass(frozen=True, eq=False)
class World:
    """A population with its truths, the worth of decisions, and its cells."""

    people: Simulated
    matrix: ValueMatrix

    @property
    def size(self) -> int:
        return len(self.people.truth)

    @cached_property
    def cells(self) -> Population:
        return by_cell(self.people.population(np.full(self.size, EARLIER / self.size)))

    @cached_property
    def cell(self) -> IntArray:
        """The cell of each prediction."""
        rows = Population.of_each(
            predicted=self.people.predicted,
            score=self.people.score,
            pi=np.ones(self.size),
            score_bins=self.people.score_bins,
        )
        return cells_of(rows, self.cells)[1]

    def expectation(self, rng: np.random.Generator) -> BinaryExpectation:
        """Draw earlier labels uniformly, and fit on them."""
        rows, p = rng.choice(self.size, EARLIER, replace=False), np.full(self.size, EARLIER / self.size)
        earlier = self.people.items(rows, p, label=self.people.truth[rows])
        return BinaryExpectation(self.cells, matrix=self.matrix, earlier=earlier)

    def drawn(self, p: FloatArray) -> Population:
        """Return the cells under a draw with these probabilities (N,); the smallest is that of chance."""
        odds, amount2 = (1 - p) / p, self.people.amount**2
        odds2 = odds**2 * (1 + odds)
        sums = {
            "sum_pi": p,
            "sum_odds": odds,
            "sum_odds2": odds2,
            "sum_amount2_odds": amount2 * odds,
            "sum_amount4_odds2": amount2**2 * odds2,
        }
        by_cell = {name: sum_by(self.cell, each, size=len(self.cells.n)) for name, each in sums.items()}
        return replace(self.cells, **by_cell, sum_chance=self.cells.n * p.min())

    def uncertainty(self, n: int) -> FloatArray:
        """Return probabilities by uncertainty, and a share `FLOOR` of the draw for everybody."""
        unsure = self.people.score * (1 - self.people.score)
        return FLOOR * n / self.size + (1 - FLOOR) * n * unsure / unsure.sum()

    def recommended(self, known: BinaryExpectation, n: int) -> FloatArray:
        """Return the probabilities of the recommended draw."""
        best = recommend(known, METRICS, expected=n)
        more = np.hypot((best.priority - best.floor_share)[self.cell], best.by_amount[self.cell] * self.people.amount)
        priority = best.floor_share + more
        return np.minimum(1.0, n * priority / priority.sum())

    def figure(self, metric: str, estimator: BinaryEstimator) -> Estimate:
        return estimator.mean_value(self.matrix) if metric == VALUE else estimator.estimate(metric)


@cache
def world_of(kind: str) -> World:
    if kind != "acs":
        return World(simulated(kind), AMOUNTS)
    rows = pyarrow.parquet.read_table(DATA / "production.parquet", columns=["prediction", "predicted_probability"])
    truth = pyarrow.parquet.read_table(DATA / "outcomes.parquet", columns=["employed"])["employed"].to_numpy()
    predicted, score = (column.to_numpy().astype(np.float64) for column in rows.itercolumns())
    # The data set is sorted; the bins are those of its first scores, so shuffle it.
    order = np.random.default_rng(SEED).permutation(len(truth))
    people = Simulated(
        truth.astype(np.int64)[order], score[order], predicted.astype(np.int64)[order], np.ones(len(truth))
    )
    worth, classes = MODEL_DOCUMENT["value_model"]["matrix"], MODEL_DOCUMENT["classes"]
    return World(people, ValueMatrix.of([[float(worth[said][true]) for true in classes] for said in classes]))


def plans(kind: str, *, replicates: int) -> dict[Key, Ratio]:
    """Compare planned with realised half-widths of one population."""
    world, found = world_of(kind), {}
    for number, draw in enumerate(DRAWS):
        for n in SIZES:
            rng = np.random.default_rng([SEED, KINDS.index(kind), number, n])
            pairs = np.array(
                [_pair(world, plan, estimator) for plan, estimator in lives(world, draw, n, replicates, rng)]
            )
            for place, metric in enumerate(METRICS):
                planned, realised = pairs[:, place].T
                found[kind, n, draw, metric] = Ratio(*np.median([planned, realised, realised / planned], axis=1))
    return found


def lives(
    world: World, draw: str, n: int, replicates: int, rng: np.random.Generator
) -> Iterator[tuple[Plan, BinaryEstimator]]:
    """Yield plans and what came of them."""
    people, size = world.people, world.size
    fixed = {"uniform": np.full(size, n / size), "uncertainty": world.uncertainty(n)}.get(draw)
    drawn = None if fixed is None else world.drawn(fixed)
    for _ in range(replicates):
        known = world.expectation(rng)
        p = world.recommended(known, n) if fixed is None else fixed
        cells = drawn or world.drawn(p)
        rows = PoissonDraw(p).rows(rng)
        items = people.items(rows, p, label=people.truth[rows])
        yield Plan(known, cells), BinaryEstimator(cells, items)


def _pair(world: World, plan: Plan, estimator: BinaryEstimator) -> list[tuple[float, float]]:
    return [
        (plan.half_width(metric).half_width or np.nan, _half(world.figure(metric, estimator))) for metric in METRICS
    ]


def _half(figure: Estimate) -> float:
    """Return half the width; one half, of all shares there are, where there is no figure."""
    return 0.5 if figure.low is None or figure.high is None else (figure.high - figure.low) / 2


def widths_of(kind: str, *, replicates: int) -> dict[str, float]:
    """Divide the recommended draw's mean width by that of a simple random sample, by metric."""
    world, rng = world_of(kind), np.random.default_rng([SEED, KINDS.index(kind), WIDTHS_AT])
    replicates *= 3  # a mean takes more than a median
    widths = [
        [2 * _half(world.figure(metric, estimator)) for metric in METRICS]
        for _, estimator in lives(world, "recommended", WIDTHS_AT, replicates, rng)
    ]
    random = [_random_widths(world, rng) for _ in range(5 * replicates)]
    ratios = np.mean(widths, axis=0) / np.mean(random, axis=0)
    return dict(zip(METRICS, ratios.tolist(), strict=True))


def _random_widths(world: World, rng: np.random.Generator) -> list[float]:
    """Return the widths that a simple random sample gives: Wilson's, and t for value."""
    people, rows = world.people, rng.choice(world.size, WIDTHS_AT, replace=False)
    table = confusion_of(people.predicted[rows], people.truth[rows])
    money = world.matrix.of_rows(people.predicted[rows], people.truth[rows], people.amount[rows])
    return [
        _wilson_width(table.tp + table.tn, WIDTHS_AT),
        _wilson_width(table.tp, table.tp + table.fp),
        _wilson_width(table.tp, table.tp + table.fn),
        2 * t_quantile(LEVEL, WIDTHS_AT - 1) * float(money.std(ddof=1)) / WIDTHS_AT**0.5,
    ]


def _wilson_width(successes: float, n: float) -> float:
    low, high = wilson_interval(successes, n) if n else (0.0, 1.0)
    return high - low


def _mean(ratios: dict[str, float]) -> float:
    return float(np.exp(np.mean(np.log(list(ratios.values())))))


def _row(key: Key, one: Ratio) -> dict[str, object]:
    kind, n, draw, metric = key
    return {
        "population": kind,
        "n": n,
        "draw": draw,
        "metric": metric,
        "planned ±": one.planned,
        "realised ±": one.realised,
        "realised / planned": one.ratio,
    }


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run.sh bench planning")
    parser.add_argument("--replicates", type=int, default=REPLICATES)
    parser.add_argument("--only", choices=KINDS, action="append")
    return parser.parse_args(arguments)
