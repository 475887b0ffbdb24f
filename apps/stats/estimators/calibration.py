"""Expected calibration error: how far predicted probabilities are from observed frequencies."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from apps.stats.arrays import FloatArray, IntArray, as_binary, as_floats, same_length, sum_by
from apps.stats.estimate import Estimate, from_interval, missing
from apps.stats.estimators.conclusion import still_needed, unfit, weighted_variance
from apps.stats.estimators.first_phase import LoggingMoments, logging_moments
from apps.stats.estimators.groups import Groups
from apps.stats.estimators.pseudo import PseudoValues
from apps.stats.estimators.scoring import lacks_score
from apps.stats.intervals import LEVEL, Interval, t_quantile
from apps.stats.moderation import NU_0, anticipated_degrees, degrees_of_freedom, moderate
from apps.stats.score_bins import LOGIT_BINS, SCORE_BINS

GROUPS = 10


def expected_calibration_error(score: ArrayLike, truth: ArrayLike, *, groups: int = GROUPS) -> float | None:
    """Compute Σ |mean truth − mean score| over groups of about equal size, each weighted by its share.

    Parameters
    ----------
    score : array (n,), in [0, 1]
        Predicted probability of the positive class.
    truth : array (n,) of 0 or 1
        True class of each row.
    groups : int, positive
        Neighboring score bins (equal bins of the logit) are joined into at most this many groups.

    Returns
    -------
    float or None
        None without rows.

    Raises
    ------
    ValueError
        If lengths differ, a score is nan or outside [0, 1], a truth is not 0 or 1, or there is no group.

    References
    ----------
    Naeini, Cooper and Hauskrecht (2015); Nixon et al. (2019) for groups of equal size.

    Examples
    --------
    >>> round(expected_calibration_error([0.2, 0.2, 0.8, 0.8], [0, 0, 1, 1]), 4)
    0.2
    """
    scores, true = as_floats("score", score), as_binary("truth", truth)
    n = same_length(score=scores, truth=true)
    bins = LOGIT_BINS.place(scores).astype(np.int64)
    if n == 0:
        return None
    group = _group_of_bins(sum_by(bins, np.ones(n), size=SCORE_BINS), groups)[bins]
    return float(np.abs(sum_by(group, true - scores, size=groups)).sum() / n)


def estimate_calibration_error(pseudo: PseudoValues, *, groups: int = GROUPS, level: float = LEVEL) -> Estimate:
    """Estimate the expected calibration error from pseudo-truths, less what chance alone adds.

    The gap δ_g of a group is unbiased with variance σ_g² (V* of `moderate`), but |δ_g| is too large on average.
    Subtract the mean excess of a folded normal once.

    Parameters
    ----------
    pseudo : PseudoValues
        Pseudo-truths of 0 and 1.
    groups : int, positive
        As for `expected_calibration_error`.
    level : float, in (0, 1)
        Confidence level.

    Returns
    -------
    Estimate
        Method "folded-normal"; `no_score` and the codes of `unfit` where there is no value.

    Raises
    ------
    ValueError
        If there is no group.

    References
    ----------
    Leone, Nelson and Nottingham (1961), The folded normal distribution.
    """
    population, sample = pseudo.population, pseudo.sample
    n, covered = len(sample.pi), population.covered_share
    if code := lacks_score(pseudo) or unfit(population, n=n):
        return missing(code, n=n, covered_share=covered)
    group_of = _group_of_bins(sum_by(population.bin, population.n, size=SCORE_BINS), groups)
    by_group = Groups(groups, group_of[population.bin], group_of[sample.bin])
    ones = np.ones(n)
    gaps = by_group.totals(pseudo, population.n, ones) - by_group.sum_cells(population.sum_score)
    gaps = gaps / population.size
    variances = _variances(pseudo, by_group) / population.size**2
    logged = _logging(pseudo)
    logging = (float(logged.variance.sum()), float(logged.fourth.sum()))
    nu = pseudo.anticipated_df(population.sum_odds, population.sum_odds2, ones, logging=logging)
    df = min(degrees_of_freedom(_terms(pseudo)), nu) + NU_0
    excess = _folded_mean(np.abs(gaps), np.sqrt(variances)) - np.abs(gaps)
    value = min(1.0, max(0.0, float((np.abs(gaps) - excess).sum())))
    se = float(np.sqrt(variances.sum()))  # of the signed gaps, because folding adds no certainty
    half = t_quantile(level, df) * se
    interval = Interval(value, max(0.0, value - half), min(1.0, value + half), "folded-normal", se, df)
    spread = weighted_variance(sample.truth - np.nan_to_num(sample.score), sample.overall)
    return from_interval(
        interval,
        n=n,
        n_eff=min(spread / se**2, population.size_logged) if se > 0 else float(n),
        covered_share=covered,
        is_adjudication_open=sample.is_adjudication_open,
        needed=still_needed(pseudo, nu=nu, n=int((~sample.constant).sum())),
    )


def _variances(pseudo: PseudoValues, by_group: Groups) -> FloatArray:
    """Compute V* of the total of each group."""
    ones, terms, logged = np.ones(len(pseudo.sample.pi)), _terms(pseudo), _logging(pseudo)
    scaled = terms / (terms.max() or 1.0)  # because the squares of tiny terms underflow
    squares = by_group.sum_items(scaled**2)
    nu = np.divide(by_group.sum_items(scaled) ** 2, squares, out=np.zeros(by_group.number), where=squares > 0)
    population = pseudo.population
    first, fourth = by_group.moments(pseudo, population.sum_odds, population.sum_odds2, ones)
    of_logging = by_group.sum_cells(logged.variance)
    nu_a = anticipated_degrees(first + of_logging, fourth + by_group.sum_cells(logged.fourth))
    anticipated = by_group.anticipated(pseudo, population.sum_odds, ones) + of_logging
    return moderate(by_group.sum_items(terms), np.minimum(nu, nu_a), anticipated)[0]


def _terms(pseudo: PseudoValues) -> FloatArray:
    """Return the terms of V_d of Σ(y − s), by item."""
    gaps = pseudo.of_truth - np.nan_to_num(pseudo.sample.score)
    return pseudo.design_terms(np.ones(len(gaps))) + pseudo.logging_terms(gaps)


def _logging(pseudo: PseudoValues) -> LoggingMoments:
    """Return what logging adds to V_a of Σ(y − s), by cell."""
    cells = pseudo.population
    score = cells.sum_score / np.maximum(cells.n, 1.0)
    return logging_moments(pseudo, certain=-score, beta=np.ones(len(score)), center=0.0)


def _group_of_bins(counts: FloatArray, groups: int) -> IntArray:
    """Assign each score bin a group, by the rank of its middle prediction."""
    if groups not in range(1, SCORE_BINS + 1):
        raise ValueError(f"groups must be 1 to {SCORE_BINS}, got {groups}")
    middle = (np.cumsum(counts) - counts / 2) / max(float(counts.sum()), 1.0)
    return np.minimum((middle * groups).astype(np.int64), groups - 1)


def _folded_mean(size: FloatArray, se: FloatArray) -> FloatArray:
    """Compute E|X| for X ~ N(size, se²)."""
    z = np.divide(size, se, out=np.full_like(size, np.inf), where=se > 0)
    spread = np.where(se > 0, se * np.sqrt(2 / np.pi) * np.exp(-(np.minimum(z, 40.0) ** 2) / 2), 0.0)
    return np.asarray(spread + size * (1 - 2 * ndtr(-z)), dtype=np.float64)
