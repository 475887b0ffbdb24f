"""The estimator of a model with several classes: one table of shares, every metric a function of it, and value."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np

from apps.stats.arrays import BoolArray, FloatArray, IntArray, as_ints, sum_by
from apps.stats.estimate import Estimate, exactly, missing
from apps.stats.estimators.class_margins import Margins
from apps.stats.estimators.class_proxy import ClassProxy, fit_class_proxy
from apps.stats.estimators.class_quantity import ClassQuantity, of_slopes, of_values
from apps.stats.estimators.class_table import exact_of_table, table_formula
from apps.stats.estimators.classes import ClassEstimator
from apps.stats.estimators.conclusion import NO_LIMITS, Linearized, conclude, weighted_variance
from apps.stats.estimators.pseudo import PseudoValues, overturn_rates
from apps.stats.estimators.sample import Sample
from apps.stats.estimators.value import ValueMatrix
from apps.stats.intervals import Limits

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
            return exact_of_table(formula, self._certain)
        if self.cells.size == 0:
            return missing("no_population")
        if code := formula.undefined(self.margins):
            return missing(code, n=len(self.sample.pi), covered_share=self.population.covered_share)
        slopes = formula.slopes(self.margins)
        quantity = of_slopes(slopes, self.fitted)
        cells, items = self.cells.predicted, self.sample.predicted
        on_cells = quantity.varies[cells]
        # No label can change it; whether it is defined at all, only labels tell.
        if not on_cells.any() and (code := formula.undefined(self._seen)):
            covered = self.population.covered_share
            return missing(code if len(items) else "no_labels", n=len(items), covered_share=covered)
        linearized = Linearized(
            value=formula.value(self.margins),
            plug_in=None if formula.undefined(self._expected) else formula.value(self._expected),
            beta_cells=np.ones(len(cells)),
            beta=np.ones(len(items)),
            certain_cells=slopes.by_predicted[cells],
            certain=slopes.by_predicted[items],
            on_cells=on_cells,
            on_items=quantity.varies[items],
            spread=slopes.spread(self._shares) * self._share_of(on_cells),
            limits=formula.limits(self._certain, self._open_by_class),
            is_share=formula.is_share,
        )

        def under(rows: Sample, truth: FloatArray) -> FloatArray:
            return slopes.under(rows.predicted, truth.astype(np.int64))

        pseudo = self._pseudo_values(quantity, cells, items, under=under, reach=slopes.reach)
        return conclude(pseudo, linearized, level=self.level)

    @cached_property
    def swapped(self) -> "MulticlassEstimator":
        """The window as if the baseline had decided, with a proxy fitted to its classes."""
        return self._decided_by_baseline(proxy=None, whole=None)

    @cached_property
    def margins(self) -> Margins:
        """Estimated shares of the population by class: right, predicted, true."""
        return Margins.of_table(self._shares)

    @cached_property
    def fitted(self) -> ClassProxy:
        """The proxy m."""
        return self.proxy or fit_class_proxy(self.sample, classes=self.classes)

    @property
    def _fit(self) -> dict[str, Any]:
        return {"proxy": self.fitted, "whole": self.whole or self.sample}

    @cached_property
    def _shares(self) -> FloatArray:
        return self._sums(self.cells.n, np.ones(len(self.sample.pi))) / max(self.cells.size, 1.0)

    @property
    def _amounts(self) -> FloatArray:
        return self._sums(self.cells.sum_amount, self.sample.amount)

    @cached_property
    def _expected(self) -> Margins:
        """The shares that the proxy alone expects."""
        return Margins.of_table(self._sums(self.cells.n, np.zeros(len(self.sample.pi))) / self.cells.size)

    @cached_property
    def _certain(self) -> Margins:
        """Counts that are known, whatever the missing labels say."""
        return self._count(self.sample.where(self.sample.constant))

    @cached_property
    def _seen(self) -> Margins:
        """Counts of all labels there are."""
        return self._count(self.sample)

    def _count(self, sample: Sample) -> Margins:
        return Margins.of_rows(sample.predicted, sample.truth.astype(np.int64), classes=self.classes)

    @cached_property
    def _open_by_class(self) -> FloatArray:
        counts = sum_by(self.cells.predicted, self.cells.n, size=self.classes)
        return np.maximum(counts - self._certain.predicted, 0.0)

    def _sums(self, of_cells: FloatArray, of_items: FloatArray) -> FloatArray:
        """Estimate a total by predicted and true class, given that of each cell and the amount of each item.

        The items correct it by those of ỹ = m + (I/π)·[(L − m) + (A/q)(y − L)].
        """
        sample, weight = self.sample, of_items / self.sample.overall
        settled = sample.adjudicated / np.where(sample.q > 0, sample.q, 1.0)
        right = self._by_class(of_cells * self._chance_cells, weight * self._chance_items)
        wrong = self._by_class(of_cells * (1 - self._chance_cells), weight * (1 - self._chance_items))
        sums = wrong[:, None] * self.fitted.instead + np.diag(right)
        np.add.at(sums, (sample.predicted, sample.label.astype(np.int64)), weight * (1 - settled))
        np.add.at(sums, (sample.predicted, sample.truth.astype(np.int64)), weight * settled)
        return sums

    def _by_class(self, of_cells: FloatArray, of_items: FloatArray) -> FloatArray:
        """Sum over the cells of each predicted class, less its items."""
        cells = sum_by(self.cells.predicted, of_cells, size=self.classes)
        return np.asarray(cells - sum_by(self.sample.predicted, of_items, size=self.classes))

    def _share_of(self, on_cells: BoolArray) -> float:
        return float(self.cells.n[on_cells].sum()) / self.cells.size

    @cached_property
    def _chance_cells(self) -> FloatArray:
        return self.fitted.chance(self.cells.predicted, self.cells.logit)

    @cached_property
    def _chance_items(self) -> FloatArray:
        return self.fitted.chance(self.sample.predicted, self.sample.logit)

    def _mean_value(self, matrix: ValueMatrix, *, against_baseline: bool, is_total: bool) -> Estimate:
        sample, cells = self.sample, self.cells
        if cells.size == 0:
            return missing("no_baseline" if against_baseline else "no_population")
        if matrix.uses_amount and not np.isfinite(sample.amount).all():
            return missing("no_amount", n=len(sample.pi), covered_share=cells.covered_share)
        beta = sample.amount if matrix.uses_amount else np.ones(len(sample.pi))
        if self.is_complete:
            worth = _worth(sample, sample.truth, matrix, against_baseline=against_baseline)
            return exactly(float(worth @ beta / cells.size), n=len(beta))
        quantity, of_cells, of_items = self._values(matrix, against_baseline=against_baseline)
        pseudo = self.valued(matrix, against_baseline=against_baseline)
        amounts = cells.sum_amount if matrix.uses_amount else cells.n
        on_cells = quantity.varies[of_cells]
        linearized = Linearized(
            value=pseudo.total(amounts, beta) / cells.size,
            plug_in=None,
            beta_cells=np.ones(len(cells.n)),
            beta=beta,
            is_total=is_total,
            on_cells=on_cells,
            on_items=quantity.varies[of_items],
            spread=weighted_variance(pseudo.of_label * beta, sample.overall) * self._share_of(on_cells),
            limits=_limits_of_mean(pseudo, quantity, of_cells, of_items)
            if cells.is_all_logged and not matrix.uses_amount
            else NO_LIMITS,
            is_share=False,
            uses_amount=matrix.uses_amount,
        )
        return conclude(pseudo, linearized, level=self.level)

    def valued(self, matrix: ValueMatrix, *, against_baseline: bool = False) -> PseudoValues:
        """Make the pseudo-values of each decision's value, per unit of its amount where the matrix uses amounts."""
        quantity, of_cells, of_items = self._values(matrix, against_baseline=against_baseline)
        under = partial(_worth, matrix=matrix, against_baseline=against_baseline)
        return self._pseudo_values(quantity, of_cells, of_items, under=under, reach=float(np.ptp(matrix.matrix)))

    def _values(self, matrix: ValueMatrix, *, against_baseline: bool) -> tuple[ClassQuantity, IntArray, IntArray]:
        """Describe the value of each kind of decision, and name the kind of each cell and of each item."""
        cells, sample = self.cells, self.sample
        if not against_baseline:
            return of_values(matrix, np.arange(self.classes), None, self.fitted), cells.predicted, sample.predicted
        pairs = np.concatenate([rows.predicted * self.classes + rows.baseline for rows in (cells, sample)])
        present, kind = np.unique(pairs, return_inverse=True)
        quantity = of_values(matrix, present // self.classes, present % self.classes, self.fitted)
        return quantity, kind[: len(cells.n)], kind[len(cells.n) :]

    def _pseudo_values(
        self,
        quantity: ClassQuantity,
        of_cells: IntArray,
        of_items: IntArray,
        *,
        under: Callable[[Sample, FloatArray], FloatArray],
        reach: float,
    ) -> PseudoValues:
        """Make pseudo-values of a quantity, given the kind of each cell and item, and its value under a truth."""
        cells, half = quantity.moments(of_cells, self._chance_cells), reach**2 / 2
        return PseudoValues(
            population=self.cells,
            sample=self.sample,
            mean_cells=cells.mean,
            variance_cells=cells.second,
            fourth_cells=cells.fourth,
            mean_items=quantity.moments(of_items, self._chance_items).mean,
            of_label=under(self.sample, self.sample.label),
            of_truth=under(self.sample, self.sample.truth),
            overturn=_overturned(self.whole, under, prior=(half, half)),
            least_by_chance=self.least_by_chance,
        )


def _worth(rows: Sample, truth: FloatArray, matrix: ValueMatrix, *, against_baseline: bool) -> FloatArray:
    """Return the value of each decision under a truth, less the baseline's if wanted."""
    own = matrix.matrix[rows.predicted, truth.astype(np.int64)]
    return own - matrix.matrix[rows.baseline, truth.astype(np.int64)] if against_baseline else own


def _overturned(
    whole: Sample | None, under: Callable[[Sample, FloatArray], FloatArray], *, prior: tuple[float, float]
) -> tuple[float, float]:
    """Return what to expect of adjudication in a slice, from the whole window; the prior in the window itself."""
    if whole is None:
        return prior
    beta = np.ones(len(whole.pi))
    return overturn_rates(whole, under(whole, whole.label), under(whole, whole.truth), beta=beta, prior=prior)


def _limits_of_mean(pseudo: PseudoValues, quantity: ClassQuantity, of_cells: IntArray, of_items: IntArray) -> Limits:
    """Bound the mean of a quantity by what is known."""
    known, size = pseudo.sample.constant, pseudo.population.size
    low, high = (
        float(pseudo.population.n @ end[of_cells] + (pseudo.of_truth - end[of_items])[known].sum()) / size
        for end in (quantity.least, quantity.most)
    )
    return low, high
