"""Frozen bins of a feature: quantiles of a reference for numbers, its frequent values for categories."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from apps.stats.arrays import BoolArray, FloatArray, IntArray, as_floats

NUMBER_BINS = 10
CATEGORY_LIMIT = 20


@dataclass(frozen=True)
class NumberBins:
    """Bins (−∞, e₁], (e₁, e₂], … (e_k, ∞), and a last one for missing values.

    Attributes
    ----------
    edges : tuple of float
        e₁ < … < e_k; may be empty.
    representatives : tuple of float
        One number for each bin except the missing one: the mean of the reference there.
    sd : float
        Standard deviation of the reference, 0 where it does not vary.
    """

    edges: tuple[float, ...]
    representatives: tuple[float, ...]
    sd: float

    def __post_init__(self) -> None:
        edges = as_floats("edges", self.edges)
        as_floats("representatives", self.representatives, length=len(edges) + 1)
        if (np.diff(edges) <= 0).any():
            raise ValueError("edges must ascend")
        if not (np.isfinite(self.sd) and self.sd >= 0):
            raise ValueError(f"sd must be finite and not negative, got {self.sd}")

    @property
    def size(self) -> int:
        """Number of bins, the missing one included."""
        return len(self.edges) + 2

    def place(self, values: ArrayLike) -> IntArray:
        """Return the bin of each number; nan is missing.

        >>> NumberBins((0.0,), (-1.0, 1.0), 1.0).place([-3, 0, 0.1, float("nan")])
        array([0, 0, 1, 2])
        """
        numbers = as_floats("values", values, allow_nan=True)
        inside = np.searchsorted(np.array(self.edges), numbers, side="left")
        return np.where(np.isnan(numbers), self.size - 1, inside).astype(np.int64)


@dataclass(frozen=True)
class CategoryBins:
    """One bin per category, then one for other categories and one for missing values.

    Attributes
    ----------
    names : tuple of str
        The categories, all different.
    """

    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(set(self.names)) != len(self.names):
            raise ValueError("names must differ")

    @property
    def size(self) -> int:
        """Number of bins, other and missing included."""
        return len(self.names) + 2

    def place(self, values: ArrayLike) -> IntArray:
        """Return the bin of each category, compared as text; None and nan are missing.

        >>> CategoryBins(("de", "fr")).place(["fr", "it", None])
        array([1, 2, 3])
        """
        texts, is_missing = _as_texts("values", values)
        present, row = np.unique(texts, return_inverse=True)
        codes = {name: code for code, name in enumerate(self.names)}
        of_present = np.array([codes.get(name, len(codes)) for name in present.tolist()], dtype=np.int64)
        bins = np.full(len(is_missing), self.size - 1, dtype=np.int64)
        bins[~is_missing] = of_present[row]
        return bins


Bins = NumberBins | CategoryBins


def number_bins(reference: ArrayLike, *, bins: int = NUMBER_BINS) -> NumberBins:
    """Put bins at the quantiles of the reference, open at both ends.

    A value that holds a whole bin's share of the reference gets a bin of its own, so that zero inflation and constants
    can be seen to move in either direction.

    Parameters
    ----------
    reference : array (n,)
        nan where missing. Without any number there is one bin for all numbers and one for missing values.
    bins : int, at least 2
        Number of bins to aim for; ties make it fewer, bins for single values more.

    Returns
    -------
    NumberBins
        The bins, with the mean of the reference in each.

    Raises
    ------
    ValueError
        If the reference is not one-dimensional or holds infinite values, or bins is below 2.

    References
    ----------
    Yurdakul and Naranjo (2020), Statistical properties of the population stability index, for quantile bins.

    Examples
    --------
    >>> number_bins([1, 2, 3, 4, 5, 6, 7, 8], bins=4).edges
    (2.0, 4.0, 6.0)
    """
    if bins < 2:
        raise ValueError(f"bins must be at least 2, got {bins}")
    given = as_floats("reference", reference, allow_nan=True)
    numbers = np.sort(given[~np.isnan(given)])
    if len(numbers) == 0:
        return NumberBins((), (0.0,), 0.0)
    edges = _edges(numbers, bins)
    bin_of = np.searchsorted(edges, numbers, side="left")
    counts = np.bincount(bin_of, minlength=len(edges) + 1)
    sums = np.bincount(bin_of, weights=numbers, minlength=len(edges) + 1)
    # A bin without reference rows lies next to the bin of a single value; its edge represents it.
    means = np.where(counts > 0, sums / np.maximum(counts, 1), np.append(edges, edges[-1]))
    return NumberBins(tuple(edges.tolist()), tuple(means.tolist()), float(numbers.std()))


def category_bins(reference: ArrayLike, *, limit: int = CATEGORY_LIMIT) -> CategoryBins:
    """Make bins for the most frequent categories of the reference.

    Parameters
    ----------
    reference : array (n,)
        Anything with a text; None or nan where missing.
    limit : int, at least 1
        Number of categories with a bin of their own; the alphabet breaks ties.

    Returns
    -------
    CategoryBins
        With the names in alphabetical order.

    Raises
    ------
    ValueError
        If the reference is not one-dimensional, or the limit is below 1.

    Examples
    --------
    >>> category_bins(["b", "a", "b", None, "c"], limit=2).names
    ('a', 'b')
    """
    if limit < 1:
        raise ValueError(f"limit must be at least 1, got {limit}")
    texts, _ = _as_texts("reference", reference)
    names, counts = np.unique(texts, return_counts=True)
    kept = np.argsort(-counts, kind="stable")[:limit]
    return CategoryBins(tuple(np.sort(names[kept]).tolist()))


def _edges(numbers: FloatArray, bins: int) -> FloatArray:
    wanted = np.unique(np.quantile(numbers, np.arange(1, bins) / bins, method="inverted_cdf"))
    alone = wanted[np.searchsorted(numbers, wanted, "right") - np.searchsorted(numbers, wanted) >= len(numbers) / bins]
    return np.unique(np.concatenate([wanted, np.nextafter(alone, -np.inf)]))


def _as_texts(name: str, values: ArrayLike) -> tuple[NDArray[np.str_], BoolArray]:
    """Return the values that are present, as text, and a mask of those that are missing."""
    given = np.asarray(values, dtype=np.object_)
    if given.ndim != 1:
        raise ValueError(f"{name} must have one dimension, got shape {given.shape}")
    is_none = np.equal(given, np.array(None, dtype=np.object_)).astype(np.bool_)
    is_missing = is_none | np.not_equal(given, given).astype(np.bool_)  # nan differs from itself
    return given[~is_missing].astype(np.str_), is_missing
