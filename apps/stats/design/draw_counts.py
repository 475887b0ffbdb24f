"""Check of a number drawn: is it what chance makes of the recorded probabilities?"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, ndtr

from apps.stats.arrays import FloatArray, as_floats, sum_by

#: Probability of a false alarm, for a whole check. Every report and every visit to a page makes one.
ALPHA = 1e-4

# From this variance on, the normal distribution is near enough, and the exact one takes long.
_LARGE = 400.0
# Room on either side of the mean, in standard deviations and cases: less than 1e-20 of the probability lies outside.
_WIDTHS, _CASES = 10.0, 30.0
_SAME = 1e-9


@dataclass(frozen=True)
class DrawCount:
    """A number drawn, beside what the recorded probabilities predict.

    Attributes
    ----------
    drawn : int
        Predictions drawn.
    expected, sd : float
        Σp and its standard deviation.
    p_value : float
        Probability of a number at least as far off: twice the smaller tail.
    """

    drawn: int
    expected: float
    sd: float
    p_value: float

    @property
    def is_failed(self) -> bool:
        """Whether chance does not explain the number, if it is the only one checked."""
        return self.p_value < ALPHA


def check_count(drawn: int, *, n: ArrayLike, sum_p: ArrayLike, sum_p2: ArrayLike) -> DrawCount:
    """Check the number drawn from groups of predictions, such as those of an hour.

    A number drawn is a sum of independent choices. Where all predictions of a group have the same probability, its
    distribution is known: the tail is exact up to a variance of 400, and normal with a continuity correction beyond. In
    groups that mix probabilities only Σp and Σp² are known: up to that variance, p is the binomial's with the same
    mean, an upper bound.

    Parameters
    ----------
    drawn : int
        Predictions drawn from all groups.
    n : array (groups,) of int
        Predictions with p > 0 in each.
    sum_p, sum_p2 : array (groups,)
        Σp and Σp² of each.

    Returns
    -------
    DrawCount

    Raises
    ------
    ValueError
        If lengths differ, or the sums are not those of so many probabilities.

    References
    ----------
    Hong (2013), On computing the distribution function for the Poisson binomial distribution (the discrete Fourier
    transform); Hoeffding (1956), On the distribution of the number of successes in independent trials, theorem 4.

    Examples
    --------
    >>> hours = {"n": [1000, 1000], "sum_p": [100.0, 50.0], "sum_p2": [10.0, 2.5]}
    >>> [(round(each.expected), round(each.sd, 1), round(each.p_value, 3)) for each in
    ...  (check_count(drawn, **hours) for drawn in (142, 110))]
    [(150, 11.7, 0.527), (150, 11.7, 0.0)]
    """
    sizes = as_floats("n", n)
    first = as_floats("sum_p", sum_p, length=len(sizes))
    second = as_floats("sum_p2", sum_p2, length=len(sizes))
    if (sizes < 0).any() or (first > sizes * (1 + _SAME)).any() or (second > first * (1 + _SAME)).any():
        raise ValueError("sum_p and sum_p2 must be sums of n probabilities")
    is_met = first > 0
    sizes, first, second = sizes[is_met], first[is_met], second[is_met]
    expected, variance = float(first.sum()), max(float((first - second).sum()), 0.0)
    p_value = _p_value(float(drawn), sizes, first, second, expected=expected, variance=variance)
    return DrawCount(int(drawn), expected, math.sqrt(variance), p_value)


def binomial_tail(drawn: ArrayLike, *, n: ArrayLike, expected: ArrayLike) -> FloatArray:
    """Compute twice the smaller tail of the binomial with this mean, at most 1.

    Without `scipy.stats`, which takes a second and 45 MB to load.

    Parameters
    ----------
    drawn, n, expected : array
        Numbers drawn, of how many, and np; all of one shape, or single.

    Returns
    -------
    array

    Examples
    --------
    >>> binomial_tail([0, 1, 3], n=[3, 3, 3], expected=[1.5, 1.5, 1.5]).tolist()  # 2/8, 8/8 and 2/8
    [0.25, 1.0, 0.25]
    """
    k, size, mean = (np.asarray(each, dtype=np.float64) for each in (drawn, n, expected))
    share = np.clip(np.divide(mean, size, out=np.zeros(np.broadcast(mean, size).shape), where=size > 0), 0.0, 1.0)
    with np.errstate(invalid="ignore"):
        at_least = np.where(k <= 0, 1.0, np.where(k > size, 0.0, betainc(k, size - k + 1, share)))
        at_most = np.where(k >= size, 1.0, betainc(size - k, k + 1, 1 - share))
    return np.asarray(np.minimum(1.0, 2 * np.minimum(at_least, at_most)), dtype=np.float64)


def _p_value(
    drawn: float, n: FloatArray, first: FloatArray, second: FloatArray, *, expected: float, variance: float
) -> float:
    is_even = bool(np.allclose(first**2, n * second, rtol=_SAME, atol=0.0))
    share, place = np.unique((first / n).round(12), return_inverse=True)
    if is_even and len(share) <= 1:
        return float(binomial_tail(drawn, n=n.sum(), expected=expected))
    if variance >= _LARGE:
        return _of_normal((abs(drawn - expected) - 0.5) / math.sqrt(variance))
    if is_even:
        return _of_binomials(drawn, n=sum_by(place.ravel(), n, size=len(share)), share=np.minimum(share, 1.0))
    # Within one case of the mean the bound says nothing.
    return 1.0 if abs(drawn - expected) < 1 else float(binomial_tail(drawn, n=n.sum(), expected=expected))


def _of_normal(z: float) -> float:
    return min(1.0, 2.0 * float(ndtr(-z)))


def _of_binomials(drawn: float, *, n: FloatArray, share: FloatArray) -> float:
    """Return the tail of a sum of binomials, by the discrete Fourier transform of its characteristic function."""
    mean, variance = float(n @ share), float(n @ (share * (1 - share)))
    room = _WIDTHS * math.sqrt(variance) + _CASES
    start = math.floor(mean - room)
    length = 2 * math.ceil(room + 1)
    if not start <= drawn < start + length:
        return 0.0
    t, p = 2 * np.pi * np.arange(length // 2 + 1) / length, share[:, None]
    # The characteristic function 1 − p + p·exp(it) of each choice, by size and angle: complex logarithms take ten times
    # as long. At p = ½ it passes zero.
    with np.errstate(divide="ignore"):
        size = n @ np.log1p(-2 * p * (1 - p) * (1 - np.cos(t))) / 2
    angle = n @ np.arctan2(p * np.sin(t), 1 - p + p * np.cos(t)) - t * start
    chance = np.maximum(np.fft.irfft(np.exp(size - 1j * angle), length), 0.0)
    place = int(drawn) - start
    return min(1.0, 2.0 * float(min(chance[: place + 1].sum(), chance[place:].sum())))
