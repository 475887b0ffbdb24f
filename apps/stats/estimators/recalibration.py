"""The proxy m: the expected truth at a score, fitted to the labels."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from apps.stats.arrays import LARGEST, FloatArray, as_floats, as_inclusion, sum_by
from apps.stats.score_bins import LOGIT_LIMIT

PRIOR_MEAN = np.array([0.0, 1.0])
PRIOR_PRECISION = np.array([1.0, 4.0])  # prior variances 1 and 1/4
#: In variances m stays this far from 0 and 1: a sure score makes nothing certain.
LEAST_EXPECTED = 1e-4

_STEPS = 50
_TOLERANCE = 1e-10


@dataclass(frozen=True)
class Recalibration:
    """The expected truth as a function of the score: expit(intercept + slope · logit).

    Attributes
    ----------
    intercept, slope : float
        Coefficients on the logit scale; 0 and 1 leave the score as it is.
    covariance : array (2, 2) or None
        Their covariance, from the fit; None where they are given and not fitted.

    Raises
    ------
    ValueError
        If a coefficient is not finite or too large.

    Examples
    --------
    >>> Recalibration(intercept=0.0, slope=1.0).predict([0.05]).round(3)
    array([0.512])
    """

    intercept: float
    slope: float
    covariance: FloatArray | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        as_floats("intercept and slope", [self.intercept, self.slope], largest=LARGEST)

    def predict(self, logit: ArrayLike) -> FloatArray:
        """Compute the expected truth at each logit (N,)."""
        return np.asarray(expit(self.intercept + self.slope * as_floats("logit", logit)), dtype=np.float64)


#: The score as it is: the proxy of a model before its first label.
RAW_SCORE = Recalibration(intercept=0.0, slope=1.0)


def recalibrate(logit: ArrayLike, truth: ArrayLike, pi: ArrayLike) -> Recalibration:
    """Fit a weighted Platt recalibration on the binned logit, with a prior centered on the unchanged score.

    Any m leaves the estimate unbiased; a good one makes it narrow. The prior, N((0, 1), diag(1, 1/4)) on
    intercept and slope, keeps m sensible with a handful of labels or a single class.

    Parameters
    ----------
    logit : array (n,), within ±10
        The logit that stands for the score bin of each labeled item, 0 without a score.
    truth : array (n,), in [0, 1]
        Known truth of each.
    pi : array (n,), in (0, 1]
        Inclusion probability of each; the weights 1/pi are scaled to mean 1.

    Returns
    -------
    Recalibration

    Raises
    ------
    ValueError
        If lengths differ, pi is outside (0, 1], truth is outside [0, 1] or a logit beyond ±10.

    References
    ----------
    Platt (1999), Probabilistic outputs for support vector machines; White (1982), Maximum likelihood estimation of
    misspecified models, for the covariance under weights.

    Examples
    --------
    >>> recalibrate([-1, 1], [0, 1], [0.1, 0.1]).slope > 1
    True
    >>> recalibrate([], [], [])
    Recalibration(intercept=0.0, slope=1.0)
    """
    inclusion = as_inclusion("pi", pi)
    target = as_floats("truth", truth, length=len(inclusion))
    if ((target < 0) | (target > 1)).any():
        raise ValueError("truth must be in [0, 1]")
    of_items = as_floats("logit", logit, length=len(inclusion), largest=LOGIT_LIMIT)
    if len(inclusion) == 0:
        return Recalibration(float(PRIOR_MEAN[0]), float(PRIOR_MEAN[1]), np.diag(1 / PRIOR_PRECISION))
    weight = mean_one_weights(inclusion)
    x, trials, successes = _by_logit(of_items, target, weight)
    design = np.column_stack([np.ones_like(x), x])
    mode = _maximize(design, trials, successes)
    rows = np.column_stack([np.ones(len(target)), of_items])
    scores = rows.T * (weight * (target - expit(rows @ mode)))
    covariance = _sandwich(_curvature(mode, design, trials), scores @ scores.T)
    return Recalibration(float(mode[0]), float(mode[1]), covariance)


def truth_moments(mean: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Compute κ₂ and κ₄, the second and fourth central moment, of truths of 0 and 1 with these expectations (N,).

    >>> [moment.round(4).tolist() for moment in truth_moments(np.array([0.5, 0.0]))]
    [[0.25, 0.0001], [0.0625, 0.0001]]
    """
    expected = np.clip(mean, LEAST_EXPECTED, 1 - LEAST_EXPECTED)
    spread = expected * (1 - expected)
    return spread, spread * (1 - 3 * spread)


def mean_one_weights(pi: FloatArray) -> FloatArray:
    """Scale the weights 1/pi to mean 1, so that they count labels, not predictions.

    Examples
    --------
    >>> mean_one_weights(np.array([0.5, 0.25])).round(3)
    array([0.667, 1.333])
    """
    design = 1.0 / pi
    return np.asarray(design / design.mean(), dtype=np.float64)


def _by_logit(logit: FloatArray, target: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    present, place = np.unique(logit, return_inverse=True)
    trials = sum_by(place, weight, size=len(present))
    successes = sum_by(place, weight * target, size=len(present))
    return present, trials, successes


def _maximize(x: FloatArray, trials: FloatArray, successes: FloatArray) -> FloatArray:
    """Maximize the (concave) log posterior by Newton's method with step halving."""
    coefficient = PRIOR_MEAN.copy()
    height = _log_posterior(coefficient, x, trials, successes)
    for _ in range(_STEPS):
        expected = expit(x @ coefficient)
        gradient = x.T @ (successes - trials * expected) - PRIOR_PRECISION * (coefficient - PRIOR_MEAN)
        step = np.linalg.solve(_curvature(coefficient, x, trials), gradient)
        while (new := _log_posterior(coefficient + step, x, trials, successes)) < height and np.abs(
            step
        ).max() > _TOLERANCE:
            step = step / 2
        coefficient, height = coefficient + step, new
        if np.abs(step).max() < _TOLERANCE:
            break
    return coefficient


def _curvature(coefficient: FloatArray, x: FloatArray, trials: FloatArray) -> FloatArray:
    expected = expit(x @ coefficient)
    return np.asarray((x.T * (trials * expected * (1 - expected))) @ x + np.diag(PRIOR_PRECISION), dtype=np.float64)


def _sandwich(curvature: FloatArray, spread: FloatArray) -> FloatArray:
    """Compute C⁻¹(J + Λ)C⁻¹. With equal weights and a true model J + Λ is C, and C⁻¹ the posterior covariance."""
    inverse = np.linalg.inv(curvature)
    return np.asarray(inverse @ (spread + np.diag(PRIOR_PRECISION)) @ inverse, dtype=np.float64)


def _log_posterior(coefficient: FloatArray, x: FloatArray, trials: FloatArray, successes: FloatArray) -> float:
    logits = x @ coefficient
    likelihood = successes @ logits - trials @ np.logaddexp(0.0, logits)
    return float(likelihood - 0.5 * PRIOR_PRECISION @ (coefficient - PRIOR_MEAN) ** 2)
