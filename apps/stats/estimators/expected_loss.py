"""The expected loss of a model that predicts a number, by bin of the prediction."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import LARGEST, FloatArray, IntArray, as_floats, as_inclusion, as_ints, sum_by

BINS = 20
PRIOR_LABELS = 5.0
LARGEST_LOSS = 10 * LARGEST**2  # above the squared difference of the two largest numbers


@dataclass(frozen=True, eq=False)
class ExpectedLoss:
    """Weighted moments of a loss by bin, shrunk towards those of all bins by five labels.

    Attributes
    ----------
    total, weight : array (bins,)
        Σwl and Σw of the labels in each bin, w ∝ 1/π with mean 1.
    scale : float
        w·π, the same for all labels; π is that of being logged and drawn.
    variance, fourth : array (bins,)
        Second and fourth central moment of the loss.
    """

    total: FloatArray
    weight: FloatArray
    scale: float
    variance: FloatArray
    fourth: FloatArray

    @property
    def mean(self) -> FloatArray:
        """Expected loss in each bin, m_b = (S_b + 5·l̄)/(W_b + 5)."""
        return _shrunk(self.total, self.weight, towards=self.total.sum() / self.weight.sum())

    def without_item(
        self, bins: IntArray, loss: FloatArray, pi: FloatArray, *, log_share: FloatArray | None = None
    ) -> FloatArray:
        """Compute what the other labels expect of each labeled item: its bin's mean without it.

        A mean fitted on the item too lies near it, and its error looks smaller than that of cases without a label. An
        item with π = 1 stands for itself alone, so its bin's mean serves and cancels.

        Parameters
        ----------
        bins : array (n,) of int
            Bin of each item, from 0.
        loss : array (n,)
            Loss of each, as fitted.
        pi : array (n,), in (0, 1]
            Inclusion probability of each.
        log_share : array (n,), in (0, 1], optional
            The fraction of such traffic that was logged; 1 if left out. The moments were fitted with their product.

        Returns
        -------
        array (n,)
        """
        overall = pi if log_share is None else pi * log_share
        own, everyone = self.scale / overall, self.weight.sum()
        # One label may outweigh all others; what is left of the sum is then rounding.
        others = (self.total.sum() - own * loss) / np.maximum(everyone - own, 1e-9 * everyone)
        without = _shrunk(self.total[bins] - own * loss, self.weight[bins] - own, towards=others)
        return np.where(pi == 1, self.mean[bins], without)


def fit_expected_loss(bins: ArrayLike, loss: ArrayLike, pi: ArrayLike, *, count: int = BINS) -> ExpectedLoss:
    """Fit the weighted moments of a loss by bin of the prediction.

    Parameters
    ----------
    bins : array (n,) of int
        Bin of the prediction of each labeled item, from 0.
    loss : array (n,)
        Loss of each; at least one item.
    pi : array (n,), in (0, 1]
        Inclusion probability of each.
    count : int
        Number of bins.

    Returns
    -------
    ExpectedLoss

    Raises
    ------
    ValueError
        If there is no item, lengths differ, a bin does not exist, pi is outside (0, 1] or a loss is not finite or too
        large.

    Examples
    --------
    >>> items = np.array([0, 0, 1]), np.array([1.0, 1.0, 4.0]), np.array([0.5, 0.5, 0.5])
    >>> fitted = fit_expected_loss(*items, count=2)
    >>> fitted.mean.round(2).tolist()
    [1.71, 2.33]
    >>> fitted.without_item(*items).round(2).tolist()  # (1 + 5·2.5)/6, the same again, and 5·1/5
    [2.25, 2.25, 1.0]
    """
    losses = as_floats("loss", loss, largest=LARGEST_LOSS)
    if len(losses) == 0:
        raise ValueError("loss must have at least one label")
    places, inclusion = as_ints("bins", bins, length=len(losses)), as_inclusion("pi", pi, length=len(losses))
    if places.max() >= count:
        raise ValueError(f"bins must be below {count}, got {places.max()}")
    scale = float(1 / (1 / inclusion).mean())
    weight = scale / inclusion
    total, weights = sum_by(places, weight * losses, size=count), sum_by(places, weight, size=count)
    overall = total.sum() / weights.sum()
    mean = _shrunk(total, weights, towards=overall)[places]

    def moment(power: int) -> FloatArray:
        within = sum_by(places, weight * (losses - mean) ** power, size=count)
        return _shrunk(within, weights, towards=weight @ (losses - overall) ** power / weights.sum())

    return ExpectedLoss(total, weights, scale, variance=moment(2), fourth=moment(4))


def quantile_bins(cells: ArrayLike, n: ArrayLike, *, count: int = BINS) -> IntArray:
    """Join the fine cells of a prediction to bins that hold equal shares of the predictions.

    Parameters
    ----------
    cells : array (cells,) of int
        Ascending fine cells.
    n : array (cells,)
        Predictions in each.
    count : int
        Number of bins.

    Returns
    -------
    array (count - 1,) of int
        Last fine cell of every bin but the last, for `numpy.searchsorted`.

    Raises
    ------
    ValueError
        If lengths differ.

    Examples
    --------
    >>> quantile_bins([0, 1, 2, 7], [10, 10, 10, 10], count=2).tolist()
    [1]
    """
    places = as_ints("cells", cells)
    counts = as_floats("n", n, length=len(places))
    middles = np.cumsum(counts) - counts / 2
    last = np.searchsorted(middles, counts.sum() * np.arange(1, count) / count) - 1
    return np.asarray(places[np.maximum(last, 0)])


def _shrunk(total: FloatArray, weight: FloatArray, *, towards: FloatArray | float) -> FloatArray:
    return np.asarray((total + PRIOR_LABELS * towards) / (weight + PRIOR_LABELS), dtype=np.float64)
