"""Simulated populations: N = 200,000, each from a fresh `default_rng(7)` with its calls in this order.

- balanced, rare: scores that are over-confident and noisy, and roughly logistic.
- hidden: rare, and 1 % of the traffic fails where the score sees nothing.
- misfit_rare: 97 % right; the score is the true probability, halved below ½ and with its upper tail squeezed to 1.
- misfit_step: the same true probabilities, scored by a steep step at ½.
- sure_and_wrong: 5 % of the predictions score near 0 or 1 and carry most errors.
- nearly_perfect: 99.6 % right.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from apps.stats.arrays import BoolArray, FloatArray, IntArray
from apps.stats.design.binary_expectation import BinaryExpectation
from apps.stats.design.expectation import cells_of
from apps.stats.design.mixtures import factor_of
from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.population import Population
from apps.stats.estimators.sample import Sample
from apps.stats.estimators.value import ValueMatrix
from apps.stats.score_bins import ScoreBins

N = 200_000
KINDS = ("balanced", "rare", "hidden", "misfit_rare", "misfit_step", "sure_and_wrong", "nearly_perfect")
POLICIES = ("recommended", "uniform", "uncertainty", "amount")
FLOOR = 0.2
AMOUNTS = ValueMatrix.of([[0, -1], [-0.25, 1]], uses_amount=True)
#: Metrics the draws serve. AUC needs labels where no other metric does, so it weighs less.
WEIGHTS = {"accuracy": 1.0, "precision": 1.0, "recall": 1.0, "value": 1.0, "auc": 0.2}
#: True probability and score of each prediction.
Scored = tuple[FloatArray, FloatArray]


def poisson_draw(u: FloatArray, p: FloatArray) -> BoolArray:
    """Draw the predictions whose random number lies below their probability."""
    return u < p


def spread(priority: FloatArray, *, n: FloatArray, expected: float) -> FloatArray:
    """Return p = min(1, factor·priority) for a draw of the expected size from cells of n predictions."""
    return np.minimum(1.0, factor_of(priority, n, expected=expected) * np.asarray(priority))


def drawn(cells: Population, p: FloatArray) -> Population:
    """Return cells whose predictions are drawn with these probabilities (cells,); the smallest is that of chance."""
    n, odds = cells.n, (1 - p) / p
    odds2 = odds**2 * (1 + odds)
    return replace(
        cells,
        sum_pi=n * p,
        sum_odds=n * odds,
        sum_odds2=n * odds2,
        sum_chance=n * p.min(),
        sum_amount2_odds=n * cells.mean_amount2 * odds,
        sum_amount4_odds2=n * cells.mean_amount4 * odds2,
    )


def active_draw(
    rows: Population,
    weights: Mapping[str, float],
    *,
    expected: float,
    matrix: ValueMatrix | None = None,
    floor: float = FLOOR,
) -> FloatArray:
    """Return the active end of the recommended draws (rows,) by the raw score, with this share for everybody."""
    known = BinaryExpectation(rows, matrix=matrix)
    cell, pull = cells_of(rows, known.population)[1], 0.0
    for metric, weight in weights.items():
        figure = known.figure(metric)
        moved = figure.second[cell] * (rows.sum_amount**2 if figure.linear.uses_amount else 1.0)
        pull = pull + weight * moved / (rows.n @ moved)
    active = np.sqrt(pull) * rows.size / (rows.n @ np.sqrt(pull))
    return spread(floor + (1 - floor) * active, n=rows.n, expected=expected)


@dataclass(frozen=True, eq=False)
class Simulated:
    """Every prediction with its truth, and the probabilities of a draw of the recommended size."""

    truth: IntArray
    score: FloatArray
    predicted: IntArray
    amount: FloatArray

    def probabilities(self, n: int, policy: str = "recommended") -> FloatArray:
        """Return the probabilities of one of `POLICIES`; Σp = n, and a share `FLOOR` of it is random."""
        if policy == "recommended":
            return self._recommended(n)
        preference = {
            "uniform": np.ones(N),
            "uncertainty": 4 * self.score * (1 - self.score),
            "amount": self.amount,
        }[policy]
        floor = FLOOR * n / N

        def drawn(rate: float) -> FloatArray:
            return np.clip(rate * preference, floor, 1.0)

        return drawn(brentq(lambda rate: drawn(rate).sum() - n, 0.0, 1 / preference.min()))

    def _recommended(self, n: int) -> FloatArray:
        """Return the active draw for the metrics in `WEIGHTS` by the raw score."""
        rows = {"predicted": self.predicted, "score": self.score, "pi": np.ones(N), "amount": self.amount}
        everyone = Population.of_each(**rows, score_bins=self.score_bins)
        return active_draw(everyone, WEIGHTS, expected=n, matrix=AMOUNTS)

    def chance(self, n: int, policy: str) -> FloatArray:
        """Return the probability that the random floor alone draws each prediction."""
        return np.full(N, (1.0 if policy == "uniform" else FLOOR) * n / N)

    @cached_property
    def score_bins(self) -> ScoreBins:
        return ScoreBins.at_quantiles(self.score[:10_000])

    def population(self, p: FloatArray, *, chance: FloatArray | None = None) -> Population:
        rows = {"predicted": self.predicted, "score": self.score, "pi": p, "amount": self.amount}
        return Population.from_rows(**rows, chance=chance, score_bins=self.score_bins)

    def sample(self, p: FloatArray, rng: np.random.Generator) -> Sample:
        drawn = np.flatnonzero(poisson_draw(rng.random(N), p))
        return self.items(drawn, p, label=self.truth[drawn])

    def items(self, rows: IntArray, p: FloatArray, **answers: object) -> Sample:
        return Sample.of(
            predicted=self.predicted[rows],
            score=self.score[rows],
            pi=p[rows],
            amount=self.amount[rows],
            score_bins=self.score_bins,
            **answers,
        )

    def estimator(self, population: Population, p: FloatArray, rng: np.random.Generator) -> BinaryEstimator:
        return BinaryEstimator(population, self.sample(p, rng))


@cache
def simulated(kind: str) -> Simulated:
    """Simulate one of `KINDS`."""
    r = np.random.default_rng(7)
    pt, s = _SIMULATIONS[kind](r)
    threshold = np.quantile(s, 0.96) if kind in ("rare", "hidden") else 0.5
    y = r.random(N) < pt
    s = np.clip(s, 1e-4, 1 - 1e-4)
    return Simulated(y.astype(np.int64), s, (s >= threshold).astype(np.int64), np.exp(r.normal(0, 0.8, N)))


def _balanced(r: np.random.Generator, *, apart: float = 2.9) -> Scored:
    return _noisy(np.where(r.random(N) < 0.5, 1, -1) * apart + r.normal(0, 1.9, N), r)


def _rare(r: np.random.Generator) -> Scored:
    return _noisy(-5.6 + r.normal(0, 2.05, N) + np.where(r.random(N) < 0.02, 2.5, 0), r)


def _hidden(r: np.random.Generator) -> Scored:
    pt, s = _rare(r)
    return np.where(r.random(N) < 0.01, 0.6, pt), s


def _misfit_rare(r: np.random.Generator) -> Scored:
    pt = expit(_two_groups(r))
    return pt, np.where(pt < 0.5, pt / 2, 1 - np.sqrt(2) * (1 - pt) ** 1.5)


def _misfit_step(r: np.random.Generator) -> Scored:
    z = _two_groups(r)
    return expit(z), expit(np.where(z > 0, 5, -5) + 0.3 * z + r.normal(0, 0.3, N))


def _two_groups(r: np.random.Generator) -> FloatArray:
    return np.where(r.random(N) < 0.12, 4.2, -4.8) + r.normal(0, 1.6, N)


def _sure_and_wrong(r: np.random.Generator) -> Scored:
    pt, s = _balanced(r, apart=5.5)
    is_chosen, side = r.random(N) < 0.05, np.where(r.random(N) < 0.5, 1, -1)
    return np.where(is_chosen, 0.5, pt), np.where(is_chosen, expit(side * (7 + r.normal(0, 0.6, N))), s)


def _nearly_perfect(r: np.random.Generator) -> Scored:
    pt, s = _balanced(r, apart=8.0)
    # One in 500 is wrong whatever the score says.
    return 0.002 + 0.996 * pt, s


def _noisy(z: FloatArray, r: np.random.Generator) -> Scored:
    """Return the true probability, and a score that is over-confident and noisy."""
    return expit(z), expit(1.25 * z + 0.25 + r.normal(0, 0.6, N))


_SIMULATIONS: Mapping[str, Callable[[np.random.Generator], Scored]] = {
    "balanced": _balanced,
    "rare": _rare,
    "hidden": _hidden,
    "misfit_rare": _misfit_rare,
    "misfit_step": _misfit_step,
    "sure_and_wrong": _sure_and_wrong,
    "nearly_perfect": _nearly_perfect,
}
