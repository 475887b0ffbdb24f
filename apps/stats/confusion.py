"""Metrics of a two-by-two confusion table: each one formula, its gradient by complex step."""

from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import FloatArray, as_bools, same_length
from apps.stats.pseudo import Linearised, PseudoValues

_STEP = 1e-30  # of the complex-step derivative: no subtraction, so no rounding


class Corners(NamedTuple):
    """The four corners as a formula sees them: complex, so that it can be differentiated."""

    tp: complex
    fp: complex
    fn: complex
    tn: complex


Formula = Callable[[Corners], complex]


@dataclass(frozen=True)
class Confusion:
    """Counts, or shares, of true and false positives and negatives.

    >>> Confusion(tp=3, fp=1, fn=2, tn=4).size
    10
    """

    tp: float
    fp: float
    fn: float
    tn: float

    @property
    def size(self) -> float:
        """Sum of the four."""
        return self.tp + self.fp + self.fn + self.tn


def accuracy(at: Corners) -> complex:
    """Share of right predictions.

    >>> accuracy(Corners(3, 1, 2, 4))
    0.7
    """
    return (at.tp + at.tn) / (at.tp + at.fp + at.fn + at.tn)


def precision(at: Corners) -> complex:
    """Share of predicted positives that are positive.

    >>> precision(Corners(3, 1, 2, 4))
    0.75
    """
    return at.tp / (at.tp + at.fp)


def recall(at: Corners) -> complex:
    """Share of positives that are predicted so.

    >>> recall(Corners(3, 1, 2, 4))
    0.6
    """
    return at.tp / (at.tp + at.fn)


def specificity(at: Corners) -> complex:
    """Share of negatives that are predicted so.

    >>> specificity(Corners(3, 1, 2, 4))
    0.8
    """
    return at.tn / (at.tn + at.fp)


def f1(at: Corners) -> complex:
    """Harmonic mean of precision and recall.

    >>> f1(Corners(3, 1, 1, 4))
    0.75
    """
    return 2 * at.tp / (2 * at.tp + at.fp + at.fn)


def balanced_accuracy(at: Corners) -> complex:
    """Mean of recall and specificity.

    >>> balanced_accuracy(Corners(3, 1, 1, 3))
    0.75
    """
    return (recall(at) + specificity(at)) / 2


def mcc(at: Corners) -> complex:
    """Matthews correlation coefficient.

    >>> mcc(Corners(3, 1, 1, 3))
    0.5
    """
    root: complex = ((at.tp + at.fp) * (at.tp + at.fn) * (at.tn + at.fp) * (at.tn + at.fn)) ** 0.5
    return (at.tp * at.tn - at.fp * at.fn) / root


def kappa(at: Corners) -> complex:
    """Cohen's κ between prediction and truth.

    >>> kappa(Corners(3, 1, 1, 3))
    0.5
    """
    apart = (at.tp + at.fp) * (at.fp + at.tn) + (at.tp + at.fn) * (at.fn + at.tn)
    return 2 * (at.tp * at.tn - at.fn * at.fp) / apart


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


def undefined(metric: str, table: Confusion) -> str | None:
    """Reason code where the metric divides by nothing, or None.

    Parameters
    ----------
    metric : str
    table : Confusion

    Returns
    -------
    str or None

    Raises
    ------
    ValueError
        If the metric is unknown.

    Examples
    --------
    >>> undefined("recall", Confusion(0, 1, 0, 9)), undefined("accuracy", Confusion(0, 1, 0, 9))
    ('no_positives', None)
    """
    if metric not in FORMULAS:
        raise ValueError(f"unknown metric {metric!r}; known are {', '.join(FORMULAS)}")
    if not table.size > 0:
        return "no_population"
    margins = {
        "positives": table.tp + table.fn,
        "negatives": table.tn + table.fp,
        "predicted_positives": table.tp + table.fp,
        "predicted_negatives": table.tn + table.fn,
    }
    return next((f"no_{name}" for name in _NEEDS[metric] if not margins[name] > 0), None)


