"""Metrics of a table of several classes: one formula each, its gradient by complex step."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apps.stats.arrays import FloatArray
from apps.stats.estimate import Estimate, exactly, missing
from apps.stats.estimators import confusion
from apps.stats.estimators.confusion import Confusion, Corners, undefined

AVERAGES = ("macro", "micro", "weighted")
PER_CLASS = ("precision", "recall", "specificity", "f1")

_STEP = 1e-30

Table = FloatArray | NDArray[np.complex128]


@dataclass(frozen=True)
class TableFormula:
    """A metric as a function of a table of counts or shares; row: predicted, column: true.

    Attributes
    ----------
    evaluated : callable
        Value of a real or complex table.
    needed : callable
        Reason code of a table where the metric divides by nothing, or None.
    is_bounded : bool
        Whether the metric lives in [0, 1].
    """

    evaluated: Callable[[Table], complex]
    needed: Callable[[FloatArray], str | None]
    is_bounded: bool = True

    def value(self, table: FloatArray) -> float:
        """Compute the metric of a table (classes, classes) for which it is defined."""
        # On real numbers, because complex division rounds the last digit.
        return float(np.real(self.evaluated(table)))

    def undefined(self, table: FloatArray) -> str | None:
        """Say why the metric of a table has no value, or return None."""
        return self.needed(table) if table.sum() > 0 else "no_population"

    def gradient(self, table: FloatArray) -> FloatArray:
        """Compute the derivative by each share (classes, classes), exact to rounding."""
        stepped, slopes = table.astype(np.complex128), np.zeros_like(table)
        for place in np.ndindex(*table.shape):
            stepped[place] += 1j * _STEP
            slopes[place] = np.imag(self.evaluated(stepped)) / _STEP
            stepped[place] = table[place]
        return slopes


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
    >>> table = np.array([[3.0, 1.0, 0.0], [0.0, 2.0, 0.0], [1.0, 0.0, 3.0]])
    >>> table_formula("precision", label=0, average=None, classes=3).value(table)
    0.75
    >>> round(table_formula("f1", label=None, average="macro", classes=3).value(table), 4)
    0.8024
    """
    if label is not None and average is not None:
        raise ValueError("label and average exclude each other")
    if label is not None:
        return _of_class(metric, label, classes)
    if average is not None:
        return _averaged(metric, average, classes)
    if metric not in _OF_ALL:
        raise ValueError(f"unknown metric {metric!r}, or it needs a label or an average")
    return _OF_ALL[metric]


def exact_of_table(formula: TableFormula, counts: FloatArray) -> Estimate:
    """Compute the metric of counts (classes, classes) when every outcome is known."""
    n, code = int(counts.sum()), formula.undefined(counts)
    return missing(code, n=n, covered_share=1.0) if code else exactly(formula.value(counts), n=n)


def _of_class(metric: str, label: int, classes: int) -> TableFormula:
    if metric not in confusion.FORMULAS:
        raise ValueError(f"unknown metric {metric!r}; known are {', '.join(confusion.FORMULAS)}")
    if label not in range(classes):
        raise ValueError(f"label must be 0 … {classes - 1}, got {label}")
    formula = confusion.FORMULAS[metric]

    return TableFormula(
        evaluated=lambda table: formula(_corners(table, label)),
        needed=lambda table: undefined(metric, _corners_of(table, label)),
        is_bounded=metric not in confusion.PLAIN_SCALE,
    )


def _averaged(metric: str, average: str, classes: int) -> TableFormula:
    if metric not in PER_CLASS or average not in AVERAGES:
        raise ValueError(f"no {average!r} average of {metric!r}; known are {AVERAGES} of {PER_CLASS}")
    formula = confusion.FORMULAS[metric]

    def evaluated(table: Table) -> complex:
        corners = [_corners(table, label) for label in range(classes)]
        if average == "micro":
            return complex(formula(Corners(*(sum(each) for each in zip(*corners, strict=True)))))
        values = np.array([formula(each) for each in corners])
        shares = table.sum(axis=0) / table.sum() if average == "weighted" else np.full(classes, 1 / classes)
        return complex(values @ shares)

    def needed(table: FloatArray) -> str | None:
        tables = [_corners_of(table, label) for label in range(classes)]
        if average == "micro":
            tables = [Confusion(*np.sum([each.corners for each in tables], axis=0).tolist())]
        codes = (undefined(metric, each) for each in tables)
        return next((code for code in codes if code), None)

    return TableFormula(evaluated, needed)


def _corners(table: Table, label: int) -> Corners:
    tp, predicted, true = table[label, label], table[label].sum(), table[:, label].sum()
    return Corners(tp, predicted - tp, true - tp, table.sum() - predicted - true + tp)


def _corners_of(table: FloatArray, label: int) -> Confusion:
    return Confusion(*(float(np.real(corner)) for corner in _corners(table, label)))


def _accuracy(table: Table) -> complex:
    return complex(np.trace(table) / table.sum())


def _balanced_accuracy(table: Table) -> complex:
    return complex((np.diag(table) / table.sum(axis=0)).mean())


def _kappa(table: Table) -> complex:
    shares = table / table.sum()
    chance = shares.sum(axis=0) @ shares.sum(axis=1)
    return complex((np.trace(shares) - chance) / (1 - chance))


def _mcc(table: Table) -> complex:
    shares = table / table.sum()
    true, predicted = shares.sum(axis=0), shares.sum(axis=1)
    spread = (1 - predicted @ predicted) * (1 - true @ true)
    return complex((np.trace(shares) - predicted @ true) / spread**0.5)


def _every_class_occurs(table: FloatArray) -> str | None:
    return None if (table.sum(axis=0) > 0).all() else "no_positives"


def _varies(table: FloatArray) -> str | None:
    shares = table / table.sum()
    true, predicted = shares.sum(axis=0), shares.sum(axis=1)
    # If all rows are in one class, rounding may leave less than 1.
    return None if max(true @ true, predicted @ predicted) < 1 - 1e-12 else "no_variation"


_OF_ALL: Mapping[str, TableFormula] = {
    "accuracy": TableFormula(_accuracy, lambda _: None),
    "balanced_accuracy": TableFormula(_balanced_accuracy, _every_class_occurs),
    "mcc": TableFormula(_mcc, _varies, is_bounded=False),
    "kappa": TableFormula(_kappa, _varies, is_bounded=False),
}
