"""Simulated populations of predicted numbers, N = 200,000, each from a fresh `default_rng(7)` with its calls in order.

All predictions are gamma, from 0 to about 300, and the spread of the error grows with them. *Growing*: normal errors;
*heavy*: Student errors with 6 degrees of freedom; *seldom*: nine of ten predictions are right to the digit.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from apps.stats.arrays import FloatArray, IntArray
from apps.stats.estimators.population import Population
from apps.stats.estimators.regression import RegressionEstimator
from apps.stats.estimators.sample import Sample
from tests.oracles.populations import FLOOR, N, poisson_draw

KINDS = ("growing", "heavy", "seldom")
POLICIES = ("uniform", "amount", "unequal")
EDGES = np.linspace(0, 200, 199)  # cells of a model registered with the usual range [0, 200]


@dataclass(frozen=True, eq=False)
class Numbers:
    """Every prediction with its truth and its cell."""

    predicted: FloatArray
    truth: FloatArray
    cell: IntArray

    def probabilities(self, policy: str, n: int) -> FloatArray:
        """Return a uniform draw, or the floor and one by the predicted size or by chances unrelated to the error."""
        if policy == "uniform":
            return np.full(N, n / N)
        size = self.predicted if policy == "amount" else np.exp(np.random.default_rng(8).normal(0, 1, N))
        return np.minimum(1.0, n * (FLOOR / N + (1 - FLOOR) * size / size.sum()))

    def population(self, p: FloatArray) -> Population:
        one, odds = np.ones(N), (1 - p) / p
        sums = {"n": one, "sum_pi": p, "sum_odds": odds, "sum_odds2": odds**2 * (1 + odds)}
        # Chance alone draws all alike, so it gives nobody more than the least probable has.
        return Population.of(predicted=0 * one, bin=self.cell, sum_chance=p.min() * one, **sums).compact()

    def estimator(self, population: Population, p: FloatArray, rng: np.random.Generator) -> RegressionEstimator:
        drawn = np.flatnonzero(poisson_draw(rng.random(N), p))
        no_class, no_score = np.zeros(len(drawn)), np.full(len(drawn), np.nan)
        items = Sample.of(predicted=no_class, score=no_score, pi=p[drawn], label=self.truth[drawn])
        return RegressionEstimator(population, items, predicted=self.predicted[drawn], bins=self.cell[drawn])


@cache
def numbers(kind: str) -> Numbers:
    """Simulate one of `KINDS`."""
    r = np.random.default_rng(7)
    predicted = r.gamma(2.5, 20.0, N)
    spread = 2 + 0.2 * predicted
    if kind == "growing":
        error = r.normal(0.02 * predicted, spread)
    elif kind == "heavy":
        error = spread * r.standard_t(6, N)
    else:
        error = np.where(r.random(N) < 0.1, r.normal(0, spread), 0.0)
    return Numbers(predicted, predicted + error, np.searchsorted(EDGES, predicted))
