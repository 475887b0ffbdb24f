"""Inverse probability of censoring: how likely an outcome with this delay is to be known by today."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import FloatArray, IntArray, as_floats, as_ints
from apps.stats.delay.horizon import check_horizon


@dataclass(frozen=True, eq=False)
class AgeShares:
    """Ĝ(t), the share of a window's predictions that are at least t old. Made by `age_shares`.

    Attributes
    ----------
    stratum, age : array (ages,)
        Distinct ages in days, ascending within ascending strata.
    at_least : array (ages,), in (0, 1]
        Ĝ at that age, within the stratum.
    horizon : float, in days
        H, the age at which an outcome is due.
    """

    stratum: IntArray
    age: FloatArray
    at_least: FloatArray
    horizon: float

    @property
    def strata(self) -> IntArray:
        """The strata, ascending."""
        return np.unique(self.stratum)

    @property
    def reached(self) -> FloatArray:
        """Ĝ(H) of each stratum: the share of its predictions whose outcome is due."""
        strata = self.strata
        return self._look_up(np.full(len(strata), self.horizon), strata)

    @property
    def code(self) -> str | None:
        """`no_population`, or `not_mature` while some stratum has no prediction as old as the horizon."""
        if len(self.age) == 0:
            return "no_population"
        return "not_mature" if (self.reached == 0).any() else None

    def of(self, delay: ArrayLike, *, stratum: ArrayLike | None = None) -> FloatArray:
        """Look up ϖ = Ĝ(min(T, H)) of each known outcome.

        Parameters
        ----------
        delay : array (n,), in days
            T, or H for an outcome known by rule.
        stratum : array (n,) of int, optional
            The strata given for the ages.

        Returns
        -------
        array (n,), in (0, 1]
            Probability that the outcome is known by today.

        Raises
        ------
        ValueError
            If lengths differ, a delay is negative, or no prediction of the window is old enough for it.
        """
        waited = as_floats("delay", delay)
        if (waited < 0).any():
            raise ValueError("delay must not be negative")
        strata = np.zeros(len(waited), np.int64) if stratum is None else as_ints("stratum", stratum, length=len(waited))
        varpi = self._look_up(np.minimum(waited, self.horizon), strata)
        if (varpi == 0).any():
            raise ValueError("delay exceeds the age of every prediction of its stratum, or the stratum has none")
        return varpi

    def _look_up(self, days: FloatArray, stratum: IntArray) -> FloatArray:
        shares = np.zeros(len(days))
        for one in np.unique(stratum):
            start, stop = np.searchsorted(self.stratum, [one, one + 1])
            rows = stratum == one
            position = start + np.searchsorted(self.age[start:stop], days[rows])
            shares[rows] = np.append(self.at_least[:stop], 0.0)[position]
        return shares


def age_shares(
    age: ArrayLike, *, horizon: float, n: ArrayLike | None = None, stratum: ArrayLike | None = None
) -> AgeShares:
    """Compute Ĝ of a window, which gives every known outcome its weight 1/ϖ.

    Assumes that delay and truth do not vary with the day of arrival within the window, or within each stratum of it. A
    stratum needs predictions older than the horizon: a week is mature only once its oldest day is.

    Parameters
    ----------
    age : array (rows,), in days
        From each prediction to the day through which outcomes have been delivered; for all predictions.
    horizon : float, in days, positive
        H: an outcome unknown by then is decided by the model's rule.
    n : array (rows,), optional
        Predictions of that age, where rows are cells by day; 1 by default.
    stratum : array (rows,) of int, not negative, optional
        Such as the week of arrival.

    Returns
    -------
    AgeShares
        Ĝ by stratum and age.

    Raises
    ------
    ValueError
        If lengths differ, an age or a count is negative, or horizon is not positive.

    References
    ----------
    Robins and Rotnitzky (1992), Recovery of information and adjustment for dependent censoring using surrogate
    markers.

    Examples
    --------
    >>> ages = age_shares([10, 40, 70, 100], horizon=90)
    >>> ages.of([5, 40, 200]), ages.code
    (array([1.  , 0.75, 0.25]), None)
    >>> age_shares([10, 40], horizon=90).code
    'not_mature'
    """
    check_horizon(horizon)
    ages = as_floats("age", age)
    if (ages < 0).any():
        raise ValueError("age must not be negative")
    counts = np.ones(len(ages)) if n is None else as_floats("n", n, length=len(ages))
    if (counts < 0).any():
        raise ValueError("n must not be negative")
    strata = np.zeros(len(ages), np.int64) if stratum is None else as_ints("stratum", stratum, length=len(ages))
    used = counts > 0
    return AgeShares(*_tail(strata[used], ages[used], counts[used]), horizon=float(horizon))


def _tail(stratum: IntArray, age: FloatArray, counts: FloatArray) -> tuple[IntArray, FloatArray, FloatArray]:
    """Return the distinct (stratum, age), and the share of the stratum that is at least that old."""
    order = np.lexsort((age, stratum))
    stratum, age, counts = stratum[order], age[order], counts[order]
    below = np.cumsum(counts) - counts
    _, position = np.unique(stratum, return_inverse=True)
    size = np.bincount(position, weights=counts)
    begins = np.searchsorted(stratum, stratum)  # where each row's stratum begins
    is_first = np.ones(len(age), dtype=np.bool_)
    is_first[1:] = (np.diff(stratum) != 0) | (np.diff(age) != 0)
    share = (size[position] - (below - below[begins])) / size[position]
    return stratum[is_first], age[is_first], share[is_first]
