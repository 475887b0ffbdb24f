"""Metrics of a two-by-two confusion table: each one formula, its gradient by complex step."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import LARGEST, FloatArray, as_bools, as_floats, same_length
from apps.stats.estimators.conclusion import Linearised
from apps.stats.estimators.parts import Codes, first_code
from apps.stats.estimators.pseudo import PseudoValues

_STEP = 1e-30  # of the complex-step derivative: no subtraction, so no rounding


class Corners(NamedTuple):
    """The four corners as a formula sees them: arrays of complex numbers, so that it can be differentiated."""

    tp: Any
    fp: Any
    fn: Any
    tn: Any


#: A metric as a formula of the corners; analytic, so no `abs`, `min` or comparison in it.
Formula = Callable[[Corners], Any]
#: The name of a metric known here, or a formula of one's own.
Metric = str | Formula


@dataclass(frozen=True)
class Confusion:
    """Counts, or shares, of true and false positives and negatives.

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
        """Sum of the four."""
        return self.tp + self.fp + self.fn + self.tn

    @property
    def corners(self) -> Corners:
        """The four, in the order of their names."""
        return Corners(self.tp, self.fp, self.fn, self.tn)


def accuracy(at: Corners) -> Any:
    """Share of right predictions.

    >>> accuracy(Corners(3, 1, 2, 4))
    0.7
    """
    return (at.tp + at.tn) / (at.tp + at.fp + at.fn + at.tn)


def precision(at: Corners) -> Any:
    """Share of predicted positives that are positive.

    >>> precision(Corners(3, 1, 2, 4))
    0.75
    """
    return at.tp / (at.tp + at.fp)


def recall(at: Corners) -> Any:
    """Share of positives that are predicted so.

    >>> recall(Corners(3, 1, 2, 4))
    0.6
    """
    return at.tp / (at.tp + at.fn)


def specificity(at: Corners) -> Any:
    """Share of negatives that are predicted so.

    >>> specificity(Corners(3, 1, 2, 4))
    0.8
    """
    return at.tn / (at.tn + at.fp)


def f1(at: Corners) -> Any:
    """Harmonic mean of precision and recall.

    >>> f1(Corners(3, 1, 1, 4))
    0.75
    """
    return 2 * at.tp / (2 * at.tp + at.fp + at.fn)


def balanced_accuracy(at: Corners) -> Any:
    """Mean of recall and specificity.

    >>> balanced_accuracy(Corners(3, 1, 1, 3))
    0.75
    """
    return (recall(at) + specificity(at)) / 2


def mcc(at: Corners) -> Any:
    """Matthews correlation coefficient.

    >>> mcc(Corners(3, 1, 1, 3))
    0.5
    """
    root = ((at.tp + at.fp) * (at.tp + at.fn) * (at.tn + at.fp) * (at.tn + at.fn)) ** 0.5
    return (at.tp * at.tn - at.fp * at.fn) / root


def kappa(at: Corners) -> Any:
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


def undefined(metric: Metric, table: Confusion) -> str | None:
    """Reason code where the metric divides by nothing, or None.

    Parameters
    ----------
    metric : str or formula
    table : Confusion

    Returns
    -------
    str or None
        `undefined` where a formula of one's own gives no finite number.

    Raises
    ------
    ValueError
        If the metric is unknown.

    Examples
    --------
    >>> undefined("recall", Confusion(0, 1, 0, 9)), undefined("accuracy", Confusion(0, 1, 0, 9))
    ('no_positives', None)
    >>> undefined(lambda at: at.tp / at.fp, Confusion(1, 0, 0, 9))
    'undefined'
    """
    code: str | None = undefined_parts(metric, np.array([table.corners], dtype=np.float64).T)[0]
    return code


