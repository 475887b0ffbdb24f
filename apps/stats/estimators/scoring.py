"""Scoring rules of a probability: the Brier score and the log loss."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logit

from apps.stats.arrays import FloatArray, as_binary, as_floats, same_length
from apps.stats.estimators.conclusion import Linearized, weighted_variance
from apps.stats.estimators.population import Population
from apps.stats.estimators.pseudo import PseudoValues
from apps.stats.intervals import UNIT

#: With fewer labels intervals of such sums, and of squared errors, are too narrow: a few surprising truths carry them.
MINIMUM_LABELS = 1_000

_SMALLEST = float(np.finfo(np.float64).eps)


def brier_score(score: ArrayLike, truth: ArrayLike) -> float | None:
    """Compute the mean squared difference of score and truth of plain rows.

    Parameters
    ----------
    score : array (n,), in [0, 1]
        Predicted probability of the positive class.
    truth : array (n,) of 0 or 1
        True class of each row.

    Returns
    -------
    float or None
        None without rows.

    Raises
    ------
    ValueError
        If lengths differ, a score is nan or outside [0, 1], or a truth is not 0 or 1.

    References
    ----------
    Brier (1950), Verification of forecasts expressed in terms of probability.

    Examples
    --------
    >>> brier_score([0.5, 1.0], [1, 1])
    0.125
    """
    scores, true = _checked(score, truth)
    return float(np.mean((true - scores) ** 2)) if len(true) else None


def log_loss(score: ArrayLike, truth: ArrayLike) -> float | None:
    """Compute the mean negative log likelihood of plain rows; scores are clipped to 2.2e-16 from 0 and 1.

    Parameters
    ----------
    score : array (n,), in [0, 1]
        Predicted probability of the positive class.
    truth : array (n,) of 0 or 1
        True class of each row.

    Returns
    -------
    float or None
        In nats; None without rows.

    Raises
    ------
    ValueError
        If lengths differ, a score is nan or outside [0, 1], or a truth is not 0 or 1.

    References
    ----------
    Good (1952), Rational decisions.

    Examples
    --------
    >>> round(log_loss([0.5, 0.5], [1, 0]), 4)
    0.6931
    """
    scores, true = _checked(score, truth)
    clipped = _clipped(scores)
    return float(-np.mean(true * np.log(clipped) + (1 - true) * np.log1p(-clipped))) if len(true) else None


def linearize_brier(pseudo: PseudoValues) -> Linearized:
    """Linearize the Brier score of pseudo-truths, from Σs and Σs² of the cells: (s − y)² = s² + y(1 − 2s)."""
    population = pseudo.population
    slopes = population.n - 2 * population.sum_score
    known = np.nan_to_num(pseudo.sample.score)
    return _linear(pseudo, population.sum_score2, slopes, certain_items=known**2, beta=1 - 2 * known, is_share=True)


def linearize_log_loss(pseudo: PseudoValues) -> Linearized:
    """Linearize the log loss of pseudo-truths, −log(1 − s) − y·logit(s).

    Sums over a cell are second-order Taylor expansions around its mean score.
    """
    population = pseudo.population
    mean, variance = _moments(population)
    if_negative = -np.log1p(-mean) + variance / (2 * (1 - mean) ** 2)
    slope = -logit(mean) + variance * (1 / mean**2 - 1 / (1 - mean) ** 2) / 2
    known = _clipped(np.nan_to_num(pseudo.sample.score))
    return _linear(
        pseudo,
        population.n * if_negative,
        population.n * slope,
        certain_items=-np.log1p(-known),
        beta=-logit(known),
        is_share=False,
    )


def lacks_score(pseudo: PseudoValues) -> str | None:
    """Say why there is no metric of the score, or return None."""
    if pseudo.population.size == 0:
        return "no_population"
    is_scored = (pseudo.population.bin >= 0).all() and not np.isnan(pseudo.sample.score).any()
    return None if is_scored else "no_score"


def _linear(
    pseudo: PseudoValues,
    certain: FloatArray,
    slopes: FloatArray,
    *,
    certain_items: FloatArray,
    beta: FloatArray,
    is_share: bool,
) -> Linearized:
    """Linearize the mean of c + βy, given Σ c and Σ β of each cell and c and β of each item."""
    population, sample, size = pseudo.population, pseudo.sample, max(pseudo.population.size, 1.0)
    sum_certain = float(certain.sum())
    return Linearized(
        value=(sum_certain + pseudo.total(slopes, beta)) / size,
        plug_in=(sum_certain + pseudo.plug_in(slopes)) / size,
        beta_cells=slopes / np.maximum(population.n, 1.0),
        beta=beta,
        certain_cells=certain / np.maximum(population.n, 1.0),
        certain=certain_items,
        on_cells=np.ones(len(population.n), dtype=np.bool_),
        on_items=np.ones(len(sample.pi), dtype=np.bool_),
        spread=weighted_variance(certain_items + beta * sample.truth, sample.overall),
        limits=UNIT if is_share else (0.0, np.inf),
        is_share=is_share,
        minimum=MINIMUM_LABELS,
        code=lacks_score(pseudo),
    )


def _checked(score: ArrayLike, truth: ArrayLike) -> tuple[FloatArray, FloatArray]:
    scores, true = as_floats("score", score), as_binary("truth", truth)
    same_length(score=scores, truth=true)
    if ((scores < 0) | (scores > 1)).any():
        raise ValueError("score must be in [0, 1]")
    return scores, true


def _moments(population: Population) -> tuple[FloatArray, FloatArray]:
    """Compute mean and variance of the score within each cell; the mean stays off 0 and 1."""
    n = np.maximum(population.n, 1.0)
    mean = population.sum_score / n
    variance = np.clip(population.sum_score2 / n - mean**2, 0.0, None)
    clipped = _clipped(mean)
    # The expansion fails where the scores of a cell spread as far as their mean is from 0 or 1.
    return clipped, np.where(variance < (np.minimum(clipped, 1 - clipped) / 2) ** 2, variance, 0.0)


def _clipped(score: FloatArray) -> FloatArray:
    return np.clip(score, _SMALLEST, 1 - _SMALLEST)
