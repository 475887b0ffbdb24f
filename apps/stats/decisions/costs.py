"""Cost of the errors of a predicted number, with one rate for each direction."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import LARGEST, FloatArray, as_floats
from apps.stats.estimate import Estimate
from apps.stats.estimators.regression import RegressionEstimator


@dataclass(frozen=True)
class UnitCost:
    """Cost of an error in proportion to its size, with one rate for each direction; a `Loss`.

    Attributes
    ----------
    over, under : float, not negative, in money per unit
        Rate for predictions above, and below, the truth.
    dead_zone : float, not negative, in units
        Errors up to this size cost nothing; a larger error costs only what exceeds it.

    Raises
    ------
    ValueError
        If one is negative, not finite or too large.

    Examples
    --------
    >>> UnitCost(over=1.0, under=4.0)(np.array([10.0, 10.0]), np.array([7.0, 12.0])).tolist()
    [3.0, 8.0]
    >>> UnitCost(over=1.0, under=4.0, dead_zone=2.0)(np.array([10.0, 10.0]), np.array([7.0, 12.0])).tolist()
    [1.0, 0.0]
    """

    over: float
    under: float
    dead_zone: float = 0.0

    def __post_init__(self) -> None:
        for name, given in (("over", self.over), ("under", self.under), ("dead_zone", self.dead_zone)):
            if not 0 <= given <= LARGEST:
                raise ValueError(f"{name} must not be negative, nor beyond {LARGEST:.0e}, got {given}")

    def __call__(self, predicted: ArrayLike, truth: ArrayLike) -> FloatArray:
        """Return the cost of each prediction (n,)."""
        true = as_floats("truth", truth, largest=LARGEST)
        above = as_floats("predicted", predicted, length=len(true), largest=10 * LARGEST) - true
        too_high, too_low = (np.maximum(error - self.dead_zone, 0.0) for error in (above, -above))
        return np.asarray(self.over * too_high + self.under * too_low, dtype=np.float64)


def total_cost(estimator: RegressionEstimator, cost: UnitCost) -> Estimate:
    """Estimate the cost of all errors of the window, in money.

    Parameters
    ----------
    estimator : RegressionEstimator
        Estimator of the window.
    cost : UnitCost
        What an error costs.

    Examples
    --------
    >>> from apps.stats.estimators.population import Population
    >>> from apps.stats.estimators.sample import Sample
    >>> cells = Population.of(predicted=[0], bin=[3], n=[3], sum_pi=[3], sum_odds=[0])
    >>> items = Sample.of(predicted=[0] * 3, score=[float("nan")] * 3, pi=[1.0] * 3, label=[9.0, 12.0, 10.0])
    >>> known = RegressionEstimator(cells, items, predicted=[10.0] * 3, bins=[3] * 3)
    >>> round(total_cost(known, UnitCost(over=1.0, under=4.0)).value, 9)
    9.0
    """
    return estimator.mean(cost, is_not_negative=True).scaled(max(estimator.population.size, 1.0))
