"""How many further reviews pay off before choosing between a model and its baseline."""

from dataclasses import replace

import numpy as np

from apps.stats.decisions.worth_of_labels import WorthOfLabels, best_number_of_labels
from apps.stats.estimate import Estimate
from apps.stats.estimators.classes import ClassEstimator
from apps.stats.estimators.regression import RegressionEstimator
from apps.stats.estimators.unit_cost import UnitCost
from apps.stats.estimators.value import ValueMatrix

AT_MOST = 10_000
MOST = 10**12
_STEPS = 100


def review_budget(
    estimator: ClassEstimator | RegressionEstimator,
    worth: ValueMatrix | UnitCost,
    *,
    decisions: float,
    cost_per_label: float,
    at_most: int = AT_MOST,
) -> WorthOfLabels:
    """Find the number of further labels that is worth most beyond its cost, when they are drawn like the existing ones.

    Labels on which the model and its baseline agree cost as much as the others but say nothing about the choice. The
    same share of k further labels will matter as of those so far.

    Parameters
    ----------
    estimator : ClassEstimator or RegressionEstimator
        Estimator of a window in which the baseline is known.
    worth : ValueMatrix or UnitCost
        Value of a decision by predicted and true class; of numbers, the cost of an error.
    decisions : float, not negative
        Future decisions that the choice holds for.
    cost_per_label : float, not negative, in money
        Price of one further label.
    at_most : int, positive
        Largest number of labels available.

    Returns
    -------
    WorthOfLabels
        0 labels where none pay off. Where the difference in value has a code instead of a number (`no_baseline`,
        `no_labels`, …), that code.

    Raises
    ------
    ValueError
        If the worth is not of the estimator's kind or number of classes, at_most is not positive or too large, or an
        argument of `worth_of_labels` is out of range.

    Examples
    --------
    >>> from apps.stats.estimators.population import Population
    >>> from apps.stats.estimators.sample import Sample
    >>> cells = Population.of(
    ...     predicted=[0, 1], baseline=[0, 0], bin=[60, 110], n=[800, 200], sum_pi=[80, 20], sum_odds=[7200, 1800]
    ... )
    >>> items = Sample.of(
    ...     predicted=[0] * 80 + [1] * 20,
    ...     baseline=[0] * 100,
    ...     score=[0.018] * 80 + [0.74] * 20,
    ...     pi=[0.1] * 100,
    ...     label=[0] * 89 + [1] * 11,
    ... )
    >>> from apps.stats.estimators.binary import BinaryEstimator
    >>> right = ValueMatrix.of([[1, 0], [0, 1]])
    >>> best = review_budget(BinaryEstimator(cells, items), right, decisions=100_000, cost_per_label=2)
    >>> best.k, round(best.worth), round(best.net)
    (115, 483, 253)
    """
    if not 1 <= at_most <= MOST:
        raise ValueError(f"at_most must be positive, and not beyond {MOST:.0e}, got {at_most}")
    difference = difference_by_all_labels(estimator, worth)
    numbers = np.unique(np.geomspace(1, float(at_most), _STEPS).round()).astype(np.int64).tolist()
    return best_number_of_labels(difference, numbers, decisions=decisions, cost_per_label=cost_per_label)


def difference_by_all_labels(
    estimator: ClassEstimator | RegressionEstimator, worth: ValueMatrix | UnitCost
) -> Estimate:
    """Estimate the mean value of a decision minus the baseline's, and count all labels in its n.

    Further labels are drawn like all labels, not only like those on which the two differ.

    Parameters
    ----------
    estimator : ClassEstimator or RegressionEstimator
        Estimator of a window in which the baseline is known.
    worth : ValueMatrix or UnitCost
        Value of a decision by predicted and true class; of numbers, the cost of an error.

    Returns
    -------
    Estimate
        Input for `worth_of_labels`.
    """
    if isinstance(estimator, RegressionEstimator):
        if not isinstance(worth, UnitCost):
            raise ValueError("worth of numbers must be a cost per unit")
        difference = estimator.mean_value(worth, against_baseline=True)
    else:
        if not isinstance(worth, ValueMatrix):
            raise ValueError("worth of classes must be a matrix")
        difference = estimator.mean_value(worth, against_baseline=True)
    if difference.value is None or not difference.n:
        return difference
    return replace(difference, n=len(estimator.with_baseline.sample.pi))
