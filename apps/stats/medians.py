"""The median, with an interval from the order of the values alone."""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import bdtr, bdtrik

from apps.stats.arrays import LARGEST, as_floats, as_level
from apps.stats.estimate import Estimate, missing
from apps.stats.intervals import LEVEL


def median_estimate(values: ArrayLike, *, level: float = LEVEL) -> Estimate:
    """Estimate the median, with an interval that assumes no distribution: two of the ordered values.

    The k-th smallest and the k-th largest value enclose the median unless fewer than k of n values fall on one side
    of it. That number is binomial with probability one half, so the interval covers at least the level.

    Parameters
    ----------
    values : array (n,)
        Independent values, in any unit.
    level : float, in (0, 1)
        Confidence level.

    Returns
    -------
    Estimate
        `no_labels` without values; `too_few` where even the smallest and the largest value miss the level (at 95 %,
        with fewer than six values).

    Raises
    ------
    ValueError
        If a value is not finite or beyond 1e30, or the level is out of range.

    References
    ----------
    David and Nagaraja (2003), Order Statistics, 3rd edition, section 7.1.

    Examples
    --------
    >>> figure = median_estimate([3, 1, 2, 5, 4, 9, 7, 6])
    >>> figure.low, figure.value, figure.high
    (1.0, 4.5, 9.0)
    """
    tail = (1 - as_level(level)) / 2
    ordered = np.sort(as_floats("values", values, largest=LARGEST))
    n = len(ordered)
    if n == 0:
        return missing("no_labels")
    rank = _binomial_quantile(tail, n)
    if rank < 1:
        return missing("too_few", n=n)
    low, high = float(ordered[rank - 1]), float(ordered[n - rank])
    return Estimate(float(np.median(ordered)), low, high, "order-statistic", n, n_eff=float(n))


def _binomial_quantile(tail: float, n: int) -> int:
    """Return the least count with at least this probability below or at it, among n with probability 1/2."""
    count = math.ceil(float(bdtrik(tail, n, 0.5)))
    return count - 1 if count > 0 and bdtr(count - 1, n, 0.5) >= tail else count
