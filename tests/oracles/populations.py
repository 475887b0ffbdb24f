"""The simulated populations of the statistics: N = 200,000, a fresh `default_rng(7)` each, calls in this order."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.special import expit

from apps.stats.arrays import FloatArray, IntArray
from apps.stats.binary import BinaryEstimator
from apps.stats.draws import poisson_draw
from apps.stats.population import Population, Sample

N = 200_000
FLOOR = 0.2


@dataclass(frozen=True, eq=False)
class Simulated:
    """Every prediction with its truth, and the probabilities of a draw of the recommended size."""

    truth: IntArray
    score: FloatArray
    predicted: IntArray
    amount: FloatArray

    def probabilities(self, n: int) -> FloatArray:
        """min(1, δn/N + c·√Σ_k ω_k β_ik² s(1−s)) for accuracy, precision and recall, Σp = n."""
        s, said = self.score, self.predicted
        spread = s * (1 - s)
        recall = (s * said).sum() / s.sum()
        influences = (np.ones(N), said / said.sum(), (said - recall) / s.sum())
        weighed = sum(beta**2 / (beta**2 * spread).sum() for beta in influences)
        priority = np.sqrt(weighed * spread)
        low, high = 0.0, n / priority.mean()
        for _ in range(60):
            middle = (low + high) / 2
            p = np.minimum(1.0, FLOOR * n / N + middle * priority)
            low, high = (middle, high) if p.sum() < n else (low, middle)
        return p

    def population(self, p: FloatArray) -> Population:
        return Population.from_rows(predicted=self.predicted, score=self.score, pi=p, amount=self.amount)

    def sample(self, p: FloatArray, rng: np.random.Generator) -> Sample:
        drawn = np.flatnonzero(poisson_draw(rng.random(N), p))
        return self.items(drawn, p, label=self.truth[drawn])

    def items(self, rows: IntArray, p: FloatArray, **answers: object) -> Sample:
        return Sample.of(
            predicted=self.predicted[rows],
            score=self.score[rows],
            pi=p[rows],
            amount=self.amount[rows],
            **answers,
        )

    def estimator(self, population: Population, p: FloatArray, rng: np.random.Generator) -> BinaryEstimator:
        return BinaryEstimator(population, self.sample(p, rng))


@cache
def simulated(kind: str) -> Simulated:
    """balanced or rare."""
    r = np.random.default_rng(7)
    if kind == "balanced":
        z = np.where(r.random(N) < 0.5, 1, -1) * 2.9 + r.normal(0, 1.9, N)
    else:
        z = -5.6 + r.normal(0, 2.05, N) + np.where(r.random(N) < 0.02, 2.5, 0)
    pt = expit(z)
    s = expit(1.25 * z + 0.25 + r.normal(0, 0.6, N))
    threshold = 0.5 if kind == "balanced" else np.quantile(s, 0.96)
    y = r.random(N) < pt
    s = np.clip(s, 1e-4, 1 - 1e-4)
    return Simulated(y.astype(np.int64), s, (s >= threshold).astype(np.int64), np.exp(r.normal(0, 0.8, N)))
