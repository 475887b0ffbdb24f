"""Metrics of the confusion table of pseudo-truths: their influences, and what they can be at all."""

import math

import numpy as np

from apps.stats.arrays import BoolArray, FloatArray
from apps.stats.estimators.conclusion import NO_LIMITS, Linearized
from apps.stats.estimators.confusion import PLAIN_SCALE, Confusion, Metric, evaluate, gradient, undefined
from apps.stats.estimators.pseudo import PseudoValues
from apps.stats.intervals import UNIT, Limits


def linearize(metric: Metric, pseudo: PseudoValues) -> Linearized:
    """Linearize a metric of pseudo-truths; predicted classes are 0 and 1."""
    expected, table = expected_and_estimated(pseudo)
    code = undefined(metric, table)
    plug_in = None if undefined(metric, expected) else evaluate(metric, expected)
    slopes = np.zeros(4) if code else gradient(metric, table)
    by_prediction = _by_prediction(slopes)
    beta_cells = by_prediction[pseudo.population.predicted]
    beta_items = by_prediction[pseudo.sample.predicted]
    return Linearized(
        value=evaluate(metric, table),
        plug_in=plug_in,
        beta_cells=beta_cells,
        beta=beta_items,
        certain_cells=_if_negative(slopes)[pseudo.population.predicted],
        certain=_if_negative(slopes)[pseudo.sample.predicted],
        beta_plug_in=None
        if plug_in is None
        else _by_prediction(gradient(metric, expected))[pseudo.population.predicted],
        # Where no label can change the metric (precision: predicted negatives), none is needed.
        on_cells=beta_cells != 0,
        on_items=beta_items != 0,
        spread=spread_of(slopes, np.array(table.corners)) * _share_of(pseudo, beta_cells != 0),
        limits=limits_of(metric, pseudo),
        is_share=isinstance(metric, str) and metric not in PLAIN_SCALE,
        code=code,
    )


def _by_prediction(slopes: FloatArray) -> FloatArray:
    """Return what a truth of 1 adds to the metric where the prediction is 0, and where it is 1."""
    by_tp, by_fp, by_fn, by_tn = slopes
    return np.array([by_fn - by_tn, by_tp - by_fp])


def _if_negative(slopes: FloatArray) -> FloatArray:
    """Return the influence of a prediction of 0, and of 1, whose truth is 0."""
    _, by_fp, _, by_tn = slopes
    return np.array([by_tn, by_fp])


def spread_of(slopes: FloatArray, shares: FloatArray) -> float:
    """Compute the variance of the linearized metric over the population, given its slope and the share of each corner.

    >>> spread_of(np.array([0.5, -0.5]), np.array([0.5, 0.5]))
    0.25
    """
    held = np.maximum(shares, 0.0)
    mean = float((held * slopes).sum())
    return max(float((held * slopes**2).sum()) - mean**2, 0.0)


def _share_of(pseudo: PseudoValues, on_cells: BoolArray) -> float:
    cells = pseudo.population
    return float(cells.n[on_cells].sum()) / max(cells.size, 1.0)


def limits_of(metric: Metric, pseudo: PseudoValues) -> Limits:
    """Bound a metric by what is certain: the labels that are not could all say one thing or the other."""
    if not isinstance(metric, str):
        return NO_LIMITS
    if metric in PLAIN_SCALE:
        return -1.0, 1.0
    known, positive = pseudo.sample.constant, pseudo.sample.predicted == 1
    true = pseudo.sample.truth == 1
    cells = pseudo.population
    certain = Confusion(
        *(
            float((known & corner).sum())
            for corner in (positive & true, positive & ~true, ~positive & true, ~positive & ~true)
        )
    )
    return limits(
        metric,
        certain,
        open_positive=float(cells.n[cells.predicted == 1].sum()) - certain.tp - certain.fp,
        open_negative=float(cells.n[cells.predicted == 0].sum()) - certain.fn - certain.tn,
    )


def limits(metric: str, certain: Confusion, *, open_positive: float, open_negative: float) -> Limits:
    """Bound a metric in [0, 1] over everything that the open predictions could turn out to be.

    Parameters
    ----------
    metric : str
        A name in `FORMULAS`, but not mcc or kappa, whose extremes do not lie at the corners.
    certain : Confusion
        Counts, or shares, that are known.
    open_positive, open_negative : float, not negative
        Predicted positives and negatives whose truth is not known, in the same unit.

    Returns
    -------
    low, high : float
        0 and 1 where the metric may be undefined.

    References
    ----------
    Horowitz and Manski (2000), Nonparametric analysis of randomized experiments with missing data.

    Examples
    --------
    >>> limits("precision", Confusion(30, 10, 5, 45), open_positive=10, open_negative=0)
    (0.6, 0.8)
    """
    if metric == "balanced_accuracy":
        parts = [
            limits(part, certain, open_positive=open_positive, open_negative=open_negative)
            for part in ("recall", "specificity")
        ]
        return sum(low for low, _ in parts) / 2, sum(high for _, high in parts) / 2
    tp, fp, fn, tn = certain.corners
    plus, minus = max(open_positive, 0.0), max(open_negative, 0.0)
    corners = [
        Confusion(tp + plus * a, fp + plus * (1 - a), fn + minus * b, tn + minus * (1 - b))
        for a in (0.0, 1.0)
        for b in (0.0, 1.0)
    ]
    # Without positives, F1 is 0 and not undefined as long as some are predicted.
    values = [evaluate(metric, corner) for corner in corners]
    return UNIT if any(map(math.isnan, values)) else (min(values), max(values))


def expected_and_estimated(pseudo: PseudoValues) -> tuple[Confusion, Confusion]:
    """Compute the shares in each corner: as the proxy expects them, and as estimated."""
    cells, size = pseudo.population, max(pseudo.population.size, 1.0)
    positive, is_positive_item = cells.predicted == 1, pseudo.sample.predicted == 1
    predicted_1, predicted_0 = (float((mask * cells.n).sum()) for mask in (positive, ~positive))

    def shares(tp: float, fn: float) -> Confusion:
        return Confusion(tp / size, (predicted_1 - tp) / size, fn / size, (predicted_0 - fn) / size)

    expected = shares(pseudo.plug_in(positive * cells.n), pseudo.plug_in(~positive * cells.n))
    return expected, shares(
        pseudo.total(positive * cells.n, is_positive_item), pseudo.total(~positive * cells.n, ~is_positive_item)
    )
