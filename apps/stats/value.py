"""Money: the value of decisions under a value matrix, and what one point of accuracy is worth."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import BoolArray, FloatArray, IntArray, as_ints
from apps.stats.population import NO_BASELINE, Population, Sample
from apps.stats.pseudo import Linearised, PseudoValues

ONE_POINT = 0.01


@dataclass(frozen=True, eq=False)
class ValueMatrix:
    """M[ŷ, y]: what a decision is worth when the truth is y, for each prediction or per unit of its amount.

    Attributes
    ----------
    matrix : array (classes, classes), in money (or money per unit of amount)
        Row: what was predicted. Column: what was true.
    uses_amount : bool
        Whether entries are multiplied by the amount at stake.

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
        """A checked matrix.

        Raises
        ------
        ValueError
            If it is not square with at least two classes, or holds nan.
        """
        values = np.asarray(matrix, dtype=np.float64)
        if values.ndim != 2 or values.shape[0] != values.shape[1] or len(values) < 2:
            raise ValueError(f"matrix must be square with two classes or more, got shape {values.shape}")
        if not np.isfinite(values).all():
            raise ValueError("matrix holds nan or infinite values")
        return cls(values, uses_amount)

    def of_rows(self, predicted: ArrayLike, truth: ArrayLike, amount: ArrayLike | None = None) -> FloatArray:
        """Value of each plain row (n,).

        Raises
        ------
        ValueError
            If a class has no row or column, or amounts are used and not given.
        """
        said, true = self._classes("predicted", predicted), self._classes("truth", truth)
        values = self.matrix[said, true]
        if not self.uses_amount:
            return values
        if amount is None:
            raise ValueError("amount is needed: the matrix is per unit of amount")
        return np.asarray(values * np.asarray(amount, dtype=np.float64), dtype=np.float64)

    def by_truth(self, predicted: IntArray, baseline: IntArray | None = None) -> FloatArray:
        """Value of each prediction under every truth (n, classes), less the baseline's if one is given."""
        own = self.matrix[self._classes("predicted", predicted)]
        return own if baseline is None else np.asarray(own - self.matrix[self._classes("baseline", baseline)])

    def _classes(self, name: str, values: ArrayLike) -> IntArray:
        classes = as_ints(name, values)
        if (classes >= len(self.matrix)).any():
            raise ValueError(f"{name} holds a class that the matrix has not")
        return classes


@dataclass(frozen=True)
class AccuracyPoint:
    """What one more point of accuracy is worth in a window of this size.

    Attributes
    ----------
    value : float or None
        If every kind of error shrank in proportion, in money.
    low, high : float or None
        If the point came from the least, or the most, valuable kind of error present.
    by_error : dict of (predicted, truth) to float
        Worth of a point taken from that kind alone.
    code : str or None
        `no_errors` where there is nothing to gain; `no_amount`, or the estimate's own code.
    """

    value: float | None
    low: float | None
    high: float | None
    by_error: dict[tuple[int, int], float] = field(default_factory=dict)
    code: str | None = None


def accuracy_point(
    matrix: ValueMatrix, shares: ArrayLike, *, size: float, mean_amount: ArrayLike | None = None
) -> AccuracyPoint:
    """Value of one accuracy point: 0.01·N·Σ_{i≠j}(c_ij/err)·ā_ij·(v_jj − v_ij).

    Parameters
    ----------
    matrix : ValueMatrix
    shares : array (classes, classes)
        c_ij, share of the population predicted i where j is true; estimates below 0 count as 0.
    size : float
        N, predictions of the window.
    mean_amount : array (classes, classes), optional
        ā_ij, mean amount of those; needed if the matrix uses amounts.

    Returns
    -------
    AccuracyPoint

    Raises
    ------
    ValueError
        If shapes differ from the matrix, or amounts are used and not given.

    Examples
    --------
    >>> point = accuracy_point(ValueMatrix.of([[650, -250], [0, 0]]), [[0.3, 0.1], [0.1, 0.5]], size=1000)
    >>> point.value, point.low, point.high
    (4500.0, 2500.0, 6500.0)
    """
    classes = len(matrix.matrix)
    share = np.clip(np.asarray(shares, dtype=np.float64), 0.0, None)
    amounts = np.ones((classes, classes)) if mean_amount is None else np.asarray(mean_amount, dtype=np.float64)
    if share.shape != (classes, classes) or amounts.shape != (classes, classes):
        raise ValueError(f"shares and mean_amount must have shape {(classes, classes)}")
    if matrix.uses_amount and mean_amount is None:
        raise ValueError("mean_amount is needed: the matrix is per unit of amount")
    off = ~np.eye(classes, dtype=np.bool_)
    errors = np.where(off, share, 0.0)
    if errors.sum() == 0:
        return AccuracyPoint(None, None, None, code="no_errors")
    present = errors > 0
    if not np.isfinite(amounts[present]).all():
        return AccuracyPoint(None, None, None, code="no_amount")
    gain = np.diag(matrix.matrix)[None, :] - matrix.matrix
    worth = ONE_POINT * size * np.where(present, amounts * gain, 0.0)
    kinds = {(int(i), int(j)): float(worth[i, j]) for i, j in np.argwhere(present)}
    value = float((errors / errors.sum() * worth).sum())
    return AccuracyPoint(value, min(kinds.values()), max(kinds.values()), by_error=kinds)


def linearise_value(pseudo: PseudoValues, matrix: ValueMatrix, *, against_baseline: bool = False) -> Linearised | str:
    """Mean value of a prediction, v(0) + y·(v(1) − v(0)) times its amount, for binary truths.

    Returns
    -------
    Linearised, or the reason code where it cannot be said
    """
    population, sample = pseudo.population, pseudo.sample
    if population.size == 0:
        return "no_population"
    if against_baseline and ((population.baseline == NO_BASELINE).any() or (sample.baseline == NO_BASELINE).any()):
        return "no_baseline"
    if matrix.uses_amount and not np.isfinite(sample.amount).all():
        return "no_amount"
    items, cells = by_truth(matrix, sample, population, against_baseline=against_baseline)
    amounts = population.sum_amount if matrix.uses_amount else population.n
    odds = population.sum_amount2_odds if matrix.uses_amount else population.sum_odds
    slope_cells, slope_items = cells[:, 1] - cells[:, 0], items[:, 1] - items[:, 0]
    beta = slope_items * (sample.amount if matrix.uses_amount else 1.0)
    certain = float(cells[:, 0] @ amounts)
    return Linearised(
        value=(certain + pseudo.total(slope_cells * amounts, beta)) / population.size,
        plug_in=math.nan,
        beta=beta,
        beta2_odds=slope_cells**2 * odds,
        on_cells=_nonzero(slope_cells),
        on_items=_nonzero(slope_items),
        size=population.size,
        is_bounded=False,
    )


def by_truth(
    matrix: ValueMatrix, sample: Sample, population: Population, *, against_baseline: bool
) -> tuple[FloatArray, FloatArray]:
    """Value of each item and of each cell under every truth, per prediction or unit of amount.

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


def _nonzero(slopes: FloatArray) -> BoolArray:
    return np.asarray(slopes != 0, dtype=np.bool_)
