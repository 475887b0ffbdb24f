"""The estimator of a model with several classes: accuracy, each class against the rest, and value."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from apps.stats import confusion
from apps.stats.arrays import FloatArray, IntArray, as_ints
from apps.stats.estimate import Estimate, exactly, missing
from apps.stats.exact import exact_figure, uncorrected_figure
from apps.stats.hajek import hajek_confusion
from apps.stats.intervals import LEVEL
from apps.stats.population import Population, Sample
from apps.stats.pseudo import Linearised, PseudoValues, conclude, overturn_rate
from apps.stats.recalibration import Recalibration, mean_one_weights, recalibrate
from apps.stats.value import ValueMatrix

PRIOR_COUNT = 0.5

Truth = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True, eq=False)
class ClassProxy:
    """m: expected one-hot truth by predicted class and bin of the top probability.

    Attributes
    ----------
    right : tuple of Recalibration
        By predicted class: the chance that it is right, given the top probability.
    instead : array (classes, classes)
        By predicted class: what is true where it is wrong; rows sum to 1, the diagonal is 0.
    """

    right: tuple[Recalibration, ...]
    instead: FloatArray

    def predict(self, predicted: IntArray, bins: IntArray) -> FloatArray:
        """Expected one-hot truth (N, classes)."""
        chance = np.zeros(len(predicted))
        for one, recalibration in enumerate(self.right):
            rows = predicted == one
            chance[rows] = recalibration.predict_bin(bins[rows])
        expected = (1 - chance)[:, None] * self.instead[predicted]
        expected[np.arange(len(predicted)), predicted] = chance
        return np.asarray(expected, dtype=np.float64)


def fit_class_proxy(sample: Sample, *, classes: int) -> ClassProxy:
    """The proxy of answered items: Platt by predicted class, and smoothed shares of what is true instead.

    Parameters
    ----------
    sample : Sample
        score is the top probability.
    classes : int

    Returns
    -------
    ClassProxy

    Examples
    --------
    >>> items = Sample.of(predicted=[0, 1, 2], score=[0.8, 0.7, 0.9], pi=[0.1] * 3, label=[0, 2, 2])
    >>> fit_class_proxy(items, classes=3).instead[1].tolist()
    [0.25, 0.0, 0.75]
    """
    truth = sample.known.astype(np.int64)
    right = []
    for one in range(classes):
        rows = sample.predicted == one
        right.append(recalibrate(sample.bin[rows], truth[rows] == one, sample.pi[rows]))
    counts = np.full((classes, classes), PRIOR_COUNT)
    if len(truth):
        np.add.at(counts, (sample.predicted, truth), mean_one_weights(sample.pi))
    np.fill_diagonal(counts, 0.0)
    return ClassProxy(tuple(right), counts / counts.sum(axis=1, keepdims=True))


@dataclass(frozen=True, eq=False)
class MulticlassEstimator:
    """Every figure of a model with several classes from population cells and answered items.

    Attributes
    ----------
    population : Population
        Cells by predicted class and bin of the top probability.
    sample : Sample
        score is the top probability; labels and truths are class indices.
    classes : int
    floor_rate : float or None
        As for `BinaryEstimator`.
    level : float
    proxy : ClassProxy or None
        Fitted on the sample if left out.
    whole : Sample or None
        The sample of the whole window, which ε is counted in; this one if left out.

    Raises
    ------
    ValueError
        If a class is out of range, or an item has a class and bin that no cell has.

    Examples
    --------
    >>> items = Sample.of(predicted=[0, 1, 2], score=[0.8, 0.7, 0.9], pi=[1.0] * 3, label=[0, 2, 2])
    >>> cells = Population.from_rows(predicted=[0, 1, 2], score=[0.8, 0.7, 0.9], pi=[1.0] * 3)
    >>> estimator = MulticlassEstimator(cells, items, classes=3)
    >>> estimator.estimate("accuracy").method, estimator.estimate("recall", label=2).value
    ('exact', 0.5)
    """

    population: Population
    sample: Sample
    classes: int
    floor_rate: float | None = None
    level: float = LEVEL
    proxy: ClassProxy | None = None
    whole: Sample | None = None

    def __post_init__(self) -> None:
        for name, values in (
            ("predicted of the population", self.population.predicted),
            ("predicted of the sample", self.sample.predicted),
            ("label", self.sample.label),
            ("truth", self.sample.truth),
        ):
            if (as_ints(name, values) >= self.classes).any():
                raise ValueError(f"{name} must be below {self.classes}")
        if not self.population.holds(self.sample):
            raise ValueError("sample has items of a class and score bin that the population has not")

    def restrict(self, *, cells: ArrayLike | None = None, items: ArrayLike | None = None) -> "MulticlassEstimator":
        """The same pseudo-truths on a part of the window: masks over the cells and items given at first."""
        population = self.population if cells is None else self.population.where(cells)
        return self.within(population, items=items)

    def within(self, population: Population, *, items: ArrayLike | None = None) -> "MulticlassEstimator":
        """The same pseudo-truths on other cells (those of a slice) and the items that belong to them."""
        sample = self.sample if items is None else self.sample.where(items)
        whole = self.whole or self.sample
        return replace(self, population=population, sample=sample, proxy=self.fitted, whole=whole)

    def estimate(self, metric: str, *, label: int | None = None) -> Estimate:
        """Accuracy, or with a label any confusion metric of that class against the rest.

        Raises
        ------
        ValueError
            If the metric is unknown, or a label is missing or out of range.
        """
        self._check(metric, label)
        items, truth = self._as_binary(label)
        if self.is_complete:
            return exact_figure(metric, predicted=items, truth=truth(self.sample.known))
        lacks_score = bool((self.cells.bin < 0).all())
        pseudo = self._pseudo_truths(label, is_plain=lacks_score)
        if lacks_score:
            return hajek_confusion(metric, pseudo, items, level=self.level)
        cells = np.ones(len(self.cells.n)) if label is None else (self.cells.predicted == label).astype(np.float64)
        found = confusion.linearise(metric, pseudo, cells=cells, items=items)
        if isinstance(found, str):
            return missing(found, n=len(items), covered_share=self.population.covered_share)
        return conclude(pseudo, found, level=self.level)

    def uncorrected(self, metric: str, *, label: int | None = None) -> Estimate:
        """The metric of the answered items alone, for comparison."""
        self._check(metric, label)
        items, truth = self._as_binary(label)
        return uncorrected_figure(metric, predicted=items, truth=truth(self.sample.known))

    def value(self, matrix: ValueMatrix) -> Estimate:
        """Total value of the window's decisions, in money."""
        return self.mean_value(matrix).scaled(max(self.population.size, 1.0))

    def mean_value(self, matrix: ValueMatrix) -> Estimate:
        """Mean value of one decision, in money.

        Raises
        ------
        ValueError
            If the matrix has another number of classes.
        """
        if len(matrix.matrix) != self.classes:
            raise ValueError(f"matrix must have {self.classes} classes")
        cells, sample = self.cells, self.sample
        if cells.size == 0:
            return missing("no_population")
        if matrix.uses_amount and not np.isfinite(sample.amount).all():
            return missing("no_amount", n=len(sample.pi), covered_share=cells.covered_share)
        beta = sample.amount if matrix.uses_amount else np.ones(len(sample.pi))
        pseudo = self._pseudo_values(matrix)
        if self.is_complete:
            return exactly(float(pseudo.of_truth @ beta / cells.size), n=len(beta))
        amounts = cells.sum_amount if matrix.uses_amount else cells.n
        matters = np.ptp(matrix.matrix, axis=1) > 0
        found = Linearised(
            value=pseudo.total(amounts, beta) / cells.size,
            plug_in=pseudo.plug_in(amounts) / cells.size,
            beta=beta,
            beta2_odds=cells.sum_amount2_odds if matrix.uses_amount else cells.sum_odds,
            on_cells=matters[cells.predicted],
            on_items=matters[sample.predicted],
            size=cells.size,
            is_bounded=False,
        )
        return conclude(pseudo, found, level=self.level)

    @cached_property
    def is_complete(self) -> bool:
        """π ≡ 1 and everybody's truth is known: nothing is left to estimate."""
        return self.sample.completes(self.population)

    @cached_property
    def cells(self) -> Population:
        """The population with like cells added up."""
        return self.population.compact()

    @cached_property
    def fitted(self) -> ClassProxy:
        """m."""
        return self.proxy or fit_class_proxy(self.sample, classes=self.classes)

    def _check(self, metric: str, label: int | None) -> None:
        if metric not in confusion.FORMULAS or (label is None and metric != "accuracy"):
            raise ValueError(f"metric {metric!r} is not known, or needs a label")
        if label is not None and not 0 <= label < self.classes:
            raise ValueError(f"label must be 0 … {self.classes - 1}, got {label}")

    def _as_binary(self, label: int | None, sample: Sample | None = None) -> tuple[FloatArray, Truth]:
        """Who is predicted positive, and what of a class counts as positive: being right, or being `label`."""
        said = (sample or self.sample).predicted
        if label is None:
            return np.ones(len(said)), lambda classes: (classes == said).astype(np.float64)
        return (said == label).astype(np.float64), lambda classes: (classes == label).astype(np.float64)

    def _pseudo_truths(self, label: int | None, *, is_plain: bool) -> PseudoValues:
        whole = self.whole or self.sample
        _, truth = self._as_binary(label)
        _, truth_of_whole = self._as_binary(label, whole)
        on_cells, on_items = self._expected(label, self.cells), self._expected(label, self.sample)
        return PseudoValues(
            population=self.cells,
            sample=self.sample,
            mean_cells=np.zeros_like(on_cells) if is_plain else on_cells,
            variance_cells=on_cells * (1 - on_cells),
            mean_items=np.zeros_like(on_items) if is_plain else on_items,
            of_label=truth(self.sample.label),
            of_truth=truth(self.sample.truth),
            overturn=overturn_rate(whole, truth_of_whole(whole.label), truth_of_whole(whole.truth)),
            floor_rate=self.floor_rate,
        )

    def _expected(self, label: int | None, rows: Population | Sample) -> FloatArray:
        expected = self.fitted.predict(rows.predicted, rows.bin)
        column = rows.predicted if label is None else np.full(len(rows.predicted), label)
        return np.asarray(expected[np.arange(len(column)), column], dtype=np.float64)

    def _pseudo_values(self, matrix: ValueMatrix) -> PseudoValues:
        sample, whole = self.sample, self.whole or self.sample
        per_unit = ValueMatrix(matrix.matrix)
        of_cells, of_items = per_unit.by_truth(self.cells.predicted), per_unit.by_truth(sample.predicted)
        m_cells = self.fitted.predict(self.cells.predicted, self.cells.bin)
        m_items = self.fitted.predict(sample.predicted, sample.bin)
        mean_cells = (m_cells * of_cells).sum(axis=1)
        return PseudoValues(
            population=self.cells,
            sample=sample,
            mean_cells=mean_cells,
            variance_cells=np.maximum((m_cells * of_cells**2).sum(axis=1) - mean_cells**2, 0.0),
            mean_items=(m_items * of_items).sum(axis=1),
            of_label=per_unit.of_rows(sample.predicted, sample.label),
            of_truth=per_unit.of_rows(sample.predicted, sample.truth),
            overturn=overturn_rate(
                whole,
                per_unit.of_rows(whole.predicted, whole.label),
                per_unit.of_rows(whole.predicted, whole.truth),
                scale2=float(np.ptp(matrix.matrix)) ** 2,
            ),
            floor_rate=self.floor_rate,
        )
