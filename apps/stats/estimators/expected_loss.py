"""The expected loss of a model that predicts a number, by bin of the prediction."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import LARGEST, FloatArray, IntArray, as_floats, as_inclusion, as_ints, sum_by
from apps.stats.estimators.recalibration import mean_one_weights

PRIOR_LABELS = 5.0
LARGEST_LOSS = 10 * LARGEST**2  # above the squared difference of the two largest numbers


@dataclass(frozen=True, eq=False)
class ExpectedLoss:
    """Mean and variance of a loss by bin of the prediction.

    Attributes
    ----------
    bins : array (bins,) of int
        Bins that have labels, ascending.
    mean, variance, fourth : array (bins + 1,)
        Mean, variance and fourth central moment of the loss by bin; the last entry serves every other bin.
    """

    bins: IntArray
    mean: FloatArray
    variance: FloatArray
    fourth: FloatArray

    def place(self, bins: IntArray) -> IntArray:
        """Return the index into mean and variance of each bin (N,)."""
        if len(self.bins) == 0:
            return np.zeros(len(bins), dtype=np.int64)
        index = np.clip(np.searchsorted(self.bins, bins), 0, len(self.bins) - 1)
        return np.where(self.bins[index] == bins, index, len(self.bins))


def fit_expected_loss(bins: ArrayLike, loss: ArrayLike, pi: ArrayLike) -> ExpectedLoss:
    """Fit the weighted mean and variance of a loss by bin, shrunk towards those of all bins by five labels.

    Parameters
    ----------
    bins : array (n,) of int
        Bin of the prediction of each labeled item.
    loss : array (n,)
        Loss of each.
    pi : array (n,), in (0, 1]
        Inclusion probability of each.

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
    of_items, inclusion = as_ints("bins", bins, length=len(losses)), as_inclusion("pi", pi, length=len(losses))
    if len(losses) == 0:
        return ExpectedLoss(of_items, np.zeros(1), np.zeros(1), np.zeros(1))
    weight = mean_one_weights(inclusion)
    present, place = np.unique(of_items, return_inverse=True)
    overall = float(weight @ losses / weight.sum())
    trials = sum_by(place, weight, size=len(present))
    mean = (sum_by(place, weight * losses, size=len(present)) + PRIOR_LABELS * overall) / (trials + PRIOR_LABELS)

    def moment(power: int) -> FloatArray:
        everywhere = float(weight @ (losses - overall) ** power / weight.sum())
        sums = sum_by(place, weight * (losses - mean[place]) ** power, size=len(present))
        return np.append((sums + PRIOR_LABELS * everywhere) / (trials + PRIOR_LABELS), everywhere)

    return ExpectedLoss(present, np.append(mean, overall), moment(2), moment(4))
