"""How often several raters say the same, beyond chance: Fleiss' κ, Gwet's AC1 and Krippendorff's α.

κ and α fall towards zero where one class is rare, however well people agree; AC1 does not. Show them side by side.
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


def fleiss_kappa(
    ratings: ArrayLike,
    *,
    rng: np.random.Generator,
    pi: ArrayLike | None = None,
    level: float = LEVEL,
    replicates: int = REPLICATES,
) -> Estimate:
    """Fleiss' κ of any number of raters, who need not all have seen the same items.

    Parameters
    ----------
    ratings : array (items, raters)
        Class that each rater gave, nan where there is none.
    rng : numpy.random.Generator
        For the bootstrap over items.
    pi : array (items,), in (0, 1], optional
        Probability with which each item was drawn; items weigh 1/π.
    level : float
    replicates : int

    Returns
    -------
    Estimate
        `se` is Gwet's, who takes the number of items with two labels as fixed; the interval does not, and is the
        narrower of the two where most items have one label. n counts the items with two labels or more.
        `no_labels`; `no_overlap` where fewer than two items have two labels; `no_variation` where all
        say the same one thing. Beside the number `preliminary` or `boundary`.

    Raises
    ------
    ValueError
        If ratings is not two-dimensional or holds infinite values, or another argument is out of range.

    References
    ----------
    Fleiss (1971), Measuring nominal scale agreement among many raters.
    Gwet (2014), Handbook of Inter-Rater Reliability, 4th edition, chapters 2 and 5.

    Examples
    --------
    >>> figure = fleiss_kappa([[0, 0, 0], [0, 0, 1], [1, 1, 1], [1, 1, 0]] * 10, rng=np.random.default_rng(1))
    >>> round(figure.value, 3), figure.n
    (0.333, 40)
    """
    check_bootstrap(level=level, replicates=replicates)
    table = tabulate_ratings(ratings, pi=pi)
    if refused := refusal(table):
        return refused
    coefficient = _of_shares(table, intercept=0.0, slope=1.0)
    if is_without_chance(coefficient):
        return missing("no_variation", n=table.paired().n)
    return conclude_coefficient(coefficient, rng=rng, level=level, replicates=replicates)


def gwet_ac1(
    ratings: ArrayLike,
    *,
    rng: np.random.Generator,
    classes: int | None = None,
    pi: ArrayLike | None = None,
    level: float = LEVEL,
    replicates: int = REPLICATES,
) -> Estimate:
    """Gwet's AC1, which keeps its meaning where one class is rare.

    Parameters
    ----------
    ratings : array (items, raters)
        Class that each rater gave, nan where there is none.
    rng : numpy.random.Generator
    classes : int, optional
        Classes a rater could have chosen; those that somebody chose if left out.
    pi : array (items,), in (0, 1], optional
    level : float
    replicates : int

    Returns
    -------
    Estimate
        As `fleiss_kappa`; `no_variation` only where there is but one class to choose.

    Raises
    ------
    ValueError
        As `fleiss_kappa`, and if classes is below the number of classes in use.

    References
    ----------
    Gwet (2008), Computing inter-rater reliability and its variance in the presence of high agreement.

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
    coefficient = _of_shares(table, intercept=1.0, slope=-1 / (choices - 1))
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
    """Krippendorff's α from the coincidences of all pairs of ratings of an item.

    Parameters
    ----------
    ratings : array (items, raters)
        Class, rank or score that each rater gave, nan where there is none.
    rng : numpy.random.Generator
    metric : {"nominal", "ordinal", "interval"}
        How far two values are apart: the same or not; the share of all ratings that lies between; the difference
        squared.
    pi : array (items,), in (0, 1], optional
    level : float
    replicates : int

    Returns
    -------
    Estimate
        As `fleiss_kappa`, with Gwet's standard error.

    Raises
    ------
    ValueError
        As `fleiss_kappa`, and if the metric is unknown.

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


def _of_shares(table: RatingTable, *, intercept: float, slope: float) -> Coefficient:
    """Coefficients whose chance disagreement is a straight line in 1 − Σπ_k², π_k mean shares of the classes."""
    raters, paired = table.raters, table.is_paired.astype(np.float64)
    pairs = np.where(paired > 0, raters * (raters - 1), 1.0)
    apart = np.where(paired > 0, 1 - (table.counts * (table.counts - 1)).sum(axis=1) / pairs, 0.0)
    shares = table.counts / raters[:, None]
    disagreement = partial(_disagreement, apart=apart, paired=paired, shares=shares, intercept=intercept, slope=slope)
    weight = table.items * table.weight / (table.items @ table.weight)
    observed, expected = (float(part[0]) for part in disagreement(weight[None]))
    margins, share_paired = weight @ shares, float(weight @ paired)
    by_chance = -2 * slope * (shares @ margins - float(margins @ margins))
    by_pairs = paired * (apart - observed) / share_paired
    safe = max(expected, NOTHING)  # without chance there is no figure, and none is asked for
    influence = -by_pairs / safe + observed / safe**2 * by_chance
    published = influence + (1 - observed / safe) * (paired / share_paired - 1)
    return Coefficient(table, disagreement, influence, published)


def _disagreement(
    weights: FloatArray, *, apart: FloatArray, paired: FloatArray, shares: FloatArray, intercept: float, slope: float
) -> tuple[FloatArray, FloatArray]:
    margins = weights @ shares / weights.sum(axis=-1, keepdims=True)
    observed = (weights @ apart) / (weights @ paired)
    return observed, intercept + slope * (1 - (margins**2).sum(axis=-1))
