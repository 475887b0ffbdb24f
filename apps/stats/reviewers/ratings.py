"""Ratings of several raters, counted by item: the table behind every coefficient of agreement."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import BoolArray, FloatArray, as_inclusion, scaled_weights, sum_by


@dataclass(frozen=True, eq=False)
class RatingTable:
    """Items by how many raters gave them each value; identical items share a row, their pattern.

    Attributes
    ----------
    values : array (values,)
        The values given, ascending.
    counts : array (patterns, values)
        Raters who gave each value, at least one per row.
    items : array (patterns,)
        Number of items with this pattern.
    pi : array (patterns,), in (0, 1]
        Inclusion probability of each of these items.
    """

    values: FloatArray
    counts: FloatArray
    items: FloatArray
    pi: FloatArray

    @property
    def raters(self) -> FloatArray:
        """Number of ratings of one item of each pattern."""
        return np.asarray(self.counts.sum(axis=1), dtype=np.float64)

    @property
    def is_paired(self) -> BoolArray:
        """Whether an item has two ratings or more, so that they can agree."""
        return self.raters >= 2

    @property
    def weight(self) -> FloatArray:
        """1/π of one item, scaled to at most 1."""
        return scaled_weights(self.pi)

    @property
    def n(self) -> int:
        """Number of items with any rating."""
        return round(float(self.items.sum()))

    def paired(self) -> "RatingTable":
        """Return the items with two ratings or more, and the values given to them."""
        counts = self.counts[self.is_paired]
        used = counts.any(axis=0)
        kept = self.is_paired
        return replace(self, values=self.values[used], counts=counts[:, used], items=self.items[kept], pi=self.pi[kept])

    def pi_by_item(self) -> FloatArray:
        """Return the inclusion probability of every item."""
        return np.repeat(self.pi, self.items.astype(np.int64))


def tabulate_ratings(ratings: ArrayLike, *, pi: ArrayLike | None = None) -> RatingTable:
    """Count the ratings of each item, and the items with the same counts.

    Parameters
    ----------
    ratings : array (items, raters)
        Class index or score that each rater gave, nan where there is none.
    pi : array (items,), in (0, 1], optional
        Probability with which each item was drawn; 1 by default.

    Returns
    -------
    RatingTable
        Without the items that have no rating.

    Raises
    ------
    ValueError
        If ratings is not two-dimensional or holds infinite values, or pi has another length or is out of range.

    Examples
    --------
    >>> table = tabulate_ratings([[1, 1], [2, 1], [1, 1], [np.nan, np.nan]])
    >>> table.counts, table.items
    (array([[1., 1.],
           [2., 0.]]), array([1., 2.]))
    """
    given = np.asarray(ratings, dtype=np.float64)
    if given.ndim != 2:
        raise ValueError(f"ratings must have two dimensions (items, raters), got shape {given.shape}")
    if np.isinf(given).any():
        raise ValueError("ratings holds infinite values")
    items = len(given)
    inclusion = np.ones(items) if pi is None else as_inclusion("pi", pi, length=items)
    row, column = np.nonzero(~np.isnan(given))
    values, place = np.unique(given[row, column], return_inverse=True)
    size = len(values)
    counts = sum_by(row * size + place, np.ones(len(row)), size=items * size).reshape(items, size)
    rated = counts.any(axis=1)
    patterns, alike = np.unique(np.column_stack([counts, inclusion])[rated], axis=0, return_counts=True)
    return RatingTable(values, patterns[:, :-1], alike.astype(np.float64), patterns[:, -1])
