"""Money: the value of decisions under a value matrix, and the worth of one point of accuracy."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import LARGEST, FloatArray, IntArray, as_array, as_floats, as_ints, same_length
from apps.stats.estimators.conclusion import NO_LIMITS, Linearized, weighted_variance
from apps.stats.estimators.population import Population
from apps.stats.estimators.pseudo import PseudoValues
from apps.stats.estimators.sample import Sample
from apps.stats.intervals import Limits

ONE_POINT = 0.01


@dataclass(frozen=True, eq=False)
class ValueMatrix:
    """M[ŷ, y]: the worth of decision ŷ when the truth is y, per prediction or per unit of its amount.

    Attributes
    ----------
    matrix : array (classes, classes), in money (or money per unit of amount)
        Row: predicted class. Column: true class.
    uses_amount : bool
        Whether the amount at stake multiplies the entries.

    Examples
    --------
    >>> offer = ValueMatrix.of([[650, -250], [0, 0]])
    >>> offer.of_rows([0, 1], [1, 1]).tolist()
    [-250.0, 0.0]
    """

    matrix: FloatArray
    uses_amount: bool = False

    @classmethod
    def of(cls, matrix: ArrayLike, *, uses_amount: bool = False) -> "ValueMatrix":
        """Check a matrix.

        Raises
        ------
        ValueError
            If it is not square, has fewer than two classes, or holds nan or numbers that are too large.
        """
        values = as_array("matrix", matrix)
        if values.ndim != 2 or values.shape[0] != values.shape[1] or len(values) < 2:
            raise ValueError(f"matrix must be square with two classes or more, got shape {values.shape}")
        as_floats("matrix", values.ravel(), largest=LARGEST)
        return cls(values, uses_amount)

    def of_rows(self, predicted: ArrayLike, truth: ArrayLike, amount: ArrayLike | None = None) -> FloatArray:
        """Compute the value of each plain row (n,).

        Raises
        ------
        ValueError
            If lengths differ, a class has no row or column, or amounts are used and not given.
        """
        row, column = self._classes("predicted", predicted), self._classes("truth", truth)
        n = same_length(predicted=row, truth=column)
        values = self.matrix[row, column]
        if not self.uses_amount:
            return values
        if amount is None:
            raise ValueError("amount is needed: the matrix is per unit of amount")
        return values * as_floats("amount", amount, length=n, largest=LARGEST)

    def by_truth(self, predicted: IntArray, baseline: IntArray | None = None) -> FloatArray:
        """Compute the value of each prediction under every truth (n, classes), less the baseline's if given."""
        own = self.matrix[self._classes("predicted", predicted)]
        return own if baseline is None else np.asarray(own - self.matrix[self._classes("baseline", baseline)])

    def _classes(self, name: str, values: ArrayLike) -> IntArray:
        classes = as_ints(name, values)
        if (classes >= len(self.matrix)).any():
            raise ValueError(f"{name} holds a class that the matrix lacks")
        return classes


@dataclass(frozen=True)
class AccuracyPoint:
    """The worth of one more point of accuracy in a window of this size.

    Attributes
    ----------
    value : float or None
        In money, if every kind of error shrinks in proportion.
    low, high : float or None
        In money, if the point comes from the least, or the most, valuable kind of error present.
    by_error : dict of (predicted, truth) to float
        In money, if the point comes from that kind alone.
    code : str or None
        `no_errors` where there is nothing to gain, `no_amount`, or the code of the accuracy.
    """

    value: float | None
    low: float | None
    high: float | None
    by_error: dict[tuple[int, int], float] = field(default_factory=dict)
    code: str | None = None


def accuracy_point(
    matrix: ValueMatrix, shares: ArrayLike, *, size: float, mean_amount: ArrayLike | None = None
) -> AccuracyPoint:
    """Compute the worth of one accuracy point: 0.01·N·Σ_{i≠j}(c_ij/err)·ā_ij·(v_jj − v_ij).

    Parameters
    ----------
    matrix : ValueMatrix
        Worth v_ij of predicting i where j is true.
    shares : array (classes, classes)
        c_ij, share of the population predicted i where j is true; negative estimates count as 0.
    size : float
        N, predictions of the window.
    mean_amount : array (classes, classes), optional
        ā_ij, their mean amount; required if the matrix uses amounts.

    Returns
    -------
    AccuracyPoint

    Raises
    ------
    ValueError
        If shapes differ from the matrix, a share or the size is not finite, or amounts are used and not given.

    Examples
    --------
    >>> point = accuracy_point(ValueMatrix.of([[650, -250], [0, 0]]), [[0.3, 0.1], [0.1, 0.5]], size=1000)
    >>> point.value, point.low, point.high
    (4500.0, 2500.0, 6500.0)
    """
    classes = len(matrix.matrix)
    share = np.maximum(as_array("shares", shares), 0.0)
    amounts = np.ones((classes, classes)) if mean_amount is None else as_array("mean_amount", mean_amount)
    if share.shape != (classes, classes) or amounts.shape != (classes, classes):
        raise ValueError(f"shares and mean_amount must have shape {(classes, classes)}")
    if matrix.uses_amount and mean_amount is None:
        raise ValueError("mean_amount is needed: the matrix is per unit of amount")
    as_floats("shares and size", [*share.ravel(), size], largest=LARGEST)
    off = ~np.eye(classes, dtype=np.bool_)
    errors = np.where(off, share, 0.0)
    if errors.sum() == 0:
        return AccuracyPoint(None, None, None, code="no_errors")
    present = errors > 0
    if not np.isfinite(amounts[present]).all():
        return AccuracyPoint(None, None, None, code="no_amount")
    at_stake = np.where(present, amounts, 0.0)
    as_floats("mean_amount", at_stake.ravel(), largest=LARGEST**2)
    gain = np.diag(matrix.matrix)[None, :] - matrix.matrix
    worth = ONE_POINT * size * at_stake * gain
    kinds = {(int(i), int(j)): float(worth[i, j]) for i, j in np.argwhere(present)}
    low, high = min(kinds.values()), max(kinds.values())
    value = float((errors / errors.sum() * worth).sum())
    return AccuracyPoint(min(max(value, low), high), low, high, by_error=kinds)


