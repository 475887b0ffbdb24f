"""Simulated populations: N = 200,000, each from a fresh `default_rng(7)` with its calls in this order."""

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from scipy.special import expit

from apps.stats.arrays import BoolArray, FloatArray, IntArray
from apps.stats.design.planning import Plan
from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.population import Population
from apps.stats.estimators.sample import Sample
from apps.stats.estimators.value import ValueMatrix
from apps.stats.score_bins import ScoreBins

N = 200_000
KINDS = ("balanced", "rare", "hidden")
FLOOR = 0.2
AMOUNTS = ValueMatrix.of([[0, -1], [-0.25, 1]], uses_amount=True)
#: Metrics the draws serve. AUC needs labels where no other metric does, so it weighs less.
WEIGHTS = {"accuracy": 1.0, "precision": 1.0, "recall": 1.0, "value": 1.0, "auc": 0.2}


def poisson_draw(u: FloatArray, p: FloatArray) -> BoolArray:
    """Draw the predictions whose random number lies below their probability."""
    return u < p


@dataclass(frozen=True, eq=False)
class Simulated:
    """Every prediction with its truth, and the probabilities of a draw of the recommended size."""

    truth: IntArray
    score: FloatArray
    predicted: IntArray
    amount: FloatArray

    def probabilities(self, n: int) -> FloatArray:
        """Return the probabilities recommended for these metrics by the raw score; Σp = n."""
        rows = {"predicted": self.predicted, "score": self.score, "pi": np.ones(N), "amount": self.amount}
        everyone = Population.of_each(**rows, score_bins=self.score_bins)
        plan = Plan(everyone, matrix=AMOUNTS)
        return plan.recommended(list(WEIGHTS), expected=n, delta=FLOOR, weights=list(WEIGHTS.values())).probability

    @cached_property
    def score_bins(self) -> ScoreBins:
        return ScoreBins.at_quantiles(self.score[:10_000])

    def population(self, p: FloatArray) -> Population:
        rows = {"predicted": self.predicted, "score": self.score, "pi": p, "amount": self.amount}
        return Population.from_rows(**rows, score_bins=self.score_bins)

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
    if kind == "balanced":
        z = np.where(r.random(N) < 0.5, 1, -1) * 2.9 + r.normal(0, 1.9, N)
    else:
        z = -5.6 + r.normal(0, 2.05, N) + np.where(r.random(N) < 0.02, 2.5, 0)
    pt = expit(z)
    s = expit(1.25 * z + 0.25 + r.normal(0, 0.6, N))
    threshold = 0.5 if kind == "balanced" else np.quantile(s, 0.96)
    if kind == "hidden":
        pt = np.where(r.random(N) < 0.01, 0.6, pt)
    y = r.random(N) < pt
    s = np.clip(s, 1e-4, 1 - 1e-4)
    return Simulated(y.astype(np.int64), s, (s >= threshold).astype(np.int64), np.exp(r.normal(0, 0.8, N)))