def formula_of(metric: Metric) -> Formula:
    """The formula of a metric.

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
    """The metric of a table for which it is defined.

    Examples
    --------
    >>> evaluate("precision", Confusion(3, 1, 2, 4))
    0.75
    """
    return float(_evaluated(metric, np.array([table.corners], dtype=np.float64).T)[0])


def gradient(metric: Metric, table: Confusion) -> FloatArray:
    """Derivatives by tp, fp, fn and tn, exact to rounding.

    References
    ----------
    Squire and Trapp (1998), Using complex variables to estimate derivatives of real functions.

    Examples
    --------
    >>> gradient("precision", Confusion(3, 1, 2, 4)).tolist()
    [0.0625, -0.1875, 0.0, 0.0]
    """
    return _gradients(metric, np.array([table.corners], dtype=np.float64).T)[:, 0]


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


def linearise(metric: Metric, pseudo: PseudoValues) -> Linearised:
    """The metric of pseudo-truths by part; predicted classes are 0 and 1."""
    expected, table = tables(pseudo)
    codes = undefined_parts(metric, table)
    is_defined = codes == None  # noqa: E711  # (elementwise)
    has_expected = undefined_parts(metric, expected) == None  # noqa: E711  # (elementwise)
    by_tp, by_fp, by_fn, by_tn = np.where(is_defined, _gradients(metric, table), 0.0)
    by_prediction = np.array([by_fn - by_tn, by_tp - by_fp])
    beta_cells = by_prediction[pseudo.population.predicted, pseudo.by.of_cells]
    beta_items = by_prediction[pseudo.sample.predicted, pseudo.by.of_items]
    return Linearised(
        value=_evaluated(metric, table),
        plug_in=np.where(has_expected, _evaluated(metric, expected), np.nan),
        beta=beta_items,
        beta2_odds=beta_cells**2 * pseudo.population.sum_odds,
        # Where no label can move the metric (precision: predicted negatives), none is needed.
        on_cells=beta_cells != 0,
        on_items=beta_items != 0,
        is_bounded=isinstance(metric, str) and metric not in PLAIN_SCALE,
        codes=codes,
    )


def tables(pseudo: PseudoValues) -> tuple[FloatArray, FloatArray]:
    """Shares (4, parts) in each corner, as the proxy expects them and as estimated; zeros of an empty part."""
    expected, moved, counted = pseudo.truth_by_class

    def shares(true: FloatArray) -> FloatArray:
        corners = np.array([true[1], counted[1] - true[1], true[0], counted[0] - true[0]])
        return np.where(pseudo.size > 0, corners / np.maximum(pseudo.size, 1.0), 0.0)

    return shares(expected), shares(expected + moved)


def undefined_parts(metric: Metric, table: FloatArray) -> Codes:
    """Reason codes (parts,) where the metric of a table (4, parts) divides by nothing, None elsewhere."""
    formula_of(metric)
    tp, fp, fn, tn = table
    total = table.sum(axis=0)
    is_empty = ~(total > 1e-100)  # below, squares of shares would underflow
    if not isinstance(metric, str):
        found = np.vstack([_evaluated(metric, table), _gradients(metric, table)])
        is_smooth = np.asarray((np.abs(np.nan_to_num(found, nan=np.inf)) <= LARGEST**2).all(axis=0))
        return first_code(table.shape[1], [(is_empty, "no_population"), (~is_smooth, "undefined")])
    margins = {
        "positives": tp + fn,
        "negatives": tn + fp,
        "predicted_positives": tp + fp,
        "predicted_negatives": tn + fn,
    }
    # What is left of a margin by rounding alone is nothing to divide by.
    missing = [(~(margins[name] > 1e-14 * total), f"no_{name}") for name in _NEEDS[metric]]
    return first_code(table.shape[1], [(is_empty, "no_population"), *missing])


def _evaluated(metric: Metric, table: FloatArray) -> FloatArray:
    """The metric of each table (4, parts); nan where it has no number."""
    with np.errstate(all="ignore"):
        try:
            found = formula_of(metric)(Corners(*table))
        except ArithmeticError:
            found = np.full(table.shape[1], np.nan)
    return np.broadcast_to(np.real(found), table.shape[1]).astype(np.float64)


def _gradients(metric: Metric, table: FloatArray) -> FloatArray:
    """Derivatives (4, parts) of each table (4, parts) by its corners."""
    found = np.zeros_like(table)
    with np.errstate(all="ignore"):
        for corner in range(4):
            at = table.astype(np.complex128)
            at[corner] += 1j * _STEP
            try:
                found[corner] = np.imag(formula_of(metric)(Corners(*at))) / _STEP
            except ArithmeticError:
                found[corner] = np.nan
    return found