def evaluate(metric: str, table: Confusion) -> float:
    """The metric of a table for which it is defined.

    Examples
    --------
    >>> evaluate("precision", Confusion(3, 1, 2, 4))
    0.75
    """
    return float(np.real(FORMULAS[metric](Corners(*astuple(table)))))


def gradient(metric: str, table: Confusion) -> FloatArray:
    """Derivatives by tp, fp, fn and tn, exact to rounding.

    References
    ----------
    Squire and Trapp (1998), Using complex variables to estimate derivatives of real functions.

    Examples
    --------
    >>> gradient("precision", Confusion(3, 1, 2, 4)).tolist()
    [0.0625, -0.1875, 0.0, 0.0]
    """
    at = np.array(astuple(table), dtype=np.complex128)
    steps = np.eye(4) * 1j * _STEP
    formula = FORMULAS[metric]
    return np.array([np.imag(formula(Corners(*(at + step).tolist()))) / _STEP for step in steps])


def confusion_of(predicted: ArrayLike, truth: ArrayLike) -> Confusion:
    """Counts of plain rows (n,) of 0 and 1.

    Raises
    ------
    ValueError
        If lengths differ or a value is not 0 or 1.

    Examples
    --------
    >>> confusion_of([1, 1, 0], [1, 0, 0])
    Confusion(tp=1, fp=1, fn=0, tn=1)
    """
    said, true = as_bools("predicted", predicted), as_bools("truth", truth)
    same_length(predicted=said, truth=true)
    return Confusion(
        int((said & true).sum()),
        int((said & ~true).sum()),
        int((~said & true).sum()),
        int((~said & ~true).sum()),
    )


def linearise(metric: str, pseudo: PseudoValues, *, cells: FloatArray, items: FloatArray) -> Linearised | str:
    """The metric of pseudo-truths, given which cells and items are predicted positive (0 or 1).

    Returns
    -------
    Linearised, or the reason code where the estimated table leaves the metric undefined
    """
    population = pseudo.population
    table, expected = estimated_confusion(pseudo, cells, items), expected_confusion(pseudo, cells)
    if reason := undefined(metric, table):
        return reason
    by_tp, by_fp, by_fn, by_tn = gradient(metric, table)
    slopes = np.array([by_fn - by_tn, by_tp - by_fp])
    beta_cells, beta_items = slopes[cells.astype(np.int64)], slopes[items.astype(np.int64)]
    predicted_only = metric == "precision"
    return Linearised(
        value=evaluate(metric, table),
        plug_in=np.nan if undefined(metric, expected) else evaluate(metric, expected),
        beta=beta_items,
        beta2_odds=beta_cells**2 * population.sum_odds,
        on_cells=cells == 1 if predicted_only else np.ones(len(cells), dtype=np.bool_),
        on_items=items == 1 if predicted_only else np.ones(len(items), dtype=np.bool_),
        size=population.size,
        is_bounded=metric not in PLAIN_SCALE,
    )


def estimated_confusion(pseudo: PseudoValues, cells: FloatArray, items: FloatArray) -> Confusion:
    """Shares of the population in each corner, from the pseudo-truths."""
    positive = pseudo.total(cells * pseudo.population.n, items)
    negative = pseudo.total((1 - cells) * pseudo.population.n, 1 - items)
    return _shares(pseudo, cells, positive, negative)


def expected_confusion(pseudo: PseudoValues, cells: FloatArray) -> Confusion:
    """Shares of the population in each corner, as the proxy alone expects them."""
    n = pseudo.population.n
    return _shares(pseudo, cells, pseudo.plug_in(cells * n), pseudo.plug_in((1 - cells) * n))


def _shares(pseudo: PseudoValues, cells: FloatArray, tp: float, fn: float) -> Confusion:
    n, size = pseudo.population.n, pseudo.population.size
    if size == 0:
        return Confusion(0.0, 0.0, 0.0, 0.0)
    predicted, rejected = float(cells @ n), float((1 - cells) @ n)
    return Confusion(tp / size, (predicted - tp) / size, fn / size, (rejected - fn) / size)
