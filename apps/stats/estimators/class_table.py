"""Metrics of a table of several classes: one formula each, with its derivatives and limits in closed form."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from apps.stats.arrays import FloatArray, IntArray
from apps.stats.estimate import Estimate, exactly, missing
from apps.stats.estimators.class_margins import Margins, Slopes
from apps.stats.estimators.class_rates import RATES, Counts, Rate
from apps.stats.intervals import UNIT, Limits

AVERAGES = ("macro", "micro", "weighted")
CORRELATION: Limits = (-1.0, 1.0)


@dataclass(frozen=True)
class TableFormula:
    """A metric as a function of the margins.

    Attributes
    ----------
    value : callable
        The metric of margins for which it is defined.
    slopes : callable
        Its derivatives there.
    needed : callable
        Reason code of margins where the metric divides by nothing, or None.
    limits : callable
        What the metric can be, given the margins of what is certain and the other predictions of each class.
    is_share : bool
        Whether the metric lives in [0, 1].
    """

    value: Callable[[Margins], float]
    slopes: Callable[[Margins], Slopes]
    needed: Callable[[Margins], str | None]
    limits: Callable[[Margins, FloatArray], Limits]
    is_share: bool = True

    def undefined(self, margins: Margins) -> str | None:
        """Say why the metric has no value, or return None."""
        return self.needed(margins) if margins.size > 0 else "no_population"


def table_formula(metric: str, *, label: int | None, average: str | None, classes: int) -> TableFormula:
    """Look up the formula of a metric of several classes.

    Parameters
    ----------
    metric : str
        accuracy, balanced_accuracy, mcc or kappa; with a label or an average, precision, recall, specificity or f1.
    label : int or None
        The class that counts as positive, against the rest.
    average : str or None
        macro, micro, or weighted by the share of each class in the truth.
    classes : int
        Number of classes.

    Returns
    -------
    TableFormula

    Raises
    ------
    ValueError
        If the metric or average is unknown, or a label is missing or out of range.

    References
    ----------
    Gorodkin (2004), Comparing two K-category assignments by a K-category correlation coefficient, for mcc.

    Examples
    --------
    >>> rows = Margins.of_rows(np.array([0, 0, 1, 1, 2]), np.array([0, 1, 1, 1, 0]), classes=3)
    >>> table_formula("precision", label=0, average=None, classes=3).value(rows)
    0.5
    >>> round(table_formula("f1", label=None, average="weighted", classes=3).value(rows), 4)
    0.68
    """
    if label is not None and average is not None:
        raise ValueError("label and average exclude each other")
    if label is None and average is None:
        if metric not in _OF_ALL:
            raise ValueError(f"unknown metric {metric!r}, or it needs a label or an average")
        return _OF_ALL[metric]
    if metric not in RATES:
        raise ValueError(f"unknown metric {metric!r}; known are {', '.join(RATES)}")
    if label is not None:
        if label not in range(classes):
            raise ValueError(f"label must be 0 … {classes - 1}, got {label}")
        return _of_class(RATES[metric], np.array([label]))
    if average not in AVERAGES:
        raise ValueError(f"no {average!r} average; known are {', '.join(AVERAGES)}")
    return _pooled(RATES[metric]) if average == "micro" else _averaged(RATES[metric], average)


def exact_of_table(formula: TableFormula, counts: Margins) -> Estimate:
    """Compute the metric of counts when every outcome is known."""
    n, code = int(counts.size), formula.undefined(counts)
    return missing(code, n=n, covered_share=1.0) if code else exactly(formula.value(counts), n=n)


def _of_class(rate: Rate, label: IntArray) -> TableFormula:
    def slopes(margins: Margins) -> Slopes:
        only, zeros = rate.of(margins.each(label)), np.zeros((3, len(margins.true)))
        zeros[:, label] = only.by_predicted, only.by_true, only.by_right
        return Slopes(*zeros)

    def limits(certain: Margins, left: FloatArray) -> Limits:
        low, high = rate.limits(certain.each(label), left[label], left.sum())
        return float(low[0]), float(high[0])

    return TableFormula(
        value=lambda margins: float(rate.of(margins.each(label)).value[0]),
        slopes=slopes,
        needed=lambda margins: rate.undefined(margins.each(label)),
        limits=limits,
    )


def _averaged(rate: Rate, average: str) -> TableFormula:
    def weights(margins: Margins) -> FloatArray:
        of_true = margins.true if average == "weighted" else np.ones_like(margins.true)
        return np.asarray(of_true / of_true.sum(), dtype=np.float64)

    def slopes(margins: Margins) -> Slopes:
        each, weight = rate.of(margins.each()), weights(margins)
        by_weight = each.value / margins.size if average == "weighted" else 0.0
        return Slopes(weight * each.by_predicted, weight * each.by_true + by_weight, weight * each.by_right)

    def limits(certain: Margins, left: FloatArray) -> Limits:
        if average == "weighted":
            return UNIT
        low, high = rate.limits(certain.each(), left, left.sum())
        return float(low.mean()), float(high.mean())

    return TableFormula(
        value=lambda margins: float(rate.of(margins.each()).value @ weights(margins)),
        slopes=slopes,
        needed=lambda margins: rate.undefined(margins.each()),
        limits=limits,
    )


def _pooled(rate: Rate) -> TableFormula:
    """Pool the decisions on all classes; of their counts, only how many are right can vary."""

    def counts(margins: Margins) -> Counts:
        each = margins.each()
        right, predicted, true = (np.array([part.sum()]) for part in (each.right, each.predicted, each.true))
        return Counts(right, predicted, true, size=len(each.true) * margins.size)

    def slopes(margins: Margins) -> Slopes:
        nothing = np.zeros_like(margins.true)
        return Slopes(nothing, nothing, nothing + rate.of(counts(margins)).by_right)

    def limits(certain: Margins, left: FloatArray) -> Limits:
        wrong = Margins(certain.right, certain.predicted + left, certain.true + left)
        ends = (wrong, Margins(certain.right + left, wrong.predicted, wrong.true))
        low, high = (float(rate.of(counts(end)).value[0]) for end in ends)
        return low, high

    return TableFormula(
        value=lambda margins: float(rate.of(counts(margins)).value[0]),
        slopes=slopes,
        needed=lambda margins: rate.undefined(counts(margins)),
        limits=limits,
    )


def _accuracy(margins: Margins) -> float:
    return float(margins.right.sum() / margins.size)


def _accuracy_slopes(margins: Margins) -> Slopes:
    nothing = np.zeros_like(margins.true)
    return Slopes(nothing, nothing, nothing + 1 / margins.size)


def _accuracy_limits(certain: Margins, left: FloatArray) -> Limits:
    right, rest = float(certain.right.sum()), float(left.sum())
    return right / (certain.size + rest), (right + rest) / (certain.size + rest)


def _kappa(margins: Margins) -> float:
    right, predicted, true = margins.shares
    chance = predicted @ true
    return float((right - chance) / (1 - chance))


def _kappa_slopes(margins: Margins) -> Slopes:
    right, predicted, true = margins.shares
    apart = 1 - predicted @ true
    by_chance = (right - 1) / apart**2
    slopes = (true * by_chance, predicted * by_chance, np.full_like(true, 1 / apart))
    return Slopes(*(slope / margins.size for slope in slopes))


def _mcc(margins: Margins) -> float:
    right, predicted, true = margins.shares
    return float((right - predicted @ true) / ((1 - predicted @ predicted) * (1 - true @ true)) ** 0.5)


def _mcc_slopes(margins: Margins) -> Slopes:
    right, predicted, true = margins.shares
    of_predicted, of_true = 1 - predicted @ predicted, 1 - true @ true
    beyond, root = right - predicted @ true, (of_predicted * of_true) ** 0.5
    slopes = (beyond / of_predicted * predicted - true, beyond / of_true * true - predicted, np.ones_like(true))
    return Slopes(*(slope / root / margins.size for slope in slopes))


def _varies(margins: Margins) -> str | None:
    _, predicted, true = margins.shares
    # If all rows are in one class, rounding may leave less than 1.
    return None if max(true @ true, predicted @ predicted) < 1 - 1e-12 else "no_variation"


def _correlation_limits(_certain: Margins, _left: FloatArray) -> Limits:
    return CORRELATION


_OF_ALL: Mapping[str, TableFormula] = {
    "accuracy": TableFormula(_accuracy, _accuracy_slopes, lambda _: None, _accuracy_limits),
    "balanced_accuracy": _averaged(RATES["recall"], "macro"),
    "mcc": TableFormula(_mcc, _mcc_slopes, _varies, _correlation_limits, is_share=False),
    "kappa": TableFormula(_kappa, _kappa_slopes, _varies, _correlation_limits, is_share=False),
}
