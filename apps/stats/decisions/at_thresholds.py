"""What a model would do at other thresholds: right, precision and recall."""

from dataclasses import dataclass

import numpy as np

from apps.stats.arrays import IntArray
from apps.stats.estimate import Estimate
from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.population import Population
from apps.stats.estimators.score_groups import decided_from, has_scores

METRICS = ("accuracy", "precision", "recall")
MOST = 25


@dataclass(frozen=True)
class AtThreshold:
    """Deciding "positive" from a score on: so many predictions, and the figures."""

    score: float
    above: float
    figures: dict[str, Estimate]


def at_thresholds(estimator: BinaryEstimator, *, most: int = MOST) -> tuple[AtThreshold, ...]:
    """Estimate accuracy, precision and recall at thresholds between score bins.

    Parameters
    ----------
    estimator : BinaryEstimator
        Estimator of the window.
    most : int
        Thresholds at most: half of them evenly over the scores there are, half over the predictions.

    Returns
    -------
    tuple of AtThreshold
        Ascending; empty where some prediction has no score, or all share a score bin.

    Examples
    --------
    >>> from apps.stats.estimators.sample import Sample
    >>> rows = {"predicted": [0, 0, 1, 1], "score": [0.2, 0.4, 0.6, 0.8], "pi": [1.0] * 4}
    >>> known = BinaryEstimator(Population.from_rows(**rows), Sample.of(**rows, label=[0, 1, 0, 1]))
    >>> [(at.above, at.figures["recall"].value) for at in at_thresholds(known)]
    [(3.0, 1.0), (2.0, 0.5), (1.0, 0.5)]
    """
    cells = estimator.cells
    if not has_scores(cells):
        return ()
    found = []
    for first in _chosen(cells, most).tolist():
        decided = decided_from(estimator, first)
        above = float(cells.n[cells.bin >= first].sum())
        figures = {metric: decided.estimate(metric) for metric in METRICS}
        found.append(AtThreshold(float(cells.score_bins.bounds[first]), above, figures))
    return tuple(found)


def _chosen(cells: Population, most: int) -> IntArray:
    """Choose the bins from which on a threshold decides "positive"; the lowest bin is none."""
    bins, place = np.unique(cells.bin, return_inverse=True)
    counts, bounds = np.bincount(place, cells.n), cells.score_bins.bounds[bins]
    if len(bins) <= most:
        return np.asarray(bins[1:])
    half = most // 2
    evenly = np.searchsorted(bounds, np.linspace(bounds[0], bounds[-1], half + 2)[1:-1])
    by_size = np.searchsorted(np.cumsum(counts), counts.sum() * np.arange(1, half + 1) / (half + 1))
    chosen = np.unique(np.concatenate([evenly, by_size]))
    return np.asarray(bins[chosen[(chosen > 0) & (chosen < len(bins))]])
