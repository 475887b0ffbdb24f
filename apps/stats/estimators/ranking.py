"""How well a score puts positives before negatives: the area under the ROC curve, and average precision."""

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import BoolArray, FloatArray, as_binary, as_floats, same_length, sum_by
from apps.stats.estimators.conclusion import Linearised
from apps.stats.estimators.parts import first_code
from apps.stats.estimators.pseudo import PseudoValues
from apps.stats.estimators.scoring import lacks_score
from apps.stats.score_bins import SCORE_BINS


def roc_auc(score: ArrayLike, truth: ArrayLike) -> float | None:
    """Area under the ROC curve of plain rows; ties count half.

    Parameters
    ----------
    score : array (n,)
    truth : array (n,) of 0 or 1

    Returns
    -------
    float or None
        None where there are no positives or no negatives.

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
    # Twice the number of ordered pairs is a whole number: summed without rounding, divided once.
    twice = float(positives @ (2 * np.cumsum(negatives) - negatives))
    pairs = float(positives.sum() * negatives.sum())
    return twice / (2 * pairs) if pairs else None


def average_precision(score: ArrayLike, truth: ArrayLike) -> float | None:
    """Mean over the positives of the precision at their score, Σ (R_k − R_{k−1})·P_k, of plain rows.

    Parameters
    ----------
    score : array (n,)
    truth : array (n,) of 0 or 1

    Returns
    -------
    float or None
        None where there are no positives.

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


def linearise_auc(pseudo: PseudoValues) -> Linearised:
    """AUC of pseudo-truths over the score bins, ties within a bin counting half."""
    expected, positives, counted = _by_bin(pseudo)
    negatives = counted - positives
    share_1, share_0 = _total(positives), _total(negatives)
    has_both = (share_1 > 0) & (share_0 > 0)
    below_0, below_1 = _mid_distribution(negatives), _mid_distribution(positives)
    value = (positives * below_0).sum(axis=1) / _held(share_1)
    size = np.maximum(pseudo.size, 1.0)[:, None]
    at = value[:, None]
    beta = (below_0 - at) / _held(share_1)[:, None] - (1 - below_1 - at) / _held(share_0)[:, None]
    expected_1, expected_0 = _total(expected), _total(counted - expected)
    plug_in = (expected * _mid_distribution(counted - expected)).sum(axis=1) / _held(expected_1)
    codes = [(~(share_1 > 0), "no_positives"), (~(share_0 > 0), "no_negatives")]
    return _linearised(
        pseudo,
        value,
        np.where((expected_1 > 0) & (expected_0 > 0), plug_in, np.nan),
        np.where(has_both[:, None], beta * size, 0.0),
        codes,
    )


def linearise_average_precision(pseudo: PseudoValues) -> Linearised:
    """Average precision of pseudo-truths over the score bins, the precision of a bin taken at its middle.

    Influence of the truth of an item in bin k: N/P·(P_k⁺/n_k⁺ + P_k/2n_k⁺ + Σ_{b<k} P_b/n_b⁺ − AP), where ⁺ counts half
    the bin and all above it.
    """
    expected, positives, counted = _by_bin(pseudo)
    total, above = _total(positives), np.maximum(_mid_from_above(counted), 0.5)
    precision = _mid_from_above(positives) / above
    value = (positives * precision).sum(axis=1) / _held(total)
    shares = positives / above
    beta = precision + np.cumsum(shares, axis=1) - shares / 2 - value[:, None]
    scale = np.where(total > 0, pseudo.size / _held(total), 0.0)
    plug_in = (expected * _mid_from_above(expected) / above).sum(axis=1) / _held(_total(expected))
    return _linearised(
        pseudo,
        value,
        np.where(_total(expected) > 0, plug_in, np.nan),
        beta * scale[:, None],
        [(~(total > 0), "no_positives")],
    )


def _linearised(
    pseudo: PseudoValues,
    value: FloatArray,
    plug_in: FloatArray,
    beta: FloatArray,
    codes: list[tuple[BoolArray, str]],
) -> Linearised:
    """The metric with its influences by part and score bin (parts, bins)."""
    population, sample, by = pseudo.population, pseudo.sample, pseudo.by
    without = lacks_score(pseudo)
    lacking = [(without == code, code) for code in ("no_population", "no_score")]
    return Linearised(
        value=value,
        plug_in=plug_in,
        beta=beta[by.of_items, np.maximum(sample.bin, 0)],
        beta2_odds=beta[by.of_cells, np.maximum(population.bin, 0)] ** 2 * population.sum_odds,
        on_cells=np.ones(len(population.n), dtype=np.bool_),
        on_items=np.ones(len(sample.pi), dtype=np.bool_),
        is_bounded=True,
        codes=first_code(by.number, [*lacking, *codes]),
    )


def _by_score(score: ArrayLike, truth: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Positives and negatives at each distinct score, ascending."""
    scores, true = as_floats("score", score), as_binary("truth", truth)
    same_length(score=scores, truth=true)
    _, place = np.unique(scores, return_inverse=True)
    size = int(place.max(initial=0)) + 1
    return sum_by(place, true, size=size), sum_by(place, 1 - true, size=size)


def _by_bin(pseudo: PseudoValues) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Expected positives, estimated positives, and predictions of each score bin, by part (parts, bins)."""
    population, sample, by = pseudo.population, pseudo.sample, pseudo.by
    of_cells, of_items = np.maximum(population.bin, 0), np.maximum(sample.bin, 0)
    expected = by.tables(of_cells, population.n * pseudo.mean_cells, size=SCORE_BINS, of=by.of_cells)
    moved = by.tables(of_items, pseudo.bracket / sample.pi, size=SCORE_BINS, of=by.of_items)
    return expected, expected + moved, by.tables(of_cells, population.n, size=SCORE_BINS, of=by.of_cells)


def _total(counts: FloatArray) -> FloatArray:
    return np.asarray(counts.sum(axis=1), dtype=np.float64)


def _held(total: FloatArray) -> FloatArray:
    """A divisor: 1 where there is nothing to divide."""
    return np.where(total > 0, total, 1.0)


def _from_above(counts: FloatArray) -> FloatArray:
    """Sum of each bin and all above it, bins last."""
    return np.asarray(np.cumsum(counts[..., ::-1], axis=-1)[..., ::-1], dtype=np.float64)


def _mid_from_above(counts: FloatArray) -> FloatArray:
    """Sum of half of each bin and all above it."""
    return np.asarray(_from_above(counts) - counts / 2, dtype=np.float64)


def _mid_distribution(counts: FloatArray) -> FloatArray:
    return np.asarray((np.cumsum(counts, axis=1) - counts / 2) / _held(_total(counts))[:, None], dtype=np.float64)
