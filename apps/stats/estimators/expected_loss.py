"""What loss to expect of a model that predicts a number, by bin of the prediction."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import LARGEST, FloatArray, IntArray, as_floats, as_inclusion, as_ints, sum_by
from apps.stats.estimators.recalibration import mean_one_weights

PRIOR_LABELS = 5.0
LARGEST_LOSS = 10 * LARGEST**2  # the square of a difference of two that are both as large as can be


@dataclass(frozen=True, eq=False)
class ExpectedLoss:
    """Mean and variance of a loss by bin of the prediction; `elsewhere` for bins without a label.

    Attributes
    ----------
    bins : array (bins,) of int
    mean, variance : array (bins + 1,)
        The last entry holds for every other bin.
    """

    bins: IntArray
    mean: FloatArray
    variance: FloatArray

    def place(self, bins: IntArray) -> IntArray:
        """Index into mean and variance of each bin (N,)."""
        if len(self.bins) == 0:
            return np.zeros(len(bins), dtype=np.int64)
        at = np.clip(np.searchsorted(self.bins, bins), 0, len(self.bins) - 1)
        return np.where(self.bins[at] == bins, at, len(self.bins))


def fit_expected_loss(bins: ArrayLike, loss: ArrayLike, pi: ArrayLike) -> ExpectedLoss:
    """Weighted mean and variance of a loss by bin, drawn towards those of all bins by five labels' worth.

    Parameters
    ----------
    bins : array (n,) of int
    loss : array (n,)
    pi : array (n,), in (0, 1]

    Returns
    -------
    ExpectedLoss

    Raises
    ------
    ValueError
        If lengths differ, pi is outside (0, 1] or a loss is not finite or too large.

    Examples
    --------
    >>> fitted = fit_expected_loss([3, 3, 7], [1.0, 1.0, 4.0], [0.5, 0.5, 0.5])
    >>> fitted.mean.round(2)
    array([1.71, 2.33, 2.  ])
    """
    losses = as_floats("loss", loss, largest=LARGEST_LOSS)
    at, inclusion = as_ints("bins", bins, length=len(losses)), as_inclusion("pi", pi, length=len(losses))
    if len(losses) == 0:
        return ExpectedLoss(at, np.zeros(1), np.zeros(1))
    weight = mean_one_weights(inclusion)
    present, place = np.unique(at, return_inverse=True)
    overall = float(weight @ losses / weight.sum())
    spread = float(weight @ (losses - overall) ** 2 / weight.sum())
    trials = sum_by(place, weight, size=len(present))
    mean = (sum_by(place, weight * losses, size=len(present)) + PRIOR_LABELS * overall) / (trials + PRIOR_LABELS)
    squares = sum_by(place, weight * (losses - mean[place]) ** 2, size=len(present))
    variance = (squares + PRIOR_LABELS * spread) / (trials + PRIOR_LABELS)
    return ExpectedLoss(present, np.append(mean, overall), np.append(variance, spread))
