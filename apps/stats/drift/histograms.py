"""Histograms on the frozen bins of a reference: counted per day, so that any window is a sum of days."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import IntArray, as_ints
from apps.stats.drift.bins import Bins


@dataclass(frozen=True, eq=False)
class Histogram:
    """Rows by bin; histograms on the same bins add up.

    Attributes
    ----------
    bins : NumberBins or CategoryBins
        The frozen bins.
    counts : array (bins.size,) of int
        Rows in each bin, the missing one last.

    Raises
    ------
    ValueError
        If there is not one count per bin, or a count is negative or not a whole number.

    Examples
    --------
    >>> from apps.stats.drift.bins import CategoryBins
    >>> bins = CategoryBins(("a",))
    >>> (Histogram(bins, [1, 0, 2]) + Histogram(bins, [3, 1, 0])).counts
    array([4, 1, 2])
    """

    bins: Bins
    counts: IntArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "counts", as_ints("counts", self.counts, length=self.bins.size))

    def __add__(self, other: "Histogram") -> "Histogram":
        """Add the rows of both.

        Raises
        ------
        ValueError
            If the bins differ.
        """
        if not isinstance(other, Histogram):
            return NotImplemented
        if other.bins != self.bins:
            raise ValueError("histograms on different bins do not add up")
        return Histogram(self.bins, self.counts + other.counts)

    @property
    def n(self) -> int:
        """Number of rows, missing ones included."""
        return int(self.counts.sum())

    @property
    def known(self) -> IntArray:
        """Counts without the missing bin."""
        return self.counts[:-1]

    @property
    def missing_share(self) -> float | None:
        """Share of rows without a value, None without rows."""
        return float(self.counts[-1] / self.n) if self.n else None


def histogram(values: ArrayLike, *, bins: Bins) -> Histogram:
    """Count values on frozen bins.

    Parameters
    ----------
    values : array (n,)
        Numbers or categories, as the bins are.
    bins : NumberBins or CategoryBins
        The frozen bins.

    Returns
    -------
    Histogram
        Rows in each bin.

    Raises
    ------
    ValueError
        If the values are not one-dimensional, or numbers are infinite.

    Examples
    --------
    >>> from apps.stats.drift.bins import number_bins
    >>> histogram([0.5, 9.0, float("nan")], bins=number_bins([1, 2, 3, 4], bins=2)).counts
    array([1, 1, 1])
    """
    return Histogram(bins, np.bincount(bins.place(values), minlength=bins.size))


def total(histograms: Iterable[Histogram], *, bins: Bins) -> Histogram:
    """Add up the days of a window; without a day it is empty.

    Parameters
    ----------
    histograms : iterable of Histogram
        One for each day.
    bins : NumberBins or CategoryBins
        The bins of all of them.

    Returns
    -------
    Histogram
        Rows of the window.

    Raises
    ------
    ValueError
        If a histogram has other bins.

    Examples
    --------
    >>> from apps.stats.drift.bins import CategoryBins
    >>> bins = CategoryBins(("a",))
    >>> total([Histogram(bins, [1, 0, 0])] * 7, bins=bins).counts
    array([7, 0, 0])
    """
    return sum(histograms, start=Histogram(bins, np.zeros(bins.size, dtype=np.int64)))
