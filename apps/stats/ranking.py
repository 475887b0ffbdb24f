"""Metrics of the score itself: the area under the ROC curve, and Brier."""

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import FloatArray, as_binary, as_floats, same_length, sum_by
from apps.stats.draws import SCORE_BINS
from apps.stats.pseudo import Linearised, PseudoValues


def roc_auc(score: ArrayLike, truth: ArrayLike) -> float | None:
    """Area under the ROC curve of plain rows; ties count half.

    Parameters
    ----------
    score : array (n,)
    truth : array (n,) of 0 or 1

    Returns
    -------
    float or None
        None where there are no positives or no negatives.

    Raises
    ------
    ValueError
        If lengths differ, a score is nan or a truth is not 0 or 1.

    References
    ----------
    Hanley and McNeil (1982), The meaning and use of the area under a ROC curve.

    Examples
    --------
    >>> roc_auc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])
    0.75
    """
    scores, true = as_floats("score", score), as_binary("truth", truth)
    same_length(score=scores, truth=true)
    _, place = np.unique(scores, return_inverse=True)
    positives = np.bincount(place, weights=true, minlength=1)
    negatives = np.bincount(place, weights=1 - true, minlength=1)
    # Twice the number of ordered pairs is a whole number: summed without rounding, divided once.
    twice = float(positives @ (2 * np.cumsum(negatives) - negatives))
    pairs = float(positives.sum() * negatives.sum())
    return twice / (2 * pairs) if pairs else None


def brier_score(score: ArrayLike, truth: ArrayLike) -> float | None:
    """Mean squared difference of score and truth of plain rows, None without any.

    Parameters
    ----------
    score : array (n,)
    truth : array (n,) of 0 or 1

    Returns
    -------
    float or None

    Raises
    ------
    ValueError
        If lengths differ, a score is nan or a truth is not 0 or 1.

    References
    ----------
    Brier (1950), Verification of forecasts expressed in terms of probability.

    Examples
    --------
    >>> brier_score([0.5, 1.0], [1, 1])
    0.125
    """
    scores, true = as_floats("score", score), as_binary("truth", truth)
    same_length(score=scores, truth=true)
    return float(np.mean((true - scores) ** 2)) if len(true) else None


def linearise_auc(pseudo: PseudoValues) -> Linearised | str:
    """AUC of pseudo-truths over the score bins, ties within a bin counting half.

    Returns
    -------
    Linearised, or the reason code where it is undefined
    """
    population, sample = pseudo.population, pseudo.sample
    if (population.bin < 0).any() or np.isnan(sample.score).any():
        return "no_score"
    if population.size == 0:
        return "no_population"
    counted = sum_by(population.bin, population.n, size=SCORE_BINS)
    expected = sum_by(population.bin, population.n * pseudo.mean_cells, size=SCORE_BINS)
    moved = sum_by(sample.bin, pseudo.bracket / sample.pi, size=SCORE_BINS)
    positives, negatives = expected + moved, counted - expected - moved
    if not positives.sum() > 0:
        return "no_positives"
    if not negatives.sum() > 0:
        return "no_negatives"
    value, size = _binned_auc(positives, negatives), population.size
    below_0, below_1 = _mid_distribution(negatives), _mid_distribution(positives)
    share_1, share_0 = positives.sum() / size, negatives.sum() / size
    beta = (below_0 - value) / share_1 - (1 - below_1 - value) / share_0
    expected_0 = counted - expected
    is_defined = expected.sum() > 0 and expected_0.sum() > 0
    return Linearised(
        value=value,
        plug_in=_binned_auc(expected, expected_0) if is_defined else np.nan,
        beta=beta[sample.bin],
        beta2_odds=beta[population.bin] ** 2 * population.sum_odds,
        on_cells=np.ones(len(population.n), dtype=np.bool_),
        on_items=np.ones(len(sample.pi), dtype=np.bool_),
        size=size,
        is_bounded=True,
    )


def linearise_brier(pseudo: PseudoValues) -> Linearised | str:
    """Brier of pseudo-truths, from Σs and Σs² of the cells: (s − y)² = s² + y(1 − 2s).

    Returns
    -------
    Linearised, or the reason code where it is undefined
    """
    population, sample = pseudo.population, pseudo.sample
    if (population.bin < 0).any() or np.isnan(sample.score).any():
        return "no_score"
    if population.size == 0:
        return "no_population"
    slopes, beta = population.n - 2 * population.sum_score, 1 - 2 * sample.score
    squares, size = float(population.sum_score2.sum()), population.size
    mean_slope = slopes / np.maximum(population.n, 1.0)
    return Linearised(
        value=(squares + pseudo.total(slopes, beta)) / size,
        plug_in=(squares + pseudo.plug_in(slopes)) / size,
        beta=beta,
        beta2_odds=mean_slope**2 * population.sum_odds,
        on_cells=np.ones(len(population.n), dtype=np.bool_),
        on_items=np.ones(len(sample.pi), dtype=np.bool_),
        size=size,
        is_bounded=True,
    )


def _binned_auc(positives: FloatArray, negatives: FloatArray) -> float:
    below = np.cumsum(negatives) - negatives / 2
    return float(positives @ below / (positives.sum() * negatives.sum()))


def _mid_distribution(counts: FloatArray) -> FloatArray:
    return np.asarray((np.cumsum(counts) - counts / 2) / counts.sum(), dtype=np.float64)
