"""Ranking quality of a score: the area under the ROC curve, and average precision."""

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import FloatArray, as_binary, as_floats, same_length, sum_by
from apps.stats.estimators.conclusion import Linearized
from apps.stats.estimators.confusion_influence import spread_of
from apps.stats.estimators.population import Population
from apps.stats.estimators.pseudo import PseudoValues
from apps.stats.estimators.scoring import lacks_score
from apps.stats.score_bins import SCORE_BINS

# With more of the predictions in one bin, their order within it matters.
LARGEST_SHARE = 0.05
_ONE_SCORE = 1e-11  # Σs² less (Σs)²/n, as a share of Σs², that rounding alone can leave
_NONE = (np.zeros(SCORE_BINS), np.zeros(SCORE_BINS))


def roc_auc(score: ArrayLike, truth: ArrayLike) -> float | None:
    """Compute the area under the ROC curve of plain rows; ties count half.

    Parameters
    ----------
    score : array (n,)
        Higher means more likely positive.
    truth : array (n,) of 0 or 1
        True class of each row.

    Returns
    -------
    float or None
        None without positives or without negatives.

    Raises
    ------
    ValueError
        If lengths differ, a score is nan or a truth is not 0 or 1.

    References
    ----------
    Hanley and McNeil (1982), The meaning and use of the area under a ROC curve.

    Examples
    --------
    >>> roc_auc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])
    0.75
    """
    positives, negatives = _by_score(score, truth)
    # Twice the number of ordered pairs is a whole number, so the sum is exact; divide once.
    twice = float(positives @ (2 * np.cumsum(negatives) - negatives))
    pairs = float(positives.sum() * negatives.sum())
    return twice / (2 * pairs) if pairs else None


def average_precision(score: ArrayLike, truth: ArrayLike) -> float | None:
    """Compute the mean over the positives of the precision at their score, Σ (R_k − R_{k−1})·P_k, of plain rows.

    Parameters
    ----------
    score : array (n,)
        Higher means more likely positive.
    truth : array (n,) of 0 or 1
        True class of each row.

    Returns
    -------
    float or None
        None without positives.

    Raises
    ------
    ValueError
        If lengths differ, a score is nan or a truth is not 0 or 1.

    References
    ----------
    Zhu (2004), Recall, precision and average precision.

    Examples
    --------
    >>> round(average_precision([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]), 4)
    0.8333
    """
    positives, negatives = _by_score(score, truth)
    if not positives.sum():
        return None
    precision = _from_above(positives) / _from_above(positives + negatives)
    return float(positives @ precision / positives.sum())


def linearize_auc(pseudo: PseudoValues) -> Linearized:
    """Linearize the AUC of pseudo-truths over the score bins; ties within a bin count half."""
    expected, positives, counted = _by_bin(pseudo)
    negatives = counted - positives
    sum_1, sum_0 = float(positives.sum()), float(negatives.sum())
    below_0, below_1 = _mid_distribution(negatives), _mid_distribution(positives)
    value = float((positives * below_0).sum()) / _divisor(sum_1)
    if_positive, if_negative = (below_0 - value) / _divisor(sum_1), (1 - below_1 - value) / _divisor(sum_0)
    expected_0 = counted - expected
    return _linearized(
        pseudo,
        value,
        plug_in=(
            float((expected * _mid_distribution(expected_0)).sum()) / float(expected.sum())
            if expected.sum() > 0 and expected_0.sum() > 0
            else None
        ),
        influence=(if_positive, if_negative) if sum_1 > 0 and sum_0 > 0 else _NONE,
        totals=(positives, negatives),
        trials=2,
        code=None if sum_1 > 0 and sum_0 > 0 else "no_negatives" if sum_1 > 0 else "no_positives",
    )


def linearize_average_precision(pseudo: PseudoValues) -> Linearized:
    """Linearize the average precision of pseudo-truths over the score bins; a bin's precision is that at its middle.

    Influence of the truth of an item in bin k: N/P·(P_k⁺/n_k⁺ + P_k/2n_k⁺ + Σ_{b<k} P_b/n_b⁺ − AP), where ⁺ counts half
    the bin and all above it.
    """
    expected, positives, counted = _by_bin(pseudo)
    total, above = float(positives.sum()), np.maximum(_mid_from_above(counted), 0.5)
    precision = _mid_from_above(positives) / above
    value = float((positives * precision).sum()) / _divisor(total)
    shares = positives / above
    if_positive = precision + np.cumsum(shares) - shares / 2 - value
    # Any prediction lowers the precision at its score and below; a draw of equal chances does not know their number.
    drop = np.cumsum(shares * precision) - shares * precision / 2
    plug_in = float((expected * _mid_from_above(expected) / above).sum()) / _divisor(float(expected.sum()))
    return _linearized(
        pseudo,
        value,
        plug_in=plug_in if expected.sum() > 0 else None,
        influence=((if_positive - drop) / _divisor(total), -drop / _divisor(total)) if total > 0 else _NONE,
        totals=(positives, counted - positives),
        code=None if total > 0 else "no_positives",
    )


