"""The estimator of a model with several classes: one table of shares, every metric a function of it, and value."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from apps.stats.arrays import BoolArray, FloatArray, as_ints, sum_by
from apps.stats.estimate import Estimate, exactly, missing
from apps.stats.estimators.class_proxy import ClassProxy, fit_class_proxy
from apps.stats.estimators.class_table import exact_of_table, table_formula
from apps.stats.estimators.classes import ClassEstimator
from apps.stats.estimators.conclusion import NO_LIMITS, Linearized, conclude, weighted_variance
from apps.stats.estimators.confusion import Confusion, limits, spread_of
from apps.stats.estimators.pseudo import PseudoValues, overturn_rates
from apps.stats.estimators.sample import Sample
from apps.stats.estimators.value import ValueMatrix, limits_of_mean
from apps.stats.intervals import UNIT, Limits

CLASSES_AT_MOST = 1_000


@dataclass(frozen=True, eq=False)
class MulticlassEstimator(ClassEstimator):
    """Every figure of a model with several classes from population cells and answered items.

    Attributes
    ----------
    population, sample, least_by_chance, level
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
        on_cells = matters[self.cells.predicted]
        linearized = Linearized(
            value=formula.value(self.table),
            plug_in=plug_in,
            beta_cells=np.ones(len(self.cells.n)),
            beta=np.ones(len(self.sample.pi)),
            on_cells=on_cells,
            on_items=matters[self.sample.predicted],
            spread=spread_of(slopes, self.table) * float(self.cells.n[on_cells].sum()) / self.cells.size,
            limits=self._limits(metric, label=label, average=average) if formula.is_bounded else (-1.0, 1.0),
            is_share=formula.is_bounded,
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

    def _counts(self, items: BoolArray | slice = slice(None)) -> FloatArray:
        """Count the truths of the items, by predicted class."""
        place = (self.sample.predicted * self.classes + self.sample.truth.astype(np.int64))[items]
        counts = np.bincount(place, minlength=self.classes**2).astype(np.float64)
        return np.asarray(counts.reshape(self.classes, self.classes))

    def _sums(self, of_cells: FloatArray, corrections: FloatArray) -> FloatArray:
        """Sum what the cells hold by predicted and expected class, and add the items' corrections (n, classes)."""
        sums = np.zeros((self.classes, self.classes))
        np.add.at(sums, self.cells.predicted, of_cells[:, None] * self._expected_cells)
        np.add.at(sums, self.sample.predicted, corrections)
        return sums

    @cached_property
    def _expected_cells(self) -> FloatArray:
        return self.fitted.predict(self.cells.predicted, self.cells.logit)

    @cached_property
    def _expected_items(self) -> FloatArray:
        return self.fitted.predict(self.sample.predicted, self.sample.logit)

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
        on_cells = np.ptp(per_cell, axis=1) > 0
        pseudo = self._pseudo_values(per_cell, per_item, matrix.matrix)
        if self.is_complete:
            return exactly(float(pseudo.of_truth @ beta / cells.size), n=len(beta))
        amounts = cells.sum_amount if matrix.uses_amount else cells.n
        linearized = Linearized(
            value=pseudo.total(amounts, beta) / cells.size,
            plug_in=None,
            beta_cells=np.ones(len(cells.n)),
            beta=beta,
            on_cells=on_cells,
            on_items=np.ptp(per_item, axis=1) > 0,
            spread=weighted_variance(pseudo.of_label * beta, sample.pi) * float(cells.n[on_cells].sum()) / cells.size,
            limits=NO_LIMITS if matrix.uses_amount else limits_of_mean(pseudo, per_cell, per_item),
            is_share=False,
            uses_amount=matrix.uses_amount,
        )
        return conclude(pseudo, linearized, level=self.level)

    def _limits(self, metric: str, *, label: int | None, average: str | None) -> Limits:
        """Bound a metric in [0, 1] by what is certain, class by class for an average over the classes."""
        if label is not None:
            return self._limits_of(metric, [label])[0]
        if metric == "accuracy":
            return self._limits_of_accuracy()
        if average == "macro" or metric == "balanced_accuracy":
            bounds = np.array(self._limits_of(metric if average else "recall", range(self.classes)))
            return float(bounds[:, 0].mean()), float(bounds[:, 1].mean())
        return UNIT

    def _limits_of(self, metric: str, labels: Iterable[int]) -> list[Limits]:
        certain, open_by_class = self._certain, self._open_by_class
        true, predicted, size = certain.sum(axis=0), certain.sum(axis=1), float(certain.sum())
        every = float(open_by_class.sum())
        return [
            limits(
                metric,
                Confusion(
                    tp := float(certain[label, label]),
                    float(predicted[label]) - tp,
                    float(true[label]) - tp,
                    size - float(predicted[label] + true[label]) + tp,
                ),
                open_positive=float(open_by_class[label]),
                open_negative=every - float(open_by_class[label]),
            )
            for label in labels
        ]

    def _limits_of_accuracy(self) -> Limits:
        right, size = float(np.trace(self._certain)), self.cells.size
        return right / size, (right + float(self._open_by_class.sum())) / size

    @cached_property
    def _certain(self) -> FloatArray:
        """Counts (classes, classes) that are known, whatever the missing labels say."""
        return self._counts(self.sample.constant)

    @cached_property
    def _open_by_class(self) -> FloatArray:
        counts = sum_by(self.cells.predicted, self.cells.n, size=self.classes)
        return np.maximum(counts - self._certain.sum(axis=1), 0.0)

    def _pseudo_values(self, per_cell: FloatArray, per_item: FloatArray, slopes: FloatArray) -> PseudoValues:
        """Make pseudo-values of a quantity given under every truth, for each cell and each item (…, classes)."""
        mean_cells = (self._expected_cells * per_cell).sum(axis=1)
        apart2 = (per_cell - mean_cells[:, None]) ** 2
        half = float(np.ptp(slopes)) ** 2 / 2
        return PseudoValues(
            population=self.cells,
            sample=self.sample,
            mean_cells=mean_cells,
            variance_cells=(self._expected_cells * apart2).sum(axis=1),
            fourth_cells=(self._expected_cells * apart2**2).sum(axis=1),
            mean_items=(self._expected_items * per_item).sum(axis=1),
            of_label=_under(per_item, self.sample.label),
            of_truth=_under(per_item, self.sample.truth),
            overturn=_overturned(self.whole, slopes, prior=(half, half)),
            least_by_chance=self.least_by_chance,
        )


def _overturned(whole: Sample | None, slopes: FloatArray, *, prior: tuple[float, float]) -> tuple[float, float]:
    """Return what to expect of adjudication in a slice, from the whole window; the prior in the window itself."""
    if whole is None:
        return prior
    of_whole = slopes[whole.predicted]
    of_label, of_truth = _under(of_whole, whole.label), _under(of_whole, whole.truth)
    return overturn_rates(whole, of_label, of_truth, beta=np.ones(len(of_label)), prior=prior)


def _under(per_item: FloatArray, truth: FloatArray) -> FloatArray:
    """Pick the value of each item (n, classes) under its truth (n,)."""
    return np.asarray(per_item[np.arange(len(truth)), truth.astype(np.int64)])
