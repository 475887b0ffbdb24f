"""How far several raters agree beyond chance: Gwet's AC1 and Krippendorff's α.

α falls towards zero where one class is rare, however well people agree; AC1 does not. Show them side by side.
"""

from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import FloatArray
from apps.stats.estimate import Estimate, missing
from apps.stats.intervals import LEVEL
from apps.stats.reviewers.coincidences import METRICS, coincidences
from apps.stats.reviewers.item_bootstrap import (
    NOTHING,
    REPLICATES,
    Coefficient,
    check_bootstrap,
    conclude_coefficient,
    is_without_chance,
    refusal,
)
from apps.stats.reviewers.ratings import RatingTable, tabulate_ratings


def gwet_ac1(
    ratings: ArrayLike,
    *,
    rng: np.random.Generator,
    classes: int | None = None,
    pi: ArrayLike | None = None,
    level: float = LEVEL,
    replicates: int = REPLICATES,
) -> Estimate:
    """Estimate Gwet's AC1, which keeps its meaning where one class is rare.

    Raters need not all have seen the same items.

    Parameters
    ----------
    ratings : array (items, raters)
        Class that each rater gave, nan where there is none.
    rng : numpy.random.Generator
        Resamples the items for the interval.
    classes : int, optional
        Number of classes a rater could have chosen; by default those that were chosen.
    pi : array (items,), in (0, 1], optional
        Probability with which each item was drawn; items weigh 1/π.
    level : float, in (0, 1)
        Confidence level of the interval.
    replicates : int
        Bootstrap resamples.

    Returns
    -------
    Estimate
        `se` is Gwet's, who takes the number of items with two labels as fixed. The interval does not, and is the
        narrower of the two where most items have one label. n counts the items with two labels or more.
        Without a number: `no_labels`; `no_overlap` where fewer than two items have two labels; `no_variation` where
        there is only one class to choose. Beside the number: `preliminary` or `boundary`.

    Raises
    ------
    ValueError
        If ratings is not two-dimensional or holds infinite values, classes is below the number of classes in use, or
        another argument is out of range.

    References
    ----------
    Gwet (2008), Computing inter-rater reliability and its variance in the presence of high agreement.
    Gwet (2014), Handbook of Inter-Rater Reliability, 4th edition, chapters 2 and 5.

    Examples
    --------
    >>> figure = gwet_ac1([[0, 0]] * 96 + [[0, 1]] * 2 + [[1, 0]] * 2, rng=np.random.default_rng(1))
    >>> round(figure.value, 3)
    0.958
    """
    check_bootstrap(level=level, replicates=replicates)
    table = tabulate_ratings(ratings, pi=pi)
    choices = len(table.values) if classes is None else classes
    if choices < len(table.values) or choices < 0:
        raise ValueError(f"classes must be at least the {len(table.values)} in use, got {choices}")
    if refused := refusal(table):
        return refused
    if choices < 2:
        return missing("no_variation", n=table.paired().n)
    coefficient = _of_shares(table, choices=choices)
    return conclude_coefficient(coefficient, rng=rng, level=level, replicates=replicates)


def krippendorff_alpha(
    ratings: ArrayLike,
    *,
    rng: np.random.Generator,
    metric: Literal["nominal", "ordinal", "interval"] = "nominal",
    pi: ArrayLike | None = None,
    level: float = LEVEL,
    replicates: int = REPLICATES,
) -> Estimate:
    """Estimate Krippendorff's α from the coincidences of all pairs of ratings of an item.

    Parameters
    ----------
    ratings : array (items, raters)
        Class, rank or score that each rater gave, nan where there is none.
    rng : numpy.random.Generator
        Resamples the items for the interval.
    metric : {"nominal", "ordinal", "interval"}
        Distance of two values: whether they differ; the share of all ratings that lies between; the squared difference.
    pi : array (items,), in (0, 1], optional
        Probability with which each item was drawn; items weigh 1/π.
    level : float, in (0, 1)
        Confidence level of the interval.
    replicates : int
        Bootstrap resamples.

    Returns
    -------
    Estimate
        As `gwet_ac1`, but `no_variation` where all ratings are the same.

    Raises
    ------
    ValueError
        If ratings is not two-dimensional or holds infinite values, the metric is unknown, or another argument is out
        of range.

    References
    ----------
    Krippendorff (2011), Computing Krippendorff's Alpha-Reliability.

    Examples
    --------
    >>> figure = krippendorff_alpha([[1, 1], [2, 2], [3, 4]] * 10, metric="interval", rng=np.random.default_rng(1))
    >>> round(figure.value, 3)
    0.856
    """
    check_bootstrap(level=level, replicates=replicates)
    if metric not in METRICS:
        raise ValueError(f"metric must be one of {', '.join(METRICS)}, got {metric!r}")
    table = tabulate_ratings(ratings, pi=pi)
    if refused := refusal(table):
        return refused
    coefficient = coincidences(table.paired(), metric=metric)
    if is_without_chance(coefficient):
        return missing("no_variation", n=coefficient.table.n)
    return conclude_coefficient(coefficient, rng=rng, level=level, replicates=replicates)


def _of_shares(table: RatingTable, *, choices: int) -> Coefficient:
    """Make AC1 a coefficient: its chance disagreement is 1 − (1 − Σπ_k²)/(K − 1), with π_k the mean class shares."""
    slope = -1 / (choices - 1)
    raters, paired = table.raters, table.is_paired.astype(np.float64)
    pairs = np.where(paired > 0, raters * (raters - 1), 1.0)
    apart = np.where(paired > 0, 1 - (table.counts * (table.counts - 1)).sum(axis=1) / pairs, 0.0)
    shares = table.counts / raters[:, None]
    disagreement = partial(_disagreement, apart=apart, paired=paired, shares=shares, slope=slope)
    weight = table.items * table.weight / (table.items @ table.weight)
    observed, expected = (float(part[0]) for part in disagreement(weight[None]))
    margins, share_paired = weight @ shares, float(weight @ paired)
    by_chance = -2 * slope * (shares @ margins - float(margins @ margins))
    by_pairs = paired * (apart - observed) / share_paired
    safe = max(expected, NOTHING)
    influence = -by_pairs / safe + observed / safe**2 * by_chance
    published = influence + (1 - observed / safe) * (paired / share_paired - 1)
    return Coefficient(table, disagreement, influence, published)


def _disagreement(
    weights: FloatArray, *, apart: FloatArray, paired: FloatArray, shares: FloatArray, slope: float
) -> tuple[FloatArray, FloatArray]:
    margins = weights @ shares / weights.sum(axis=-1, keepdims=True)
    observed = (weights @ apart) / (weights @ paired)
    return observed, 1 + slope * (1 - (margins**2).sum(axis=-1))
