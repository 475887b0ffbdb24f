"""The estimator of a model with several classes: one table of shares, every metric a function of it, and value."""

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import FloatArray, as_ints, as_level, as_probability
from apps.stats.estimate import Estimate, exactly, missing
from apps.stats.estimators.class_proxy import ClassProxy, fit_class_proxy
from apps.stats.estimators.class_table import exact_of_table, table_formula
from apps.stats.estimators.conclusion import Linearised, conclude
from apps.stats.estimators.keys import NO_BASELINE
from apps.stats.estimators.population import Population
from apps.stats.estimators.pseudo import PseudoValues, overturn_rate
from apps.stats.estimators.sample import Sample
from apps.stats.estimators.value import AccuracyPoint, ValueMatrix, accuracy_point, mean_amounts
from apps.stats.intervals import LEVEL

CLASSES_AT_MOST = 1_000


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
        If a class, rate or level is out of range, or an item has a class and bin that no cell has.

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
        if self.classes not in range(2, CLASSES_AT_MOST + 1):
            raise ValueError(f"classes must be 2 to {CLASSES_AT_MOST}, got {self.classes}")
        as_level(self.level)
        if self.floor_rate is not None:
            as_probability("floor_rate", [self.floor_rate])
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

    def estimate(self, metric: str, *, label: int | None = None, average: str | None = None) -> Estimate:
        """A metric of all classes, of one class against the rest, or averaged over the classes.

        Alone: accuracy, balanced_accuracy, mcc, kappa. With a label or an average ("macro", "micro", "weighted" by the
        share of each class in the truth): precision, recall, specificity, f1.

        Raises
        ------
        ValueError
            If the metric or average is unknown, or a label is missing or out of range.
        """
        formula = table_formula(metric, label=label, average=average, classes=self.classes)
        if self.is_complete:
            return exact_of_table(formula, self._counts())
        if self.cells.size == 0:
            return missing("no_population")
        if code := formula.undefined(self.table):
            return missing(code, n=len(self.sample.pi), covered_share=self.population.covered_share)
        expected = self._table(self._expected_items * 0)
        plug_in = math.nan if formula.undefined(expected) else formula.value(expected)
        slopes = formula.gradient(self.table)
        return self._conclude(slopes, formula.value(self.table), plug_in, is_bounded=formula.is_bounded)

    def value(self, matrix: ValueMatrix) -> Estimate:
        """Total value of the window's decisions, in money."""
        return self.mean_value(matrix).scaled(max(self.population.size, 1.0))

    def mean_value(self, matrix: ValueMatrix, *, against_baseline: bool = False) -> Estimate:
        """Mean value of one decision, in money; against the baseline, of those that have one.

        Raises
        ------
        ValueError
            If the matrix has another number of classes.
        """
        self._check(matrix)
        if against_baseline:
            return self._against_baseline(matrix)
        return self._mean_worth(matrix, self.cells, per_cell=matrix.by_truth(self.cells.predicted))

    def accuracy_point(self, matrix: ValueMatrix) -> AccuracyPoint:
        """What one point of accuracy is worth in this window, with its range over the kinds of error.

        Raises
        ------
        ValueError
            If the matrix has another number of classes.
        """
        self._check(matrix)
        figure, size = self.estimate("accuracy"), self.cells.size
        if figure.value is None:
            return AccuracyPoint(None, None, None, code=figure.code)
        shares = self._counts() / size if self.is_complete else self.table
        if not matrix.uses_amount:
            return accuracy_point(matrix, shares, size=size)
        amount = self.sample.amount
        if not np.isfinite(amount).all():
            return AccuracyPoint(None, None, None, code="no_amount")
        money = self._sums(self.cells.sum_amount, amount[:, None] * self._bracket / self.sample.pi[:, None])
        return accuracy_point(matrix, shares, size=size, mean_amount=mean_amounts(shares * size, money, seen=amount))

    def accuracy_difference(self) -> Estimate:
        """Accuracy of the model less that of the baseline; only their disagreements need labels."""
        return self.mean_value(ValueMatrix(np.eye(self.classes)), against_baseline=True)

    def win_rate(self) -> Estimate:
        """Share of disagreements with the baseline in which the model is right."""
        there = self.with_baseline
        apart = there.restrict(
            cells=there.population.predicted != there.population.baseline,
            items=there.sample.predicted != there.sample.baseline,
        )
        if apart.population.size == 0:
            return missing("no_disagreement" if there.population.size else "no_baseline")
        return apart.estimate("accuracy")

    @cached_property
    def with_baseline(self) -> "MulticlassEstimator":
        """The part of the window that has a baseline."""
        cells, items = self.population.baseline != NO_BASELINE, self.sample.baseline != NO_BASELINE
        return self if cells.all() and items.all() else self.restrict(cells=cells, items=items)

    @cached_property
    def swapped(self) -> "MulticlassEstimator":
        """As if the baseline had decided, on its own expectation of the truth, where it has any."""
        there = self.with_baseline
        return replace(
            there,
            population=replace(there.population, predicted=there.population.baseline),
            sample=replace(there.sample, predicted=there.sample.baseline),
            proxy=None,
            whole=None,
        )

    @cached_property
    def table(self) -> FloatArray:
        """Estimated shares (classes, classes) of the population; row: predicted, column: true."""
        return self._table(self._bracket / self.sample.pi[:, None])

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

    def _counts(self) -> FloatArray:
        """Known truths of the items, by predicted class."""
        known = self.sample.known.astype(np.int64)
        place = self.sample.predicted * self.classes + known
        return np.bincount(place, minlength=self.classes**2).reshape(self.classes, self.classes).astype(np.float64)

    def _check(self, matrix: ValueMatrix) -> None:
        if len(matrix.matrix) != self.classes:
            raise ValueError(f"matrix must have {self.classes} classes")

    def _table(self, moved: FloatArray) -> FloatArray:
        """Expected shares, and what the items (n, classes) move them by."""
        return self._sums(self.cells.n, moved) / max(self.cells.size, 1.0)

    def _sums(self, of_cells: FloatArray, moved: FloatArray) -> FloatArray:
        """Expected totals by predicted and true class of what each cell holds, and what the items move them by."""
        sums = np.zeros((self.classes, self.classes))
        np.add.at(sums, self.cells.predicted, of_cells[:, None] * self._expected_cells)
        np.add.at(sums, self.sample.predicted, moved)
        return sums

    @cached_property
    def _expected_cells(self) -> FloatArray:
        return self.fitted.predict(self.cells.predicted, self.cells.bin)

    @cached_property
    def _expected_items(self) -> FloatArray:
        return self.fitted.predict(self.sample.predicted, self.sample.bin)

    @cached_property
    def _bracket(self) -> FloatArray:
        """(L − m) + (A/q)(y − L) by item and class."""
        one_hot, sample = np.eye(self.classes), self.sample
        said, true = one_hot[sample.label.astype(np.int64)], one_hot[sample.truth.astype(np.int64)]
        chance = np.where(sample.q > 0, sample.q, 1.0)
        return np.asarray(said - self._expected_items + (sample.adjudicated / chance)[:, None] * (true - said))

    def _conclude(self, slopes: FloatArray, value: float, plug_in: float, *, is_bounded: bool) -> Estimate:
        """The estimate of a metric whose influence is slopes[predicted, truth]."""
        pseudo = self._pseudo_values(slopes[self.cells.predicted], slopes[self.sample.predicted], slopes)
        matters = np.ptp(slopes, axis=1) > 0
        found = Linearised(
            value=np.array([value]),
            plug_in=np.array([plug_in]),
            beta=np.ones(len(self.sample.pi)),
            beta2_odds=self.cells.sum_odds,
            on_cells=matters[self.cells.predicted],
            on_items=matters[self.sample.predicted],
            is_bounded=is_bounded,
        )
        return conclude(pseudo, found, level=self.level)

    def _against_baseline(self, matrix: ValueMatrix) -> Estimate:
        there = self.with_baseline
        if there.population.size == 0:
            return missing("no_baseline")
        cells = there.cells
        return there._mean_worth(matrix, cells, per_cell=matrix.by_truth(cells.predicted, cells.baseline), against=True)

    def _mean_worth(
        self, matrix: ValueMatrix, cells: Population, *, per_cell: FloatArray, against: bool = False
    ) -> Estimate:
        """Mean of what each decision is worth, given its worth (cells, classes) under every truth."""
        sample = self.sample
        if cells.size == 0:
            return missing("no_population")
        if matrix.uses_amount and not np.isfinite(sample.amount).all():
            return missing("no_amount", n=len(sample.pi), covered_share=cells.covered_share)
        per_item = matrix.by_truth(sample.predicted, sample.baseline if against else None)
        beta = sample.amount if matrix.uses_amount else np.ones(len(sample.pi))
        pseudo = self._pseudo_values(per_cell, per_item, matrix.matrix)
        if self.is_complete:
            return exactly(float(pseudo.of_truth @ beta / cells.size), n=len(beta))
        amounts = cells.sum_amount if matrix.uses_amount else cells.n
        found = Linearised(
            value=pseudo.total(amounts, beta) / cells.size,
            plug_in=pseudo.plug_in(amounts) / cells.size,
            beta=beta,
            beta2_odds=cells.sum_amount2_odds if matrix.uses_amount else cells.sum_odds,
            on_cells=np.ptp(per_cell, axis=1) > 0,
            on_items=np.ptp(per_item, axis=1) > 0,
            is_bounded=False,
        )
        return conclude(pseudo, found, level=self.level)

    def _pseudo_values(self, per_cell: FloatArray, per_item: FloatArray, slopes: FloatArray) -> PseudoValues:
        """Pseudo-values of a quantity given for every truth: of each cell and each item (…, classes)."""
        sample, whole = self.sample, self.whole or self.sample
        label, truth = sample.label.astype(np.int64), sample.truth.astype(np.int64)
        rows = np.arange(len(label))
        mean_cells = (self._expected_cells * per_cell).sum(axis=1)
        of_whole = slopes[whole.predicted]
        rows_of_whole = np.arange(len(of_whole))
        return PseudoValues(
            population=self.cells,
            sample=sample,
            mean_cells=mean_cells,
            variance_cells=np.maximum((self._expected_cells * per_cell**2).sum(axis=1) - mean_cells**2, 0.0),
            mean_items=(self._expected_items * per_item).sum(axis=1),
            of_label=per_item[rows, label],
            of_truth=per_item[rows, truth],
            overturn=overturn_rate(
                whole,
                of_whole[rows_of_whole, whole.label.astype(np.int64)],
                of_whole[rows_of_whole, whole.truth.astype(np.int64)],
                scale2=float(np.ptp(slopes)) ** 2,
            ),
            floor_rate=self.floor_rate,
        )