def lacks_order(population: Population) -> str | None:
    """Say why the bins do not tell the order of the scores, or return None.

    A bin of one score loses nothing: its predictions are ties.

    Returns
    -------
    str or None
        `coarse_score`: different scores of more than 5 % of the predictions share a bin.

    Examples
    --------
    >>> cells = Population.from_rows(predicted=[0, 0, 1], score=[0.501, 0.502, 0.9], pi=[1, 1, 1])
    >>> lacks_order(cells)
    'coarse_score'
    >>> lacks_order(cells.where(cells.bin > 150))
    """
    bins = np.maximum(population.bin, 0)
    sums = (population.n, population.sum_score, population.sum_score2)
    n, total, squares = (sum_by(bins, each, size=SCORE_BINS) for each in sums)
    differ = n * squares - total**2 > _ONE_SCORE * n * squares
    return "coarse_score" if (differ & (n > LARGEST_SHARE * n.sum())).any() else None


def _linearized(
    pseudo: PseudoValues,
    value: float,
    *,
    plug_in: float | None,
    influence: tuple[FloatArray, FloatArray],
    totals: tuple[FloatArray, FloatArray],
    trials: int = 1,
    code: str | None,
) -> Linearized:
    """Spread the influence of each score bin (bins,) over its cells and items.

    `influence` is u of a prediction if its truth is 1 and if it is 0, on the scale of a total, and `totals` are the
    predictions of each kind.
    """
    population, sample, size = pseudo.population, pseudo.sample, max(pseudo.population.size, 1.0)
    beta, if_negative = (influence[0] - influence[1]) * size, influence[1] * size
    return Linearized(
        value=value,
        plug_in=plug_in,
        beta_cells=beta[np.maximum(population.bin, 0)],
        beta=beta[np.maximum(sample.bin, 0)],
        certain_cells=if_negative[np.maximum(population.bin, 0)],
        certain=if_negative[np.maximum(sample.bin, 0)],
        on_cells=np.ones(len(population.n), dtype=np.bool_),
        on_items=np.ones(len(sample.pi), dtype=np.bool_),
        spread=spread_of(np.concatenate(influence) * size, np.concatenate(totals) / size),
        trials=trials,
        code=lacks_score(pseudo) or code or lacks_order(population),
    )


def _by_score(score: ArrayLike, truth: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Count positives and negatives at each distinct score, ascending."""
    scores, true = as_floats("score", score), as_binary("truth", truth)
    same_length(score=scores, truth=true)
    _, place = np.unique(scores, return_inverse=True)
    size = int(place.max(initial=0)) + 1
    return sum_by(place, true, size=size), sum_by(place, 1 - true, size=size)


def _by_bin(pseudo: PseudoValues) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Compute expected positives, estimated positives and predictions of each score bin."""
    population, sample = pseudo.population, pseudo.sample
    of_cells, of_items = np.maximum(population.bin, 0), np.maximum(sample.bin, 0)
    expected = sum_by(of_cells, population.n * pseudo.mean_cells, size=SCORE_BINS)
    corrections = sum_by(of_items, pseudo.bracket / sample.overall, size=SCORE_BINS)
    return expected, expected + corrections, sum_by(of_cells, population.n, size=SCORE_BINS)


def _divisor(total: float) -> float:
    """Return a divisor: 1 where there is nothing to divide."""
    return total if total > 0 else 1.0


def _from_above(counts: FloatArray) -> FloatArray:
    """Sum each bin and all above it."""
    return np.asarray(np.cumsum(counts[::-1])[::-1], dtype=np.float64)


def _mid_from_above(counts: FloatArray) -> FloatArray:
    """Sum half of each bin and all above it."""
    return np.asarray(_from_above(counts) - counts / 2, dtype=np.float64)


def _mid_distribution(counts: FloatArray) -> FloatArray:
    """Compute the share below each bin, half of the bin included."""
    return np.asarray((np.cumsum(counts) - counts / 2) / _divisor(float(counts.sum())), dtype=np.float64)
