"""Krippendorff's coincidences: how far the ratings of one item are apart, and those of all items."""

from functools import partial

import numpy as np

from apps.stats.arrays import FloatArray
from apps.stats.reviewers.item_bootstrap import NOTHING, Coefficient
from apps.stats.reviewers.ratings import RatingTable

METRICS = ("nominal", "ordinal", "interval")


def coincidences(table: RatingTable, *, metric: str) -> Coefficient:
    """Make α a coefficient of the items, which must all have two ratings or more.

    Ordinal is interval at the midranks: the square root of Krippendorff's ordinal difference is the number of ratings
    between two values, with each end counted half.

    Parameters
    ----------
    table : RatingTable
        Items with two ratings or more, from `RatingTable.paired`.
    metric : {"nominal", "ordinal", "interval"}
        Distance of two values.

    Returns
    -------
    Coefficient
        Disagreement, and the influence of each pattern.

    References
    ----------
    Krippendorff (2011), Computing Krippendorff's Alpha-Reliability.

    Examples
    --------
    >>> from apps.stats.reviewers.ratings import tabulate_ratings
    >>> coefficient = coincidences(tabulate_ratings([[0, 0], [0, 1]]), metric="nominal")
    >>> [float(part[0].round(3)) for part in coefficient.disagreement(np.ones((1, 2)))]
    [0.375, 0.375]
    """
    disagreement = partial(_disagreement, table=table, metric=metric)
    weight = table.items * table.weight / (table.items @ table.weight)
    margins = _margins(weight[None], table)[0]
    apart, expected = _apart(margins[None], table, metric)[0], float(_expected(margins[None], table, metric)[0])
    raters, mean_raters = table.raters, float(weight @ table.raters)
    observed = float(weight @ apart) / mean_raters
    to_margins = (table.counts - margins * raters[:, None]) / mean_raters
    by_pairs = (apart - observed * raters) / mean_raters
    slope_observed, slope_expected = _slopes(margins, table, metric, weight / mean_raters)
    safe = max(expected, NOTHING)  # at zero the caller returns no figure
    influence = -(by_pairs + to_margins @ slope_observed) / safe
    influence += observed / safe**2 * (to_margins @ slope_expected)
    # Gwet applies the small-sample correction before centering on the number of ratings.
    published = influence - observed / _ratings(table) * (raters - mean_raters) / mean_raters / safe
    return Coefficient(table, disagreement, influence, published)


def _disagreement(weights: FloatArray, *, table: RatingTable, metric: str) -> tuple[FloatArray, FloatArray]:
    margins = _margins(weights, table)
    observed = (weights * _apart(margins, table, metric)).sum(axis=-1) / (weights @ table.raters)
    return observed * (1 - 1 / _ratings(table)), _expected(margins, table, metric)


def _ratings(table: RatingTable) -> float:
    return float(table.items @ table.raters)


def _margins(weights: FloatArray, table: RatingTable) -> FloatArray:
    return np.asarray(weights @ table.counts / (weights @ table.raters)[:, None], dtype=np.float64)


def _apart(margins: FloatArray, table: RatingTable, metric: str) -> FloatArray:
    """Sum the distances over the ordered pairs of an item's ratings, over raters − 1: (replicates, patterns)."""
    raters = table.raters
    if metric == "nominal":
        return np.asarray((raters**2 - (table.counts**2).sum(axis=1)) / (raters - 1), dtype=np.float64)[None]
    positions = _positions(margins, table, metric)
    first, second = positions @ table.counts.T, positions**2 @ table.counts.T
    return np.asarray(np.maximum(2 * (raters * second - first**2) / (raters - 1), 0.0), dtype=np.float64)


def _expected(margins: FloatArray, table: RatingTable, metric: str) -> FloatArray:
    """Return the mean distance of two ratings taken from all items."""
    if metric == "nominal":
        return np.asarray(1 - (margins**2).sum(axis=-1), dtype=np.float64)
    positions = _positions(margins, table, metric)
    mean = (margins * positions).sum(axis=-1, keepdims=True)
    return np.asarray(2 * (margins * (positions - mean) ** 2).sum(axis=-1), dtype=np.float64)


def _positions(margins: FloatArray, table: RatingTable, metric: str) -> FloatArray:
    """Return the position of each value between 0 and 1."""
    if metric == "ordinal":
        return np.asarray(np.cumsum(margins, axis=-1) - margins / 2, dtype=np.float64)
    half = table.values / 2  # halved, so that the range of huge values does not overflow
    span = float(half[-1] - half[0])
    return ((half - half[0]) / span if span > 0 else np.zeros(len(half)))[None]


def _slopes(margins: FloatArray, table: RatingTable, metric: str, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the derivatives of the observed and the expected disagreement with respect to the margins."""
    if metric == "nominal":
        return np.zeros(len(margins)), -2 * margins
    positions = _positions(margins[None], table, metric)[0]
    centered = positions - float(margins @ positions)
    expected = 2 * centered**2
    if metric == "interval":
        return np.zeros(len(margins)), expected
    # Ordinal positions move with the margins: dx_k = Σ_{g<k} dπ_g + dπ_k/2.
    raters, by_item = table.raters, table.counts @ positions
    apart = table.counts * (raters[:, None] * positions - by_item[:, None]) * (weight / (raters - 1))[:, None]
    moved = np.tri(len(margins), k=-1) + np.eye(len(margins)) / 2
    return 4 * apart.sum(axis=0) @ moved, expected + 4 * (margins * centered) @ moved
