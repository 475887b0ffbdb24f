"""The maturity horizon: the age at which every outcome is known, by a rule where it has not come."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import BoolArray, FloatArray, as_floats


@dataclass(frozen=True, eq=False)
class SettledOutcomes:
    """The outcomes known so far, one entry a prediction.

    Attributes
    ----------
    outcome : array (N,)
        nan where it is open.
    delay : array (N,), in days
        Days until it became known, at most the horizon; nan where it is open.
    due, overdue : int
        Predictions at least as old as the horizon, and those of them without an outcome.
    """

    outcome: FloatArray
    delay: FloatArray
    due: int
    overdue: int

    @property
    def known(self) -> BoolArray:
        """Whether the outcome of each prediction is known: O, (N,)."""
        return ~np.isnan(self.delay)

    @property
    def response(self) -> float:
        """Share of the due outcomes that came, r; 1 while none is due."""
        return 1 - self.overdue / self.due if self.due else 1.0


def settle_outcomes(
    outcome: ArrayLike, delay: ArrayLike, age: ArrayLike, *, horizon: float, absent: float | None = None
) -> SettledOutcomes:
    """Settle outcomes as of the horizon H; where none has come by then, the rule decides.

    An outcome later than H does not count: otherwise old and young predictions would answer different questions.
    Without a rule, overdue outcomes are non-response: r lowers every ϖ, and settling once with each class for `absent`
    gives the worst-case bounds.

    Parameters
    ----------
    outcome : array (N,)
        Delivered outcome, nan where there is none yet.
    delay : array (N,), in days
        From the prediction to its outcome, nan where there is none yet.
    age : array (N,), in days
        From the prediction to the day through which outcomes have been delivered.
    horizon : float, in days, positive
        H, the age at which an outcome is due.
    absent : float, optional
        Outcome where none has come by the horizon ("no default within 90 days is repaid").

    Returns
    -------
    SettledOutcomes
        Outcomes and delays, and how many are due and overdue.

    Raises
    ------
    ValueError
        If lengths differ, an age or a delay is negative, an outcome is known from the future or has no delay, or
        horizon is not positive.

    Examples
    --------
    >>> nan = float("nan")
    >>> settled = settle_outcomes([1, nan, nan], [20, nan, nan], [30, 30, 95], horizon=90, absent=0)
    >>> settled.outcome, settled.delay
    (array([ 1., nan,  0.]), array([20., nan, 90.]))
    """
    check_horizon(horizon)
    if absent is not None and not math.isfinite(absent):
        raise ValueError(f"absent must be finite, got {absent}")
    ages = as_floats("age", age)
    given = as_floats("outcome", outcome, length=len(ages), allow_nan=True)
    waited = as_floats("delay", delay, length=len(ages), allow_nan=True)
    came = known_outcomes(waited, ages) & (waited <= horizon)
    if (np.isnan(given) != np.isnan(waited)).any():
        raise ValueError("outcome and delay must be given together, or both be nan")
    is_due = ages >= horizon
    missed = is_due & ~came
    result, after = np.where(came, given, np.nan), np.where(came, waited, np.nan)
    if absent is not None:
        result, after = np.where(missed, absent, result), np.where(missed, horizon, after)
    return SettledOutcomes(result, after, int(is_due.sum()), int((missed & np.isnan(after)).sum()))


def known_outcomes(delay: FloatArray, age: FloatArray) -> BoolArray:
    """Return where a delay is known, or raise a ValueError where delays and ages contradict each other.

    Examples
    --------
    >>> known_outcomes(np.array([3.0, np.nan]), np.array([4.0, 4.0]))
    array([ True, False])
    """
    known = ~np.isnan(delay)
    if (age < 0).any():
        raise ValueError("age must not be negative")
    if (delay[known] < 0).any():
        raise ValueError("delay must not be negative")
    if (delay[known] > age[known]).any():
        raise ValueError("delay exceeds the age of its prediction: the outcome would be known from the future")
    return known


def check_horizon(horizon: float) -> None:
    """Raise a ValueError unless the horizon is a positive number of days.

    Examples
    --------
    >>> check_horizon(90.0)
    """
    if not (math.isfinite(horizon) and horizon > 0):
        raise ValueError(f"horizon must be finite and positive, got {horizon}")