def mean_amounts(counts: FloatArray, money: FloatArray, *, seen: FloatArray) -> FloatArray:
    """Compute ā of each kind of decision (classes, classes) from estimated counts and amounts.

    A kind with an estimated count near zero can have any quotient, so clip to the amounts seen.

    Examples
    --------
    >>> mean_amounts(np.array([4.0, 1e-9]), np.array([8.0, 3.0]), seen=np.array([1.0, 5.0])).tolist()
    [2.0, 5.0]
    """
    means = np.divide(money, counts, out=np.zeros_like(money), where=counts > 0)
    return np.asarray(np.clip(means, seen.min(), seen.max()), dtype=np.float64)


def linearize_value(
    pseudo: PseudoValues, matrix: ValueMatrix, *, against_baseline: bool = False, is_total: bool = False
) -> Linearized:
    """Linearize the mean value of a prediction, v(0) + y·(v(1) − v(0)) times its amount, for binary truths."""
    population, sample = pseudo.population, pseudo.sample
    size = max(population.size, 1.0)
    own = np.nan_to_num(sample.amount) if matrix.uses_amount else np.ones(len(sample.pi))
    items, cells = by_truth(matrix, sample, population, against_baseline=against_baseline)
    amounts = population.sum_amount if matrix.uses_amount else population.n
    slope_cells, slope_items = cells[:, 1] - cells[:, 0], items[:, 1] - items[:, 0]
    beta, on_cells, on_items = slope_items * own, slope_cells != 0, slope_items != 0
    share = float(population.n[on_cells].sum()) / size
    return Linearized(
        value=(float((cells[:, 0] * amounts).sum()) + pseudo.total(slope_cells * amounts, beta)) / size,
        plug_in=None,
        beta_cells=slope_cells,
        beta=beta,
        certain_cells=cells[:, 0],
        certain=items[:, 0] * own,
        is_total=is_total,
        on_cells=on_cells,
        on_items=on_items,
        spread=weighted_variance(items[:, 0] * own + beta * sample.truth, sample.overall) * share,
        # Nobody knows what the predictions that were not logged are worth.
        limits=limits_of_mean(pseudo, cells, items)
        if population.is_all_logged and not matrix.uses_amount
        else NO_LIMITS,
        is_share=False,
        uses_amount=matrix.uses_amount,
        code=_lacking(matrix, sample, population),
    )


def limits_of_mean(pseudo: PseudoValues, cells: FloatArray, items: FloatArray) -> Limits:
    """Bound the mean of a quantity by what is known, given it under every truth for cells and items (…, classes)."""
    population, known = pseudo.population, pseudo.sample.constant
    truth = pseudo.sample.truth[known].astype(np.int64)
    settled = items[known][np.arange(len(truth)), truth]
    low, high = (
        (float(population.n @ end(cells)) + float((settled - end(items[known])).sum())) / max(population.size, 1.0)
        for end in (_least, _most)
    )
    return low, high


def _least(values: FloatArray) -> FloatArray:
    return np.asarray(values.min(axis=1))


def _most(values: FloatArray) -> FloatArray:
    return np.asarray(values.max(axis=1))


def _lacking(matrix: ValueMatrix, sample: Sample, population: Population) -> str | None:
    """Say what the value cannot be computed without, or return None."""
    if population.size == 0:
        return "no_population"
    return "no_amount" if matrix.uses_amount and not np.isfinite(sample.amount).all() else None


def by_truth(
    matrix: ValueMatrix, sample: Sample, population: Population, *, against_baseline: bool
) -> tuple[FloatArray, FloatArray]:
    """Compute the value of each item and of each cell under every truth, per prediction or unit of amount.

    Returns
    -------
    items : array (n, classes)
    cells : array (cells, classes)
    """
    if not against_baseline:
        return matrix.by_truth(sample.predicted), matrix.by_truth(population.predicted)
    return (
        matrix.by_truth(sample.predicted, sample.baseline),
        matrix.by_truth(population.predicted, population.baseline),
    )
