"""Metrics of a two-by-two confusion table: one formula each, its gradient by complex step."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from apps.stats.arrays import LARGEST, FloatArray, as_bools, as_floats, same_length

_STEP = 1e-30  # of the complex-step derivative, which has no subtraction and so no rounding


class Corners(NamedTuple):
    """The four corners as a formula sees them, complex when it is differentiated."""

    tp: Any
    fp: Any
    fn: Any
    tn: Any


#: A metric as a formula of the corners. It must be analytic: no `abs`, `min` or comparison.
Formula = Callable[[Corners], Any]
#: A name in `FORMULAS`, or a custom formula.
Metric = str | Formula


@dataclass(frozen=True)
class Confusion:
    """Counts, or shares, of true and false positives and negatives.

    Attributes
    ----------
    tp, fp, fn, tn : float
        True positives, false positives, false negatives, true negatives.

    Raises
    ------
    ValueError
        If one of them is not finite or too large.

    Examples
    --------
    >>> Confusion(tp=3, fp=1, fn=2, tn=4).size
    10
    """

    tp: float
    fp: float
    fn: float
    tn: float

    def __post_init__(self) -> None:
        as_floats("tp, fp, fn and tn", self.corners, largest=LARGEST)

    @property
    def size(self) -> float:
        """tp + fp + fn + tn."""
        return self.tp + self.fp + self.fn + self.tn

    @property
    def corners(self) -> Corners:
        """The four numbers as a formula takes them."""
        return Corners(self.tp, self.fp, self.fn, self.tn)


def accuracy(c: Corners) -> Any:
    """Compute the share of correct predictions.

    >>> accuracy(Corners(3, 1, 2, 4))
    0.7
    """
    return (c.tp + c.tn) / (c.tp + c.fp + c.fn + c.tn)


def precision(c: Corners) -> Any:
    """Compute the share of predicted positives that are positive.

    >>> precision(Corners(3, 1, 2, 4))
    0.75
    """
    return c.tp / (c.tp + c.fp)


def recall(c: Corners) -> Any:
    """Compute the share of positives that are predicted positive.

    >>> recall(Corners(3, 1, 2, 4))
    0.6
    """
    return c.tp / (c.tp + c.fn)


def specificity(c: Corners) -> Any:
    """Compute the share of negatives that are predicted negative.

    >>> specificity(Corners(3, 1, 2, 4))
    0.8
    """
    return c.tn / (c.tn + c.fp)


def f1(c: Corners) -> Any:
    """Compute the harmonic mean of precision and recall.

    >>> f1(Corners(3, 1, 1, 4))
    0.75
    """
    return 2 * c.tp / (2 * c.tp + c.fp + c.fn)


def balanced_accuracy(c: Corners) -> Any:
    """Compute the mean of recall and specificity.

    >>> balanced_accuracy(Corners(3, 1, 1, 3))
    0.75
    """
    return (recall(c) + specificity(c)) / 2


def mcc(c: Corners) -> Any:
    """Compute the Matthews correlation coefficient.

    >>> mcc(Corners(3, 1, 1, 3))
    0.5
    """
    root = ((c.tp + c.fp) * (c.tp + c.fn) * (c.tn + c.fp) * (c.tn + c.fn)) ** 0.5
    return (c.tp * c.tn - c.fp * c.fn) / root


def kappa(c: Corners) -> Any:
    """Compute Cohen's κ between prediction and truth.

    >>> kappa(Corners(3, 1, 1, 3))
    0.5
    """
    apart = (c.tp + c.fp) * (c.fp + c.tn) + (c.tp + c.fn) * (c.fn + c.tn)
    return 2 * (c.tp * c.tn - c.fn * c.fp) / apart


FORMULAS: Mapping[str, Formula] = {
    "accuracy": accuracy,
    "precision": precision,
    "recall": recall,
    "specificity": specificity,
    "f1": f1,
    "balanced_accuracy": balanced_accuracy,
    "mcc": mcc,
    "kappa": kappa,
}
PLAIN_SCALE = frozenset({"mcc", "kappa"})
PROPORTIONS = frozenset({"accuracy", "precision", "recall", "specificity"})

_NEEDS: Mapping[str, tuple[str, ...]] = {
    "accuracy": (),
    "precision": ("predicted_positives",),
    "recall": ("positives",),
    "specificity": ("negatives",),
    "f1": ("positives",),
    "balanced_accuracy": ("positives", "negatives"),
    "mcc": ("positives", "negatives", "predicted_positives", "predicted_negatives"),
    "kappa": ("positives", "negatives"),
}


def undefined(metric: Metric, table: Confusion) -> str | None:
    """Say why the metric of a table has no value, or return None.

    Parameters
    ----------
    metric : str or formula
        A name in `FORMULAS`, or a custom formula.
    table : Confusion
        Counts or shares.

    Returns
    -------
    str or None
        `undefined` where a custom formula gives no finite number.

    Raises
    ------
    ValueError
        If the metric is unknown.

    Examples
    --------
    >>> undefined("recall", Confusion(0, 1, 0, 9)), undefined("accuracy", Confusion(0, 1, 0, 9))
    ('no_positives', None)
    >>> undefined(lambda c: c.tp / c.fp, Confusion(1, 0, 0, 9))
    'undefined'
    """
    formula_of(metric)
    if not table.size > 1e-100:  # below, squares of shares would underflow
        return "no_population"
    if not isinstance(metric, str):
        numbers = np.array([evaluate(metric, table), *gradient(metric, table)])
        return None if (np.abs(numbers) <= LARGEST**2).all() else "undefined"
    margins = {
        "positives": table.tp + table.fn,
        "negatives": table.tn + table.fp,
        "predicted_positives": table.tp + table.fp,
        "predicted_negatives": table.tn + table.fn,
    }
    # A margin this small is a rounding error, nothing to divide by.
    return next((f"no_{name}" for name in _NEEDS[metric] if not margins[name] > 1e-14 * table.size), None)


def formula_of(metric: Metric) -> Formula:
    """Look up the formula of a metric.

    Raises
    ------
    ValueError
        If the metric is unknown.

    Examples
    --------
    >>> formula_of("recall")(Corners(3, 1, 2, 4))
    0.6
    """
    if not isinstance(metric, str):
        return metric
    if metric not in FORMULAS:
        raise ValueError(f"unknown metric {metric!r}; known are {', '.join(FORMULAS)}")
    return FORMULAS[metric]


def evaluate(metric: Metric, table: Confusion) -> float:
    """Compute the metric of a table; nan where it has none.

    Examples
    --------
    >>> evaluate("precision", Confusion(3, 1, 2, 4))
    0.75
    """
    return float(np.real(_applied(metric, np.array(table.corners, dtype=np.float64))))


def gradient(metric: Metric, table: Confusion) -> FloatArray:
    """Compute the derivatives by tp, fp, fn and tn, exact to rounding.

    References
    ----------
    Squire and Trapp (1998), Using complex variables to estimate derivatives of real functions.

    Examples
    --------
    >>> gradient("precision", Confusion(3, 1, 2, 4)).tolist()
    [0.0625, -0.1875, 0.0, 0.0]
    """
    steps = np.array(table.corners) + 1j * _STEP * np.eye(4)
    return np.array([np.imag(_applied(metric, corners)) / _STEP for corners in steps], dtype=np.float64)


def _applied(metric: Metric, corners: NDArray[np.float64] | NDArray[np.complex128]) -> Any:
    """Apply the formula to four numbers; nan where it divides by nothing."""
    with np.errstate(all="ignore"):
        try:
            return formula_of(metric)(Corners(*corners))
        except ArithmeticError:
            return math.nan


def confusion_of(predicted: ArrayLike, truth: ArrayLike) -> Confusion:
    """Count plain rows (n,) of 0 and 1.

    Raises
    ------
    ValueError
        If lengths differ or a value is not 0 or 1.

    Examples
    --------
    >>> confusion_of([1, 1, 0], [1, 0, 0])
    Confusion(tp=1, fp=1, fn=0, tn=1)
    """
    positive, true = as_bools("predicted", predicted), as_bools("truth", truth)
    same_length(predicted=positive, truth=true)
    return Confusion(
        int((positive & true).sum()),
        int((positive & ~true).sum()),
        int((~positive & true).sum()),
        int((~positive & ~true).sum()),
    )
