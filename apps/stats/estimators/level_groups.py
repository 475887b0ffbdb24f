"""How far off a model of numbers is, by the level of its prediction."""

from dataclasses import dataclass, replace

import numpy as np

from apps.stats.arrays import BoolArray, FloatArray, sum_by
from apps.stats.estimate import Estimate
from apps.stats.estimators.by_chance import joint_level, mean_by_chance
from apps.stats.estimators.conclusion import weighted_variance
from apps.stats.estimators.expected_loss import quantile_bins
from apps.stats.estimators.regression import RegressionEstimator

GROUPS = 10


@dataclass(frozen=True)
class LevelGroup:
    """Predictions of about one level.

    Attributes
    ----------
    size : float
        Predictions.
    stated : float
        Mean prediction, of the items by their weight.
    bias, error : Estimate
        Mean of prediction less truth, and of its size.
    band : (float, float) or None
        Range of the bias that holds for all groups at once, chance included; None without a value.
    """

    size: float
    stated: float
    bias: Estimate
    error: Estimate
    band: tuple[float, float] | None


def level_groups(estimator: RegressionEstimator, *, groups: int = GROUPS) -> tuple[LevelGroup, ...]:
    """Estimate bias and error of groups of about equal size, by the level of the prediction.

    Returns
    -------
    tuple of LevelGroup
        Ascending; a group without any item is left out, since nobody knows its level.

    Examples
    --------
    >>> from apps.stats.estimators.population import Population
    >>> from apps.stats.estimators.sample import Sample
    >>> cells = Population.of(predicted=[0, 0], bin=[3, 7], n=[2, 2], sum_pi=[2, 2], sum_odds=[0, 0])
    >>> items = Sample.of(predicted=[0] * 4, score=[float("nan")] * 4, pi=[1.0] * 4, label=[9.0, 12.0, 30.0, 33.0])
    >>> known = RegressionEstimator(cells, items, predicted=[10.0, 10.0, 30.0, 30.0], bins=[3, 3, 7, 7])
    >>> [(each.stated, each.bias.value, each.error.value) for each in level_groups(known, groups=2)]
    [(10.0, -0.5, 1.5), (30.0, -1.5, 1.5)]
    """
    if not estimator.population.size:
        return ()
    bins, place = np.unique(estimator.population.bin, return_inverse=True)
    ends = quantile_bins(bins, sum_by(place, estimator.population.n, size=len(bins)), count=groups)
    of_cells, of_items = (np.searchsorted(ends, each) for each in (estimator.population.bin, estimator.bins))
    present = [group for group in np.unique(of_cells).tolist() if (of_items == group).any()]
    joint = joint_level(len(present), level=estimator.level)
    return tuple(_group(estimator, of_cells == group, of_items == group, joint=joint) for group in present)


def errors_of(estimator: RegressionEstimator) -> FloatArray:
    """Return prediction less truth, by item."""
    return np.asarray(estimator.predicted, dtype=np.float64) - estimator.sample.truth


def _group(estimator: RegressionEstimator, cells: BoolArray, items: BoolArray, *, joint: float) -> LevelGroup:
    part = estimator.restrict(cells=cells, items=items)
    weight = part.sample.overall.min() / part.sample.overall
    spread = weighted_variance(errors_of(part), part.sample.overall)
    at_once = replace(part, level=joint).estimate("bias")
    return LevelGroup(
        part.population.size,
        float(np.average(np.asarray(part.predicted, dtype=np.float64), weights=weight)),
        part.estimate("bias"),
        part.estimate("mae"),
        mean_by_chance(at_once, spread=spread, size=part.population.size, level=joint),
    )
