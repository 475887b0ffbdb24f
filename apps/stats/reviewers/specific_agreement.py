"""Specific agreement: how often another rater gives the same class, class by class."""

from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import FloatArray
from apps.stats.estimate import Estimate, missing
from apps.stats.intervals import LEVEL
from apps.stats.reviewers.item_bootstrap import (
    REPLICATES,
    Coefficient,
    check_bootstrap,
    conclude_coefficient,
    refusal,
)
from apps.stats.reviewers.ratings import RatingTable, tabulate_ratings


def specific_agreement(
    ratings: ArrayLike,
    *,
    classes: int,
    rng: np.random.Generator,
    level: float = LEVEL,
    replicates: int = REPLICATES,
) -> tuple[Estimate, ...]:
    """Estimate, for each class, the probability that another rater of an item also gives the class that one rater gave.

    With two raters it is 2a/(2a + b + c). Overall agreement hides a rare class on which people never agree; specific
    agreement does not. Every item counts the same, however many raters it had.

    Parameters
    ----------
    ratings : array (items, raters)
        Class that each rater gave, nan where there is none.
    classes : int
        Number of classes.
    rng : numpy.random.Generator
        Resamples the items for the interval.
    level : float, in (0, 1)
        Confidence level of the intervals.
    replicates : int, at least 100
        Bootstrap resamples.

    Returns
    -------
    tuple of Estimate
        One for each class; n counts the items with two ratings of which at least one is of this class. `no_labels`
        where there is no such item. Beside the number: `preliminary` or `boundary`.

    Raises
    ------
    ValueError
        If ratings is not two-dimensional, holds infinite values or a class out of range, or another argument is out
        of range.

    References
    ----------
    Cicchetti and Feinstein (1990), High agreement but low kappa: II. Resolving the paradoxes.
    Spitzer and Fleiss (1974), for more than two raters.

    Examples
    --------
    >>> ratings = [[0, 0]] * 40 + [[0, 1]] * 5 + [[1, 0]] * 5 + [[1, 1]] * 10
    >>> [round(f.value, 3) for f in specific_agreement(ratings, classes=2, rng=np.random.default_rng(1))]
    [0.889, 0.667]
    """
    check_bootstrap(level=level, replicates=replicates)
    table = tabulate_ratings(ratings)
    if not np.isin(table.values, np.arange(classes)).all():
        raise ValueError(f"ratings must be classes below {classes}")
    if refused := refusal(table):
        return (refused,) * classes
    paired = table.paired()
    given = [_given(paired, label) for label in range(classes)]
    return tuple(_concluded(each, rng=rng, level=level, replicates=replicates) for each in given)


def _given(paired: RatingTable, label: int) -> Coefficient | None:
    """Return 1 − (pairs with this class that differ)/(pairs with this class), over the items with this class."""
    place = np.flatnonzero(paired.values == label)
    if len(place) == 0:
        return None
    has = paired.counts[:, place[0]] > 0
    table = replace(paired, counts=paired.counts[has], items=paired.items[has], pi=paired.pi[has])
    same, raters = table.counts[:, place[0]], table.raters
    pairs, apart = same / raters, same * (raters - same) / (raters * (raters - 1))
    observed, expected = float(table.items @ apart), float(table.items @ pairs)
    influence = -(apart - observed / expected * pairs) * table.n / expected
    return Coefficient(table, partial(_shares, apart=apart, pairs=pairs), influence, influence)


def _shares(weights: FloatArray, *, apart: FloatArray, pairs: FloatArray) -> tuple[FloatArray, FloatArray]:
    total = weights.sum(axis=-1)
    return weights @ apart / total, weights @ pairs / total


def _concluded(coefficient: Coefficient | None, *, rng: np.random.Generator, level: float, replicates: int) -> Estimate:
    if coefficient is None:
        return missing("no_labels")
    figure = conclude_coefficient(coefficient, rng=rng, level=level, replicates=replicates)
    # Unlike a chance-corrected coefficient, a share cannot be below zero.
    return replace(figure, low=max(figure.low or 0.0, 0.0))
