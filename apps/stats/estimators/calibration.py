"""Expected calibration error: how far stated probabilities are from what comes true."""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from apps.stats.arrays import FloatArray, IntArray, as_binary, as_floats, same_length, sum_by
from apps.stats.estimate import Estimate, from_interval, missing
from apps.stats.estimators.conclusion import labels_of, moderated_parts, unfit
from apps.stats.estimators.parts import Parts
from apps.stats.estimators.pseudo import PseudoValues
from apps.stats.estimators.scoring import lacks_score
from apps.stats.intervals import LEVEL, Interval, t_quantile
from apps.stats.score_bins import SCORE_BINS, logit_bin

GROUPS = 10


def expected_calibration_error(score: ArrayLike, truth: ArrayLike, *, groups: int = GROUPS) -> float | None:
    """Σ |mean truth − mean score| over groups of about equally many predictions, each weighted by its share.

    Parameters
    ----------
    score : array (n,), in [0, 1]
    truth : array (n,) of 0 or 1
    groups : int, positive
        Score bins (`logit_bin`) next to each other are joined into at most so many groups.

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
    bins = logit_bin(scores).astype(np.int64)
    if n == 0:
        return None
    group = _groups(sum_by(bins, np.ones(n), size=SCORE_BINS), groups)[bins]
    return float(np.abs(sum_by(group, true - scores, size=groups)).sum() / n)


def estimate_calibration_error(pseudo: PseudoValues, *, groups: int = GROUPS, level: float = LEVEL) -> Estimate:
    """Expected calibration error of pseudo-truths, less what chance alone would add.

    Each group's gap δ_g is an unbiased sum with variance σ_g² (logit-mod's V*), but |δ_g| is on average too large: the
    mean excess of a folded normal is taken off once.

    Parameters
    ----------
    pseudo : PseudoValues
        Of truths of 0 and 1.
    groups : int, positive
    level : float, in (0, 1)

    Returns
    -------
    Estimate
        Method "folded-normal"; `no_score` and the codes of the design where there is no number.

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
    (code,) = lacks_score(pseudo).tolist()
    if code := code or unfit(population, np.ones(len(population.n), dtype=np.bool_), n):
        return missing(code, n=n, covered_share=covered)
    group_of = _groups(sum_by(population.bin, population.n, size=SCORE_BINS), groups)
    by_group = replace(pseudo, parts=Parts(groups, group_of[population.bin], group_of[sample.bin]))
    ones = np.ones(n)
    gaps = (by_group.total(population.n, ones) - by_group.by.sum_cells(population.sum_score)) / population.size
    variances, _ = moderated_parts(by_group, ones, population.sum_odds)
    variances = variances / population.size**2
    _, df = moderated_parts(pseudo, ones, population.sum_odds)
    excess = _folded_mean(np.abs(gaps), np.sqrt(variances)) - np.abs(gaps)
    value = min(1.0, max(0.0, float((np.abs(gaps) - excess).sum())))
    se = float(np.sqrt(variances.sum()))  # of the signed gaps: no folding makes them more certain
    half = t_quantile(level, float(df[0])) * se
    interval = Interval(value, max(0.0, value - half), min(1.0, value + half), "folded-normal", se, float(df[0]))
    return from_interval(
        interval,
        pi=sample.pi,
        covered_share=covered,
        is_adjudication_open=sample.is_adjudication_open,
        needed=int(labels_of(pseudo, df=df, n=np.array([n], dtype=np.float64))[0]),
    )


def _groups(counts: FloatArray, groups: int) -> IntArray:
    """Group of each score bin: its middle prediction's place among all, in equal parts."""
    if groups not in range(1, SCORE_BINS + 1):
        raise ValueError(f"groups must be 1 to {SCORE_BINS}, got {groups}")
    middle = (np.cumsum(counts) - counts / 2) / max(float(counts.sum()), 1.0)
    return np.minimum((middle * groups).astype(np.int64), groups - 1)


def _folded_mean(size: FloatArray, se: FloatArray) -> FloatArray:
    """E|X| for X ~ N(size, se²)."""
    at = np.divide(size, se, out=np.full_like(size, np.inf), where=se > 0)
    spread = np.where(se > 0, se * np.sqrt(2 / np.pi) * np.exp(-(np.minimum(at, 40.0) ** 2) / 2), 0.0)
    return np.asarray(spread + size * (1 - 2 * stats.norm.cdf(-at)), dtype=np.float64)
