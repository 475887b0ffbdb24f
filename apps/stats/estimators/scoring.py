"""Scoring rules of a probability: Brier and log loss."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logit

from apps.stats.arrays import FloatArray, as_binary, as_floats, same_length
from apps.stats.estimators.conclusion import Linearised
from apps.stats.estimators.parts import Codes, first_code
from apps.stats.estimators.population import Population
from apps.stats.estimators.pseudo import PseudoValues

#: Below this many labels the intervals of both are too narrow: a few surprising truths carry most of the sum.
MINIMUM_LABELS = 1_000

_SMALLEST = float(np.finfo(np.float64).eps)


def brier_score(score: ArrayLike, truth: ArrayLike) -> float | None:
    """Mean squared difference of score and truth of plain rows, None without any.

    Parameters
    ----------
    score : array (n,), in [0, 1]
    truth : array (n,) of 0 or 1

    Returns
    -------
    float or None

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
    """Mean negative log likelihood of plain rows, None without any; scores are held away from 0 and 1 by 2.2e-16.

    Parameters
    ----------
    score : array (n,), in [0, 1]
    truth : array (n,) of 0 or 1

    Returns
    -------
    float or None
        In nats.

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
    held = _held(scores)
    return float(-np.mean(true * np.log(held) + (1 - true) * np.log1p(-held))) if len(true) else None


def linearise_brier(pseudo: PseudoValues) -> Linearised:
    """Brier of pseudo-truths, from Σs and Σs² of the cells: (s − y)² = s² + y(1 − 2s)."""
    population = pseudo.population
    slopes = population.n - 2 * population.sum_score
    return _linear(pseudo, population.sum_score2, slopes, 1 - 2 * pseudo.sample.score, is_bounded=True)


def linearise_log_loss(pseudo: PseudoValues) -> Linearised:
    """Log loss of pseudo-truths: −log(1 − s) − y·logit(s); sums over a cell by Taylor from mean and variance of s."""
    population = pseudo.population
    mean, variance = _moments(population)
    if_negative = -np.log1p(-mean) + variance / (2 * (1 - mean) ** 2)
    slope = -logit(mean) + variance * (1 / mean**2 - 1 / (1 - mean) ** 2) / 2
    beta = -logit(_held(pseudo.sample.score))
    return _linear(pseudo, population.n * if_negative, population.n * slope, beta, is_bounded=False)


def lacks_score(pseudo: PseudoValues) -> Codes:
    """Why a metric of the score cannot be given, by part."""
    by = pseudo.by
    without = by.any_cell(pseudo.population.bin < 0) | by.any_item(np.isnan(pseudo.sample.score))
    return first_code(by.number, [(pseudo.size == 0, "no_population"), (without, "no_score")])


def _linear(
    pseudo: PseudoValues, certain: FloatArray, slopes: FloatArray, beta: FloatArray, *, is_bounded: bool
) -> Linearised:
    """The mean of c + βy: Σ c and Σ β of each cell, β of each item."""
    population, size = pseudo.population, np.maximum(pseudo.size, 1.0)
    known = np.nan_to_num(beta)
    certain_of_parts = pseudo.by.sum_cells(certain)
    return Linearised(
        value=(certain_of_parts + pseudo.total(slopes, known)) / size,
        plug_in=(certain_of_parts + pseudo.plug_in(slopes)) / size,
        beta=known,
        beta2_odds=(slopes / np.maximum(population.n, 1.0)) ** 2 * population.sum_odds,
        on_cells=np.ones(len(population.n), dtype=np.bool_),
        on_items=np.ones(len(pseudo.sample.pi), dtype=np.bool_),
        is_bounded=is_bounded,
        minimum=MINIMUM_LABELS,
        codes=lacks_score(pseudo),
    )


def _checked(score: ArrayLike, truth: ArrayLike) -> tuple[FloatArray, FloatArray]:
    scores, true = as_floats("score", score), as_binary("truth", truth)
    same_length(score=scores, truth=true)
    if ((scores < 0) | (scores > 1)).any():
        raise ValueError("score must be in [0, 1]")
    return scores, true


def _moments(population: Population) -> tuple[FloatArray, FloatArray]:
    """Mean and variance of the score within each cell, the mean held away from 0 and 1."""
    n = np.maximum(population.n, 1.0)
    mean = population.sum_score / n
    variance = np.clip(population.sum_score2 / n - mean**2, 0.0, None)
    held = _held(mean)
    # Taylor says nothing where a cell's scores spread as far as its mean is from the end.
    return held, np.where(variance < (np.minimum(held, 1 - held) / 2) ** 2, variance, 0.0)


def _held(score: FloatArray) -> FloatArray:
    return np.clip(score, _SMALLEST, 1 - _SMALLEST)
