"""m′: the expected outcome while it is not known, from a score or from a reviewer's label."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import FloatArray
from apps.stats.estimators.binary import Proxy
from apps.stats.estimators.keys import NO_STAND_IN
from apps.stats.estimators.population import Population
from apps.stats.estimators.recalibration import mean_one_weights, recalibrate
from apps.stats.estimators.sample import Sample


@dataclass(frozen=True)
class MixedProxy:
    """m′: the expected outcome given a score, or given a reviewer's label where there is one.

    Attributes
    ----------
    by_score : Proxy
        m, the expected outcome given the score.
    by_label : (float, float)
        Expected outcome where the reviewer's label is 0 and 1: the label, corrected by how often outcomes differ from
        it.
    odds : (float, float)
        Mean (1−ϖ)/ϖ of predictions with outcome 0 and 1: the variance that waiting for them costs.
    """

    by_score: Proxy
    by_label: tuple[float, float]
    odds: tuple[float, float]

    def predict(self, logit: ArrayLike) -> FloatArray:
        """Return the expected outcome at each logit (N,), without a label."""
        return self.by_score.predict(logit)

    def expect(self, rows: Population | Sample) -> FloatArray:
        """Return m′ of each cell or item."""
        by_label = np.array(self.by_label)[np.maximum(rows.stand_in, 0)]
        return np.where(rows.stand_in == NO_STAND_IN, self.predict(rows.logit), by_label)

    def weigh(self, population: Population) -> Population:
        """Return the cells with their expected Σ(1−ϖ)/ϖ.

        ϖ depends on the outcome (a default is known early, its absence only at the horizon), so a cell's own sum is
        known only with all its outcomes. Σ n·(odds₁(1−m′) + odds₀m′) makes m′(1−m′)·Σodds the expectation of
        (1−ϖ)/ϖ·(Y−m′)², as V_a needs it; where not all was logged, Σ 1/ℓ² takes the place of n.
        """
        mean = self.expect(population)
        odds = population.weight2 * (self.odds[1] * (1 - mean) + self.odds[0] * mean)
        nothing = np.zeros(len(population.n))
        mean_odds = odds / np.maximum(population.weight2, 1.0)
        odds2 = odds * mean_odds * (1 + mean_odds) * population.mean_weight2
        return replace(
            population,
            sum_odds=odds,
            sum_odds2=odds2,
            sum_amount2_odds=population.mean_amount2 * odds,
            sum_amount4_odds2=population.mean_amount2**2 * odds2,
            n_uncovered=nothing,
            n_unanswered=nothing,
        )


def fit_mixed_proxy(sample: Sample, *, largest_odds: float) -> MixedProxy:
    """Fit m′ and the odds of waiting to the outcomes known so far.

    Parameters
    ----------
    sample : Sample
        Known outcomes as labels, ϖ as π, reviewers' labels as stand-ins.
    largest_odds : float, not negative
        (1−ϖ)/ϖ of an outcome that becomes known only at the horizon; one pseudo-outcome of each class has these odds.

    Returns
    -------
    MixedProxy
        The fitted proxy.

    Raises
    ------
    ValueError
        If largest_odds is negative or not finite.

    Examples
    --------
    >>> known = Sample.of(predicted=[1, 1], score=[0.7, 0.7], pi=[0.9, 0.5], label=[1, 0], stand_in=[1, 0])
    >>> proxy = fit_mixed_proxy(known, largest_odds=1.0)
    >>> proxy.by_label, [round(odds, 2) for odds in proxy.odds]
    ((0.25, 0.75), [1.0, 0.53])
    """
    if not (np.isfinite(largest_odds) and largest_odds >= 0):
        raise ValueError(f"largest_odds must be finite and not negative, got {largest_odds}")
    return MixedProxy(
        by_score=recalibrate(sample.logit, sample.truth, sample.overall),
        by_label=(_expected_outcome(sample, 0), _expected_outcome(sample, 1)),
        odds=(_mean_odds(sample, 0, largest_odds), _mean_odds(sample, 1, largest_odds)),
    )


def _expected_outcome(sample: Sample, label: int) -> float:
    """Return the share of outcomes that are 1 among items with this label, with one undecided pseudo-outcome."""
    labeled = sample.stand_in == label
    if not labeled.any():
        return 0.5
    positive = float(mean_one_weights(sample.overall[labeled]) @ sample.truth[labeled])
    return (positive + 0.5) / (float(labeled.sum()) + 1)


def _mean_odds(sample: Sample, outcome: int, largest: float) -> float:
    """Return the mean (1−ϖ)/ϖ of predictions with this outcome, with one pseudo-outcome that waited for the horizon."""
    has = sample.truth == outcome
    if not has.any():
        return largest
    # Variances go by the square of what each stands for; scaled to mean 1, the pseudo-outcome weighs as much as one.
    pi, weight = sample.pi[has], mean_one_weights(sample.log_share[has] ** 2)
    return float((weight @ ((1 - pi) / pi**2) + largest) / (weight @ (1 / pi) + 1))
