"""How often groups of equal score came true, and what the model stated of them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import BoolArray, FloatArray, IntArray, as_ints
from apps.stats.estimate import Estimate
from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.by_chance import joint_level, share_by_chance
from apps.stats.estimators.expected_loss import quantile_bins
from apps.stats.estimators.multiclass import MulticlassEstimator
from apps.stats.estimators.population import Population

GROUPS, BARS = 10, 20


@dataclass(frozen=True)
class ScoreGroup:
    """Predictions with neighboring scores.

    Attributes
    ----------
    low, high : float
        Mean score of its lowest and of its highest score bin.
    size : float
        Predictions.
    stated : float
        Their mean score.
    came_true : Estimate
        Share that came true: of the positive class, or with several classes of the class predicted.
    band : (float, float) or None
        Range of that share that holds for all groups at once, chance included; None without a value.
    """

    low: float
    high: float
    size: float
    stated: float
    came_true: Estimate
    band: tuple[float, float] | None


def decided_from(estimator: BinaryEstimator, first: int) -> BinaryEstimator:
    """Decide "positive" from this score bin on, with the same pseudo-truths; from bin 0 on, all are positive.

    Examples
    --------
    >>> from apps.stats.estimators.sample import Sample
    >>> rows = {"predicted": [0, 1], "score": [0.2, 0.9], "pi": [1.0, 1.0]}
    >>> known = BinaryEstimator(Population.from_rows(**rows), Sample.of(**rows, label=[1, 1]))
    >>> known.estimate("accuracy").value, decided_from(known, 0).estimate("accuracy").value
    (0.5, 1.0)
    """
    population, sample = estimator.cells, estimator.sample
    return replace(
        estimator,
        population=replace(population, predicted=(population.bin >= first).astype(np.int64)),
        sample=replace(sample, predicted=(sample.bin >= first).astype(np.int64)),
        proxy=estimator.fitted,
        overturn=estimator.expected_overturn,
    )


def has_scores(population: Population) -> bool:
    """Tell whether there are predictions, and every one of them has a score."""
    return population.size > 0 and bool((population.bin >= 0).all())


def mean_score(population: Population) -> float:
    """Compute the mean score of all predictions."""
    return float(population.sum_score.sum() / population.size)


def calibration_groups(
    estimator: BinaryEstimator | MulticlassEstimator, *, groups: int = GROUPS
) -> tuple[ScoreGroup, ...]:
    """Estimate how often groups of about equal size came true: of two classes the positive one, else the one predicted.

    Parameters
    ----------
    estimator : BinaryEstimator or MulticlassEstimator
        Estimator of the window.
    groups : int, positive
        Neighboring score bins are joined into at most this many groups.

    Returns
    -------
    tuple of ScoreGroup
        Ascending; empty where some prediction has no score.

    References
    ----------
    Bröcker and Smith (2007), Increasing the reliability of reliability diagrams, for the range of each group.

    Examples
    --------
    >>> from apps.stats.estimators.sample import Sample
    >>> rows = {"predicted": [0, 0, 1, 1], "score": [0.2, 0.2, 0.8, 0.8], "pi": [1.0] * 4}
    >>> known = BinaryEstimator(Population.from_rows(**rows), Sample.of(**rows, label=[0, 1, 1, 1]))
    >>> [(round(each.stated, 2), each.came_true.value) for each in calibration_groups(known, groups=2)]
    [(0.2, 0.5), (0.8, 1.0)]
    """
    if not has_scores(estimator.population):
        return ()
    asked = decided_from(estimator, 0) if isinstance(estimator, BinaryEstimator) else estimator
    ends = quantile_bins(*_by_bin(asked.population), count=groups)
    of_cells, of_items = (np.searchsorted(ends, as_ints("bin", rows.bin)) for rows in (asked.population, asked.sample))
    present = np.unique(of_cells).tolist()
    asked = replace(asked, level=joint_level(len(present), level=estimator.level))
    return tuple(_group(asked, of_cells == group, of_items == group, level=estimator.level) for group in present)


def _by_bin(population: Population) -> tuple[FloatArray, FloatArray]:
    bins, place = np.unique(population.bin, return_inverse=True)
    return bins.astype(np.float64), np.asarray(np.bincount(place, population.n), dtype=np.float64)


def _group(
    asked: BinaryEstimator | MulticlassEstimator, cells: BoolArray, items: BoolArray, *, level: float
) -> ScoreGroup:
    part = asked.restrict(cells=cells, items=items)
    means = part.population.sum_score / np.maximum(part.population.n, 1e-12)
    size = part.population.size
    return ScoreGroup(
        float(means.min()),
        float(means.max()),
        size,
        mean_score(part.population),
        replace(part, level=level).estimate("accuracy"),
        share_by_chance(part.estimate("accuracy"), size=size, level=asked.level),
    )


@dataclass(frozen=True)
class ScoreBar:
    """Predictions of one class with scores in [low, high): their number, and the share of them that is positive."""

    low: float
    high: float
    said: int
    size: float
    positive: Estimate


def score_bars(estimator: BinaryEstimator, edges: ArrayLike) -> Iterator[ScoreBar]:
    """Count predictions by score and predicted class, each score bin at its mean score; nothing without scores."""
    if not has_scores(estimator.population):
        return
    bounds = np.asarray(edges, dtype=np.float64)
    decided, asked = estimator.cells, decided_from(estimator, 0)
    # `decided_from` keeps the order of the compacted cells.
    bar = {int(each): place for each, place in zip(*_bars(decided, bounds), strict=True)}
    of_cells = np.array([bar[each] for each in asked.population.bin.tolist()])
    of_items = np.array([bar[each] for each in asked.sample.bin.tolist()], dtype=np.int64)
    for place in range(len(bounds) - 1):
        for said in (0, 1):
            cells = (of_cells == place) & (decided.predicted == said)
            if cells.any():
                items = (of_items == place) & (estimator.sample.predicted == said)
                part = asked.restrict(cells=cells, items=items)
                yield ScoreBar(
                    float(bounds[place]),
                    float(bounds[place + 1]),
                    said,
                    part.population.size,
                    part.estimate("accuracy"),
                )


def bar_edges(population: Population, *, most: int = BARS) -> FloatArray:
    """Choose round edges of at most so many bars of equal width that hold every mean score of a bin.

    Examples
    --------
    >>> bar_edges(Population.from_rows(predicted=[0, 1], score=[0.02, 0.97], pi=[1.0, 1.0])).round(2).tolist()[:3]
    [0.0, 0.05, 0.1]
    >>> bar_edges(Population.from_rows(predicted=[0, 0], score=[0.001, 0.016], pi=[1.0, 1.0])).round(4).tolist()[-1]
    0.016
    """
    if not has_scores(population):
        return np.zeros(0)
    place = np.unique(population.bin, return_inverse=True)[1]
    means = np.bincount(place, population.sum_score) / np.maximum(np.bincount(place, population.n), 1e-12)
    low, high = float(means.min()), float(means.max())
    steps = (factor * 10.0**power for power in range(-6, 0) for factor in (1, 2, 5))
    step = next((each for each in steps if np.ceil(high / each) - np.floor(low / each) <= most), 0.1)
    first, last = np.floor(low / step + 1e-9), max(np.ceil(high / step - 1e-9), np.floor(low / step + 1e-9) + 1)
    return np.asarray(np.arange(first, last + 1) * step, dtype=np.float64)


def _bars(population: Population, bounds: FloatArray) -> tuple[IntArray, IntArray]:
    """Return the score bins, and the bar that the mean score of each lies in."""
    bins, place = np.unique(population.bin, return_inverse=True)
    means = np.bincount(place, population.sum_score) / np.maximum(np.bincount(place, population.n), 1e-12)
    bars = np.searchsorted(bounds, means, side="right") - 1
    return np.asarray(bins, dtype=np.int64), np.asarray(np.clip(bars, 0, len(bounds) - 2), dtype=np.int64)
