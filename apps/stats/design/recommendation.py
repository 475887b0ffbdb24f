"""Which predictions to draw: probabilities that narrow the ranges of several metrics at once, and never widen one."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from apps.stats.arrays import LARGEST, FloatArray, IntArray, as_floats
from apps.stats.design.expectation import Expectation
from apps.stats.design.mixtures import Measured, Priorities, Strata, active, factor_of, measured
from apps.stats.sample_size import MINIMUM_CHANCE_LABELS, MINIMUM_DF

FLOOR_SHARE = 0.3
FLOOR_SHARE_OF_SMALL = 0.5
#: With earlier labels to judge by, chance may be left this share.
LEAST_FLOOR_SHARE = 0.1
SMALL = 200.0
#: A figure keeps this share of the degrees of freedom that a uniform draw gives it, or those with which it stands.
KEPT_FREEDOM = 0.4
_STEPS = 20


@dataclass(frozen=True, eq=False)
class Recommended:
    """A table of priorities: the draw has p = min(1, factor·priority), with any factor.

    Where a metric is in units of the amount, a prediction's priority grows with its amount: it is
    floor_share + √((priority − floor_share)² + (by_amount·amount)²).

    Attributes
    ----------
    predicted, bin : array (cells,) of int
        Predicted class and score bin of each cell, ascending; other cells have priority 1.
    priority : array (cells,), positive
        Of a prediction in the cell; of one without an amount, where amounts matter. A uniform draw has 1 everywhere.
    by_amount : array (cells,), not negative, per unit of amount
        What an amount adds; 0 everywhere unless a metric is in units of it. The mean priority of all predictions is 1.
    mixing : float, in [0, 1]
        λ, from the uniform draw to the one that leaves chance the least.
    floor_share : float, in (0, 1]
        Share of the draw that goes to everybody alike: the chance of a label by chance alone is factor·floor_share.
    variance_ratio : mapping of metric to float
        Estimated variance beside that of a uniform draw of as many labels; at most 1 for each metric.
    """

    predicted: IntArray
    bin: IntArray
    priority: FloatArray
    by_amount: FloatArray
    mixing: float
    floor_share: float
    variance_ratio: Mapping[str, float]


def floor_share(expected: float, *, is_new: bool = False) -> float:
    """Return the share δ of the draw that goes to the random floor.

    It is 0.3, or 0.5 for a new model or a small draw, and large enough for 50 expected labels.

    Parameters
    ----------
    expected : float, positive
        Expected size of the draw.
    is_new : bool
        Whether it is still unknown how far the model's scores can be trusted.

    Raises
    ------
    ValueError
        If expected is not positive.

    Examples
    --------
    >>> floor_share(500), floor_share(150), floor_share(80), floor_share(500, is_new=True)
    (0.3, 0.5, 0.625, 0.5)
    """
    usual = FLOOR_SHARE_OF_SMALL if is_new or expected < SMALL else FLOOR_SHARE
    return _with_fifty(usual, expected)


def recommend(
    expectation: Expectation,
    metrics: Sequence[str],
    *,
    expected: float,
    weights: Sequence[float] | None = None,
    is_new: bool = False,
) -> Recommended:
    """Recommend the draw between uniform and active that serves these metrics best, and no metric worse than uniform.

    The active draw has p = δn/N + c·√(Σ_k ω_k κ₂ₖ), where κ₂ₖ is what a label may move metric k by and ω_k is one over
    the variance V_k that results: then no draw of its size has a smaller geometric mean of the variances. Mixed with
    the uniform draw it keeps its form; only the share of chance grows from δ to 1. The mixture with the smallest
    geometric mean is chosen among those in which no metric has a larger variance than with a uniform draw, nor fewer
    than 5 degrees of freedom ν_a, or two fifths of those with a uniform draw where that has few. A variance is V_a, or
    V* where earlier labels tell how far the proxy is off: Σ_s (1/π)·o·β²(y−m)² over them, moderated by V_a.

    Parameters
    ----------
    expectation : Expectation
        Recent predictions and what to expect of each metric.
    metrics : sequence of str
        The metrics that matter.
    expected : float, positive
        Labels expected in a window.
    weights : sequence of float, optional
        How much each metric matters; 1 by default, 0 leaves it out.
    is_new : bool
        Whether it is still unknown how far the model's scores can be trusted.

    Returns
    -------
    Recommended

    Raises
    ------
    ValueError
        If there is no metric, one cannot be planned (the message has its code), a weight is negative, all are zero, or
        the size is not positive.

    References
    ----------
    Neyman (1934), On the two different aspects of the representative method; arXiv 2511.08991 for choosing the mixture
    by estimated variance.

    Examples
    --------
    >>> from apps.stats.design.binary_expectation import BinaryExpectation
    >>> from apps.stats.estimators.population import Population
    >>> cells = Population.of(predicted=[0, 1], bin=[70, 100], n=[9000, 1000], sum_pi=[9, 1], sum_odds=[9e6, 1e6])
    >>> best = recommend(BinaryExpectation(cells), ["accuracy"], expected=500)
    >>> best.priority.round(2).tolist(), best.floor_share, round(best.variance_ratio["accuracy"], 2)
    ([0.92, 1.72], 0.3, 0.89)
    """
    if not metrics:
        raise ValueError("metrics must hold at least one")
    least, cells = floor_share(expected, is_new=is_new), expectation.population
    if not cells.size > 0:
        raise ValueError("population must hold predictions")
    chosen, importance = [measured(expectation, metric) for metric in metrics], _importance(weights, len(metrics))
    if all(one.residuals is not None for one in chosen):
        least = min(least, _with_fifty(LEAST_FLOOR_SHARE, expected))
    strata = Strata.of(cells, uses_amount=any(one.uses_amount for one in chosen))
    pull = active(chosen, strata, importance=importance, floor=least)
    best, ratios, best_gain, mixing = pull.mixed(1.0), np.ones(len(chosen)), 0.0, 0.0
    uniform = _Given(chosen, strata, best, expected)
    for step in np.linspace(0, 1, _STEPS + 1)[1:]:
        priorities = pull.mixed(least + (1 - float(step)) * (1 - least))
        given = _Given(chosen, strata, priorities, expected)
        beside = np.divide(given.variances, uniform.variances, out=np.ones(len(chosen)), where=uniform.variances > 0)
        stands = given.freedom >= np.minimum(MINIMUM_DF, KEPT_FREEDOM * uniform.freedom)
        gain = float(importance @ np.log(np.maximum(beside, 1e-300)))
        if ((beside <= 1) & stands)[importance > 0].all() and gain < best_gain:
            best, ratios, best_gain, mixing = priorities, beside, gain, float(step)
    return Recommended(
        predicted=cells.predicted,
        bin=cells.bin,
        priority=best.floor + best.own,
        by_amount=best.by_amount,
        mixing=mixing,
        floor_share=best.floor,
        variance_ratio=dict(zip(metrics, ratios.tolist(), strict=True)),
    )


class _Given:
    """What a draw gives each metric: its estimated variance, and the degrees of freedom ν_a."""

    def __init__(self, chosen: Sequence[Measured], strata: Strata, priorities: Priorities, expected: float) -> None:
        of_strata = priorities.of(strata.cell, strata.amount)
        self._factor, self._priorities = factor_of(of_strata, strata.n, expected=expected), priorities
        odds = self._odds(of_strata)
        self.freedom = np.array([one.freedom(strata, odds) for one in chosen])
        self.variances = np.array([one.variance(strata, odds, self._of_labels(one)) for one in chosen])

    def _of_labels(self, one: Measured) -> FloatArray | None:
        found = one.residuals
        return None if found is None else self._odds(self._priorities.of(found.cell, found.amount))

    def _odds(self, priority: FloatArray) -> FloatArray:
        return np.asarray(1 / np.minimum(1.0, self._factor * priority) - 1)


def _importance(weights: Sequence[float] | None, metrics: int) -> FloatArray:
    given = np.ones(metrics) if weights is None else as_floats("weights", weights, length=metrics, largest=LARGEST)
    if (given < 0).any() or not given.sum() > 0:
        raise ValueError("weights must not be negative, and not all zero")
    return np.asarray(given / given.sum())


def _with_fifty(share: float, expected: float) -> float:
    """Return the share, or more where it takes more for 50 expected labels."""
    if not (math.isfinite(expected) and expected > 0):
        raise ValueError(f"expected must be positive, got {expected}")
    return min(1.0, max(share, MINIMUM_CHANCE_LABELS / expected))
