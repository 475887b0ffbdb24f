"""The maturity curve: the share of outcomes that is known so many days after the prediction."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from apps.stats.arrays import BoolArray, FloatArray, as_floats
from apps.stats.delay.horizon import known_outcomes
from apps.stats.estimate import Estimate, missing
from apps.stats.intervals import LEVEL, wilson_interval

_ROUNDING = 1e-12
METHOD = "kaplan-meier"


@dataclass(frozen=True, eq=False)
class MaturityCurve:
    """Share of outcomes known, stepwise by delay. Made by `maturity_curve`.

    Attributes
    ----------
    times : array (steps,), in days
        Delays at which outcomes became known, ascending.
    share, low, high : array (steps,), in [0, 1]
        1 − S, with its pointwise interval.
    n : int
        Number of predictions.
    events : int
        Number of known outcomes.
    """

    times: FloatArray
    share: FloatArray
    low: FloatArray
    high: FloatArray
    n: int
    events: int

    @property
    def code(self) -> str | None:
        """`no_population` without predictions, `no_outcomes` while no outcome is known."""
        if self.n == 0:
            return "no_population"
        return "no_outcomes" if self.events == 0 else None

    def days_until(self, share: float) -> Estimate:
        """Estimate the number of days after which this share of outcomes is known.

        Parameters
        ----------
        share : float, in (0, 1]
            Share of all outcomes.

        Returns
        -------
        Estimate, in days
            `no_population`, or `not_mature` while no age has reached this share. `open_above` beside the number,
            and no upper end, where the interval reaches past the oldest prediction.

        Raises
        ------
        ValueError
            If share is not in (0, 1].

        References
        ----------
        Brookmeyer and Crowley (1982), A confidence interval for the median survival time.
        """
        if not 0 < share <= 1:
            raise ValueError(f"share must be in (0, 1], got {share}")
        if self.n == 0:
            return missing("no_population")
        value = self._first(self.share, share)
        if value is None:
            return missing("not_mature", n=self.n)
        low, high = self._first(self.high, share), self._first(self.low, share)
        return Estimate(value, low, high, METHOD, self.n, code="open_above" if high is None else None)

    def _first(self, curve: FloatArray, share: float) -> float | None:
        reached = curve >= share - _ROUNDING
        return float(self.times[int(reached.argmax())]) if reached.any() else None


def maturity_curve(delay: ArrayLike, age: ArrayLike, *, level: float = LEVEL) -> MaturityCurve:
    """Estimate the delay of outcomes by Kaplan–Meier, right-censored at today's age.

    Parameters
    ----------
    delay : array (n,), in days
        From the prediction to its outcome; nan where the outcome is not known yet.
    age : array (n,), in days
        From the prediction to the day through which outcomes have been delivered.
    level : float, in (0, 1)
        Confidence level of the pointwise log-log interval.

    Returns
    -------
    MaturityCurve
        Without steps where no outcome is known.

    Raises
    ------
    ValueError
        If lengths differ, a delay or an age is negative or infinite, or a delay exceeds its age.

    References
    ----------
    Kaplan and Meier (1958), Nonparametric estimation from incomplete observations; Kalbfleisch and Prentice (2002),
    The Statistical Analysis of Failure Time Data, 1.4, for the interval.

    Examples
    --------
    >>> curve = maturity_curve([2, 5, 5, float("nan")], [9, 9, 9, 9])
    >>> curve.times, curve.share
    (array([2., 5.]), array([0.25, 0.75]))
    >>> curve.days_until(0.5).value
    5.0
    """
    if not 0 < level < 1:
        raise ValueError(f"level must be in (0, 1), got {level}")
    ages = as_floats("age", age)
    waited = as_floats("delay", delay, length=len(ages), allow_nan=True)
    known = known_outcomes(waited, ages)
    observed = np.where(known, waited, ages)
    steps = _no_steps() if not known.any() else _steps(observed, known, level=level)
    return MaturityCurve(*steps, n=len(ages), events=int(known.sum()))


def _no_steps() -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    nothing = np.zeros(0)
    return nothing, nothing, nothing, nothing


def _steps(
    observed: FloatArray, known: BoolArray, *, level: float
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return the times of events, and 1 − S with its interval at each."""
    survival = stats.ecdf(stats.CensoredData(uncensored=observed[known], right=observed[~known])).sf
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # S = 0 has no log-log interval: `_close` gives one
        with np.errstate(divide="ignore", invalid="ignore"):
            ends: Any = survival.confidence_interval(confidence_level=level, method="log-log")
    is_event = np.isin(survival.quantiles, observed[known])

    def risen(probabilities: FloatArray) -> FloatArray:
        return np.clip(1 - probabilities[is_event], 0.0, 1.0)

    share, low, high = risen(survival.probabilities), risen(ends.high.probabilities), risen(ends.low.probabilities)
    times = np.asarray(survival.quantiles[is_event], dtype=np.float64)
    if share[-1] >= 1 - _ROUNDING:
        low[-1], high[-1] = _close(low[:-1], at_risk=int((observed >= times[-1]).sum()), level=level)
    return times, share, low, high


def _close(before: FloatArray, *, at_risk: int, level: float) -> tuple[float, float]:
    """Return the interval at the step at which everything is known.

    The share known earlier is a lower bound, and so is Wilson's for the outcomes that were still open and then became
    known.
    """
    last = wilson_interval(at_risk, at_risk, level=level)[0]
    return max(last, float(before.max(initial=0.0))), 1.0
