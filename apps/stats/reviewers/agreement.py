"""Agreement of two raters: their table, and Cohen's κ with its interval."""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from apps.stats.arrays import FloatArray, as_ints, sum_by
from apps.stats.estimate import Estimate, missing
from apps.stats.intervals import LEVEL


def agreement_table(first: ArrayLike, second: ArrayLike, *, classes: int, n: ArrayLike | None = None) -> FloatArray:
    """Count items by the classes that the two raters gave.

    Parameters
    ----------
    first, second : array (rows,) of int, 0 … classes − 1
        Class that each rater gave.
    classes : int
        Number of classes.
    n : array (rows,), optional
        Count, or weight, of each row; 1 by default. Population cells pass their n.

    Returns
    -------
    array (classes, classes)
        Row: first. Column: second.

    Raises
    ------
    ValueError
        If lengths differ or a class is out of range.

    Examples
    --------
    >>> agreement_table([0, 1, 1], [0, 0, 1], classes=2)
    array([[1., 0.],
           [1., 1.]])
    """
    rows = as_ints("first", first)
    columns = as_ints("second", second, length=len(rows))
    if (rows >= classes).any() or (columns >= classes).any():
        raise ValueError(f"first and second must be below {classes}")
    weight = np.ones(len(rows)) if n is None else np.asarray(n, dtype=np.float64)
    if weight.shape != rows.shape:
        raise ValueError(f"n must have length {len(rows)}")
    return sum_by(rows * classes + columns, weight, size=classes * classes).reshape(classes, classes)


def cohen_kappa(table: ArrayLike, *, level: float = LEVEL) -> Estimate:
    """Estimate Cohen's κ, with the large-sample standard error of Fleiss, Cohen and Everitt.

    Parameters
    ----------
    table : array (classes, classes)
        Counts, as from `agreement_table`.
    level : float, in (0, 1)
        Confidence level of the interval.

    Returns
    -------
    Estimate
        `no_labels` for an empty table, `no_variation` where both raters give the same class to every item.

    Raises
    ------
    ValueError
        If the table is not square or a count is negative.

    References
    ----------
    Fleiss, Cohen and Everitt (1969), Large sample standard errors of kappa and weighted kappa.

    Examples
    --------
    >>> figure = cohen_kappa([[20, 5], [10, 15]])
    >>> round(figure.value, 4), round(figure.se, 4)
    (0.4, 0.127)
    """
    counts = _square(table)
    n = float(counts.sum())
    if n == 0:
        return missing("no_labels")
    shares = counts / n
    if not _varies(shares):
        return missing("no_variation", n=round(n))
    value, influence = _kappa(shares)
    variance = float((shares * influence**2).sum()) / n
    return _with_interval(value, variance, n=round(n), n_eff=n, level=level)


def _kappa(shares: FloatArray) -> tuple[float, FloatArray]:
    """Return κ, and its influence for an item in each cell of the table (mean zero)."""
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    observed, chance = float(np.trace(shares)), float(rows @ columns)
    by_chance = columns[:, None] + rows[None, :]
    influence = np.eye(len(shares)) / (1 - chance) - (1 - observed) / (1 - chance) ** 2 * by_chance
    return (observed - chance) / (1 - chance), influence - float((shares * influence).sum())


def _with_interval(value: float, variance: float, *, n: int, n_eff: float | None, level: float) -> Estimate:
    se = math.sqrt(variance)
    half = float(ndtri((1 + level) / 2)) * se
    return Estimate(value, max(-1.0, value - half), min(1.0, value + half), "plain", n, n_eff=n_eff, se=se)


def _varies(shares: FloatArray) -> bool:
    return bool(shares.sum(axis=1) @ shares.sum(axis=0) < 1 - 1e-12)


def _square(table: ArrayLike) -> FloatArray:
    counts = np.asarray(table, dtype=np.float64)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise ValueError(f"table must be square, got shape {counts.shape}")
    if not np.isfinite(counts).all() or (counts < 0).any():
        raise ValueError("table must hold counts, none negative")
    return counts
