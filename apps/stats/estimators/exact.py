"""Figures of plain rows: exact when every outcome is known, uncorrected when the rows are answered items."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import as_binary, as_floats
from apps.stats.estimate import Estimate, exactly, missing
from apps.stats.estimators.calibration import expected_calibration_error
from apps.stats.estimators.confusion import (
    FORMULAS,
    PROPORTIONS,
    Confusion,
    Metric,
    confusion_of,
    evaluate,
    undefined,
)
from apps.stats.estimators.confusion_influence import limits
from apps.stats.estimators.ranking import average_precision, roc_auc
from apps.stats.estimators.scoring import brier_score, log_loss
from apps.stats.intervals import wilson_interval

OF_SCORE: Mapping[str, Callable[[ArrayLike, ArrayLike], float | None]] = {
    "auc": roc_auc,
    "average_precision": average_precision,
    "brier": brier_score,
    "log_loss": log_loss,
    "ece": expected_calibration_error,
}

METRICS = (*FORMULAS, *OF_SCORE)


def exact_figure(metric: Metric, *, predicted: ArrayLike, truth: ArrayLike, score: ArrayLike | None = None) -> Estimate:
    """Compute a metric of rows whose outcomes are all known: low = value = high.

    Parameters
    ----------
    metric : str or formula
        A name in `METRICS`, or a custom formula of the four corners.
    predicted, truth : array (n,) of 0 or 1
        Predicted and true class of each row.
    score : array (n,), optional
        Predicted probabilities, for metrics of the score; any nan gives `no_score`.

    Returns
    -------
    Estimate
        Method "exact", or a reason code.

    Raises
    ------
    ValueError
        If the metric is unknown, lengths differ, or a class is not 0 or 1.

    Examples
    --------
    >>> exact_figure("recall", predicted=[1, 0, 1], truth=[1, 1, 0]).value
    0.5
    >>> exact_figure("auc", predicted=[1, 0], truth=[1, 0]).code
    'no_score'
    """
    value, code, n = _figure(metric, predicted, truth, score)
    return missing(code, n=n, covered_share=1.0) if value is None else exactly(value, n=n)


def uncorrected_figure(
    metric: Metric, *, predicted: ArrayLike, truth: ArrayLike, score: ArrayLike | None = None
) -> Estimate:
    """Compute the metric of the answered items as if they were the population, to show what the weights correct.

    Parameters
    ----------
    metric, predicted, truth, score
        As for `exact_figure`.

    Returns
    -------
    Estimate
        Method "uncorrected", with Wilson's interval for a proportion and none for other metrics.

    Raises
    ------
    ValueError
        If the metric is unknown, lengths differ, or a class is not 0 or 1.

    Examples
    --------
    >>> figure = uncorrected_figure("accuracy", predicted=[1, 1, 0, 0], truth=[1, 0, 0, 0])
    >>> figure.value, round(figure.low, 3), round(figure.high, 3)
    (0.75, 0.301, 0.954)
    """
    value, code, n = _figure(metric, predicted, truth, score)
    if value is None:
        return missing(code, n=n)
    low, high = None, None
    if isinstance(metric, str) and metric in PROPORTIONS:
        trials = _trials(metric, confusion_of(predicted, truth))
        low, high = wilson_interval(round(value * trials), trials)
        n = trials
    return Estimate(value, low, high, "uncorrected", n)


def worst_case_bounds(
    metric: str, table: Confusion, *, answered_positive: float, answered_negative: float
) -> tuple[float, float]:
    """Bound the metric over everything that the unanswered items could be.

    Parameters
    ----------
    metric : str
        accuracy, precision, recall, specificity or f1, whose extremes lie at the corners.
    table : Confusion
        Estimated shares or counts.
    answered_positive, answered_negative : float, in [0, 1]
        Response rate among predicted positives and negatives.

    Returns
    -------
    low, high : float

    Raises
    ------
    ValueError
        If the metric is another one or a rate is outside [0, 1].

    References
    ----------
    Horowitz and Manski (2000), Nonparametric analysis of randomized experiments with missing data.

    Examples
    --------
    >>> table = Confusion(40, 10, 5, 45)
    >>> bounds = worst_case_bounds("accuracy", table, answered_positive=0.9, answered_negative=1.0)
    >>> [round(end, 3) for end in bounds]
    [0.81, 0.86]
    """
    if metric not in (*PROPORTIONS, "f1"):
        raise ValueError(f"no worst-case bounds for {metric!r}")
    if not (0 <= answered_positive <= 1 and 0 <= answered_negative <= 1):
        raise ValueError("answered_positive and answered_negative must be in [0, 1]")
    tp, fp, fn, tn = (max(count, 0.0) for count in table.corners)
    answered = Confusion(tp * answered_positive, fp * answered_positive, fn * answered_negative, tn * answered_negative)
    return limits(
        metric,
        answered,
        open_positive=(tp + fp) * (1 - answered_positive),
        open_negative=(tn + fn) * (1 - answered_negative),
    )


def _figure(
    metric: Metric, predicted: ArrayLike, truth: ArrayLike, score: ArrayLike | None
) -> tuple[float | None, str, int]:
    """Return value, reason code and number of rows."""
    true = as_binary("truth", truth)
    n = len(true)
    if isinstance(metric, str) and metric not in METRICS:
        raise ValueError(f"unknown metric {metric!r}; known are {', '.join(METRICS)}")
    if n == 0:
        return None, "no_labels", 0
    if not isinstance(metric, str) or metric in FORMULAS:
        table = confusion_of(predicted, true)
        code = undefined(metric, table)
        return (None, code, n) if code else (evaluate(metric, table), "", n)
    scores = np.full(n, np.nan) if score is None else as_floats("score", score, length=n, allow_nan=True)
    if np.isnan(scores).any():
        return None, "no_score", n
    value = OF_SCORE[metric](scores, true)
    return value, "no_negatives" if true.all() else "no_positives", n


def _trials(metric: str, table: Confusion) -> int:
    """Count the rows that a proportion divides by."""
    trials = {
        "accuracy": table.size,
        "precision": table.tp + table.fp,
        "recall": table.tp + table.fn,
        "specificity": table.tn + table.fp,
    }
    return int(trials[metric])
