"""The estimator of a model with several classes: one table of shares, every metric a function of it, and value."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from apps.stats.arrays import FloatArray, as_ints
from apps.stats.estimate import Estimate, exactly, missing
from apps.stats.estimators.class_proxy import ClassProxy, fit_class_proxy
from apps.stats.estimators.class_table import exact_of_table, table_formula
from apps.stats.estimators.classes import ClassEstimator
from apps.stats.estimators.conclusion import Linearized, conclude
from apps.stats.estimators.pseudo import PseudoValues, overturn_rate
from apps.stats.estimators.sample import Sample
from apps.stats.estimators.value import ValueMatrix

CLASSES_AT_MOST = 1_000


@dataclass(frozen=True, eq=False)
class MulticlassEstimator(ClassEstimator):
    """Every figure of a model with several classes from population cells and answered items.

    Attributes
    ----------
    population, sample, floor_rate, level
        As for `ClassEstimator`; the score is the top probability, labels and truths are class indices.
    classes : int, 2 to 1,000
        Number of classes.
    proxy : ClassProxy or None
        m; fitted on the sample if left out.
    whole : Sample or None
        The sample of the whole window, which ε is counted in; this one if left out.

    Raises
    ------
    ValueError
        If a class, rate or level is out of range, or an item has a class and bin that no cell has.

    Examples
    --------
    >>> from apps.stats.estimators.population import Population
    >>> items = Sample.of(predicted=[0, 1, 2], score=[0.8, 0.7, 0.9], pi=[1.0] * 3, label=[0, 2, 2])
    >>> cells = Population.from_rows(predicted=[0, 1, 2], score=[0.8, 0.7, 0.9], pi=[1.0] * 3)
    >>> estimator = MulticlassEstimator(cells, items, classes=3)
    >>> estimator.estimate("accuracy").method, estimator.estimate("recall", label=2).value
    ('exact', 0.5)
    """

    classes: int = field(kw_only=True)
    proxy: ClassProxy | None = field(default=None, kw_only=True)
    whole: Sample | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if self.classes not in range(2, CLASSES_AT_MOST + 1):
            raise ValueError(f"classes must be 2 to {CLASSES_AT_MOST}, got {self.classes}")
        for name, values in (
            ("predicted of the population", self.population.predicted),
            ("predicted of the sample", self.sample.predicted),
            ("label", self.sample.label),
            ("truth", self.sample.truth),
        ):
            if (as_ints(name, values) >= self.classes).any():
                raise ValueError(f"{name} must be below {self.classes}")
        super().__post_init__()

    def estimate(self, metric: str, *, label: int | None = None, average: str | None = None) -> Estimate:
        """Estimate a metric of all classes, of one class against the rest, or averaged over the classes.

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
        expected = self._sums(self.cells.n, 0 * self._expected_items) / self.cells.size
        plug_in = None if formula.undefined(expected) else formula.value(expected)
        slopes = formula.gradient(self.table)
        matters = np.ptp(slopes, axis=1) > 0
        linearized = Linearized(
            value=formula.value(self.table),
            plug_in=plug_in,
            beta=np.ones(len(self.sample.pi)),
            beta2_odds=self.cells.sum_odds,
            on_cells=matters[self.cells.predicted],
            on_items=matters[self.sample.predicted],
            is_bounded=formula.is_bounded,
        )
        pseudo = self._pseudo_values(slopes[self.cells.predicted], slopes[self.sample.predicted], slopes)
        return conclude(pseudo, linearized, level=self.level)

    @cached_property
    def swapped(self) -> "MulticlassEstimator":
        """The window as if the baseline had decided, with a proxy fitted to its classes."""
        return self._decided_by_baseline(proxy=None, whole=None)

    @cached_property
    def table(self) -> FloatArray:
        """Estimated shares (classes, classes) of the population; row: predicted, column: true."""
        return self._sums(self.cells.n, self._bracket / self.sample.pi[:, None]) / max(self.cells.size, 1.0)

    @cached_property
    def fitted(self) -> ClassProxy:
        """The proxy m."""
        return self.proxy or fit_class_proxy(self.sample, classes=self.classes)

    @property
    def _fit(self) -> dict[str, Any]:
        return {"proxy": self.fitted, "whole": self.whole or self.sample}

    @property
    def _shares(self) -> FloatArray:
        return self._counts() / self.population.size if self.is_complete else self.table

    @property
    def _amounts(self) -> FloatArray:
        corrections = self.sample.amount[:, None] * self._bracket / self.sample.pi[:, None]
        return self._sums(self.cells.sum_amount, corrections)

    def _counts(self) -> FloatArray:
        """Count the truths of the items, by predicted class."""
        place = self.sample.predicted * self.classes + self.sample.truth.astype(np.int64)
        return np.bincount(place, minlength=self.classes**2).reshape(self.classes, self.classes).astype(np.float64)

    def _sums(self, of_cells: FloatArray, corrections: FloatArray) -> FloatArray:
        """Sum what the cells hold by predicted and expected class, and add the items' corrections (n, classes)."""
        sums = np.zeros((self.classes, self.classes))
        np.add.at(sums, self.cells.predicted, of_cells[:, None] * self._expected_cells)
        np.add.at(sums, self.sample.predicted, corrections)
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
        label, true = one_hot[sample.label.astype(np.int64)], one_hot[sample.truth.astype(np.int64)]
        chance = np.where(sample.q > 0, sample.q, 1.0)
        return np.asarray(label - self._expected_items + (sample.adjudicated / chance)[:, None] * (true - label))

    def _mean_value(self, matrix: ValueMatrix, *, against_baseline: bool) -> Estimate:
        sample, cells = self.sample, self.cells
        if cells.size == 0:
            return missing("no_baseline" if against_baseline else "no_population")
        if matrix.uses_amount and not np.isfinite(sample.amount).all():
            return missing("no_amount", n=len(sample.pi), covered_share=cells.covered_share)
        per_cell = matrix.by_truth(cells.predicted, cells.baseline if against_baseline else None)
        per_item = matrix.by_truth(sample.predicted, sample.baseline if against_baseline else None)
        beta = sample.amount if matrix.uses_amount else np.ones(len(sample.pi))
        pseudo = self._pseudo_values(per_cell, per_item, matrix.matrix)
        if self.is_complete:
            return exactly(float(pseudo.of_truth @ beta / cells.size), n=len(beta))
        amounts = cells.sum_amount if matrix.uses_amount else cells.n
        linearized = Linearized(
            value=pseudo.total(amounts, beta) / cells.size,
            plug_in=pseudo.plug_in(amounts) / cells.size,
            beta=beta,
            beta2_odds=cells.sum_amount2_odds if matrix.uses_amount else cells.sum_odds,
            on_cells=np.ptp(per_cell, axis=1) > 0,
            on_items=np.ptp(per_item, axis=1) > 0,
            is_bounded=False,
        )
        return conclude(pseudo, linearized, level=self.level)

    def _pseudo_values(self, per_cell: FloatArray, per_item: FloatArray, slopes: FloatArray) -> PseudoValues:
        """Make pseudo-values of a quantity given under every truth, for each cell and each item (…, classes)."""
        sample, whole = self.sample, self.whole or self.sample
        mean_cells = (self._expected_cells * per_cell).sum(axis=1)
        of_whole = slopes[whole.predicted]
        return PseudoValues(
            population=self.cells,
            sample=sample,
            mean_cells=mean_cells,
            variance_cells=np.maximum((self._expected_cells * per_cell**2).sum(axis=1) - mean_cells**2, 0.0),
            mean_items=(self._expected_items * per_item).sum(axis=1),
            of_label=_under(per_item, sample.label),
            of_truth=_under(per_item, sample.truth),
            overturn=overturn_rate(
                whole,
                _under(of_whole, whole.label),
                _under(of_whole, whole.truth),
                scale2=float(np.ptp(slopes)) ** 2,
            ),
            floor_rate=self.floor_rate,
        )


def _under(per_item: FloatArray, truth: FloatArray) -> FloatArray:
    """Pick the value of each item (n, classes) under its truth (n,)."""
    return np.asarray(per_item[np.arange(len(truth)), truth.astype(np.int64)])
