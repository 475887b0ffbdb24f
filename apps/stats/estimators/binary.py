"""The estimator of a binary model: one recalibration, one set of pseudo-truths, every metric from them."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import FloatArray, as_binary, as_level, as_probability
from apps.stats.estimate import Estimate, exactly, missing
from apps.stats.estimators import confusion
from apps.stats.estimators.calibration import estimate_calibration_error
from apps.stats.estimators.conclusion import conclude
from apps.stats.estimators.confusion import Metric
from apps.stats.estimators.exact import METRICS, OF_SCORE, exact_figure
from apps.stats.estimators.hajek import hajek_confusion, hajek_linear
from apps.stats.estimators.keys import NO_BASELINE
from apps.stats.estimators.metrics import linearise
from apps.stats.estimators.population import Population
from apps.stats.estimators.pseudo import PseudoValues, overturn_rate
from apps.stats.estimators.recalibration import recalibrate
from apps.stats.estimators.sample import Sample
from apps.stats.estimators.value import (
    AccuracyPoint,
    ValueMatrix,
    accuracy_point,
    by_truth,
    linearise_value,
    mean_amounts,
)
from apps.stats.intervals import LEVEL

RIGHT = ValueMatrix(np.eye(2))


class Proxy(Protocol):
    """Anything that expects a truth in each score bin."""

    def predict_bin(self, bins: ArrayLike) -> FloatArray:
        """Expected truth in each bin (N,)."""


@dataclass(frozen=True, eq=False)
class BinaryEstimator:
    """Every figure of a binary model from population cells and answered items.

    Attributes
    ----------
    population : Population
    sample : Sample
        Labels and truths of 0 and 1.
    floor_rate : float or None
        Probability that the random floor alone yields a label of a prediction
        (rate × blind share × response); for the minimum rule. None where the whole draw is one random sample.
    level : float
    proxy : Proxy or None
        m; fitted on the sample if left out.
    overturn : float or None
        ε of the second phase; counted in the sample if left out.

    Raises
    ------
    ValueError
        If a class, label or truth is not 0 or 1, a rate or level is out of range, or an item has a class and score
        bin that no cell has (then scores were rounded differently in the two).

    Examples
    --------
    >>> cells = Population.of(
    ...     predicted=[0, 1], bin=[60, 140], n=[800, 200], sum_pi=[80, 20], sum_odds=[7200, 1800]
    ... )
    >>> items = Sample.of(
    ...     predicted=[0] * 80 + [1] * 20,
    ...     score=[0.018] * 80 + [0.983] * 20,
    ...     pi=[0.1] * 100,
    ...     label=[0] * 78 + [1] * 18 + [0] * 4,
    ... )
    >>> figure = BinaryEstimator(cells, items).estimate("precision")
    >>> round(figure.value, 3), figure.method, figure.n
    (0.8, 'logit-mod', 20)
    """

    population: Population
    sample: Sample
    floor_rate: float | None = None
    level: float = LEVEL
    proxy: Proxy | None = None
    overturn: float | None = None

    def __post_init__(self) -> None:
        as_binary("predicted of the population", self.population.predicted)
        as_binary("predicted of the sample", self.sample.predicted)
        as_binary("label", self.sample.label)
        as_binary("truth", self.sample.truth)
        as_level(self.level)
        if self.floor_rate is not None:
            as_probability("floor_rate", [self.floor_rate])
        if self.overturn is not None and not 0 <= self.overturn <= 1:
            raise ValueError(f"overturn must be in [0, 1], got {self.overturn}")
        for name, source in (("population", self.population), ("sample", self.sample)):
            if (source.baseline > 1).any():
                raise ValueError(f"baseline of the {name} must be 0, 1 or -1")
        if not self.population.holds(self.sample):
            raise ValueError("sample has items of a class and score bin that the population has not")

    def restrict(self, *, cells: ArrayLike | None = None, items: ArrayLike | None = None) -> "BinaryEstimator":
        """The same pseudo-truths on a part of the window: masks over the cells and items given at first."""
        population = self.population if cells is None else self.population.where(cells)
        return self.within(population, items=items)

    def within(self, population: Population, *, items: ArrayLike | None = None) -> "BinaryEstimator":
        """The same pseudo-truths on other cells (those of a slice) and the items that belong to them."""
        sample = self.sample if items is None else self.sample.where(items)
        return replace(self, population=population, sample=sample, proxy=self.fitted, overturn=self.expected_overturn)

    def estimate(self, metric: Metric, *, of: str = "predicted") -> Estimate:
        """A metric of the model, or with `of="baseline"` of the baseline.

        accuracy, precision, recall, specificity, f1, balanced_accuracy, mcc, kappa; of a score auc,
        average_precision, brier, log_loss, ece; or any smooth function of the four corners (`confusion.Corners`).

        Raises
        ------
        ValueError
            If the metric is unknown, or is not one of a baseline.

        Examples
        --------
        >>> cells = Population.from_rows(predicted=[1, 1, 0], score=[0.9, 0.8, 0.1], pi=[1, 1, 1])
        >>> items = Sample.of(predicted=[1, 1, 0], score=[0.9, 0.8, 0.1], pi=[1, 1, 1], label=[1, 0, 0])
        >>> BinaryEstimator(cells, items).estimate(lambda at: at.tp / (at.tp + at.fp + at.fn)).value
        0.5
        """
        if (isinstance(metric, str) and metric not in METRICS) or of not in ("predicted", "baseline"):
            raise ValueError(f"unknown metric {metric!r} of {of!r}; known are {', '.join(METRICS)}")
        if of == "baseline":
            return self._of_baseline(metric)
        if self.is_complete:
            return exact_figure(
                metric, predicted=self.sample.predicted, truth=self.sample.known, score=self.sample.score
            )
        if metric == "ece":
            return estimate_calibration_error(self.pseudo, level=self.level)
        if self.lacks_score and metric not in OF_SCORE:
            return hajek_confusion(metric, self.plain, self.sample.predicted.astype(np.float64), level=self.level)
        return conclude(self.pseudo, linearise(metric, self.pseudo), level=self.level)

    def value(self, matrix: ValueMatrix) -> Estimate:
        """Total value of the window's decisions, in money.

        Raises
        ------
        ValueError
            If the matrix is not two by two.
        """
        return self.mean_value(matrix).scaled(max(self.population.size, 1.0))

    def mean_value(self, matrix: ValueMatrix, *, against_baseline: bool = False) -> Estimate:
        """Mean value of one decision, in money; against the baseline, of those that have one."""
        if len(matrix.matrix) != 2:
            raise ValueError("matrix must be two by two for a binary model")
        if against_baseline and self.with_baseline is not self:
            there = self.with_baseline
            return there.mean_value(matrix, against_baseline=True) if there.population.size else missing("no_baseline")
        metric = linearise_value(self.pseudo, matrix, against_baseline=against_baseline)
        if (metric.codes is not None and metric.codes[0] is not None) or not (self.is_complete or self.lacks_score):
            return conclude(self.pseudo, metric, level=self.level)
        items, cells = self._if_negative(matrix, against_baseline=against_baseline)
        if self.is_complete:
            rows = items + metric.beta * self.sample.known
            return exactly(float(rows.sum() / self.population.size), n=len(rows))
        return hajek_linear(self.plain, metric, certain_items=items, certain_cells=cells, level=self.level)

    def accuracy_difference(self) -> Estimate:
        """Accuracy of the model less that of the baseline; only their disagreements need labels."""
        return self.mean_value(RIGHT, against_baseline=True)

    def win_rate(self) -> Estimate:
        """Share of disagreements with the baseline in which the model is right (Hájek)."""
        there = self.with_baseline
        apart = there.restrict(
            cells=there.population.predicted != there.population.baseline,
            items=there.sample.predicted != there.sample.baseline,
        )
        if apart.population.size == 0:
            return missing("no_disagreement" if there.population.size else "no_baseline")
        if apart.is_complete:
            return exact_figure("accuracy", predicted=apart.sample.predicted, truth=apart.sample.known)
        return hajek_confusion("accuracy", apart.plain, apart.sample.predicted.astype(np.float64), level=self.level)

    def accuracy_point(self, matrix: ValueMatrix) -> AccuracyPoint:
        """What one point of accuracy is worth in this window, with its range over the kinds of error."""
        figure = self.estimate("accuracy")
        if figure.value is None:
            return AccuracyPoint(None, None, None, code=figure.code)
        if not matrix.uses_amount:
            return accuracy_point(matrix, _by_class(self.confusion), size=self.population.size)
        if not np.isfinite(self.sample.amount).all():
            return AccuracyPoint(None, None, None, code="no_amount")
        counts, money = _by_class(self.confusion) * self.population.size, self._amounts()
        mean_amount = mean_amounts(counts, money, seen=self.sample.amount)
        return accuracy_point(matrix, _by_class(self.confusion), size=self.population.size, mean_amount=mean_amount)

    @cached_property
    def confusion(self) -> confusion.Confusion:
        """Estimated shares of true and false positives and negatives."""
        if self.is_complete:
            counts = confusion.confusion_of(self.sample.predicted, self.sample.known)
            n = max(counts.size, 1)
            return confusion.Confusion(counts.tp / n, counts.fp / n, counts.fn / n, counts.tn / n)
        _, table = confusion.tables(self.pseudo)
        return confusion.Confusion(*table[:, 0].tolist())

    @cached_property
    def is_complete(self) -> bool:
        """π ≡ 1 and everybody's truth is known: nothing is left to estimate."""
        return self.sample.completes(self.population)

    @property
    def lacks_score(self) -> bool:
        """Whether no prediction has a score."""
        return bool((self.cells.bin < 0).all() and np.isnan(self.sample.score).all())

    @cached_property
    def with_baseline(self) -> "BinaryEstimator":
        """The part of the window that has a baseline."""
        cells, items = self.population.baseline != NO_BASELINE, self.sample.baseline != NO_BASELINE
        return self if cells.all() and items.all() else self.restrict(cells=cells, items=items)

    @cached_property
    def swapped(self) -> "BinaryEstimator":
        """As if the baseline had decided: its predictions in place of the model's, where it has any."""
        there = self.with_baseline
        return replace(
            there,
            population=replace(there.population, predicted=there.population.baseline),
            sample=replace(there.sample, predicted=there.sample.baseline),
            proxy=self.fitted,
            overturn=self.expected_overturn,
        )

    @cached_property
    def cells(self) -> Population:
        """The population with like cells added up."""
        return self.population.compact()

    @cached_property
    def fitted(self) -> Proxy:
        """m."""
        return self.proxy or recalibrate(self.sample.bin, self.sample.known, self.sample.pi)

    @cached_property
    def expected_overturn(self) -> float:
        """ε."""
        if self.overturn is not None:
            return self.overturn
        return overturn_rate(self.sample, self.sample.label, self.sample.truth)

    @cached_property
    def pseudo(self) -> PseudoValues:
        """The pseudo-truths of this window."""
        return self._pseudo(self.expected_truth(self.cells), self.expected_truth(self.sample))

    def expected_truth(self, rows: Population | Sample) -> FloatArray:
        """m of each cell or item."""
        return self.fitted.predict_bin(rows.bin)

    @cached_property
    def plain(self) -> PseudoValues:
        """Pseudo-truths without a proxy: the bracket is each item's own two-phase truth."""
        return self._pseudo(np.zeros(len(self.cells.n)), np.zeros(len(self.sample.pi)))

    def _pseudo(self, mean_cells: FloatArray, mean_items: FloatArray) -> PseudoValues:
        return PseudoValues(
            population=self.cells,
            sample=self.sample,
            mean_cells=mean_cells,
            variance_cells=mean_cells * (1 - mean_cells),
            mean_items=mean_items,
            of_label=self.sample.label,
            of_truth=self.sample.truth,
            overturn=self.expected_overturn,
            floor_rate=self.floor_rate,
        )

    def _of_baseline(self, metric: Metric) -> Estimate:
        if metric in OF_SCORE:
            raise ValueError(f"{metric} is a metric of the score; a baseline has none")
        there = self.with_baseline
        return there.swapped.estimate(metric) if there.population.size else missing("no_baseline")

    def _if_negative(self, matrix: ValueMatrix, *, against_baseline: bool) -> tuple[FloatArray, FloatArray]:
        """What each item, and each cell in sum, is worth if the truth is 0."""
        items, cells = by_truth(matrix, self.sample, self.cells, against_baseline=against_baseline)
        if matrix.uses_amount:
            return items[:, 0] * self.sample.amount, cells[:, 0] * self.cells.sum_amount
        return items[:, 0], cells[:, 0] * self.cells.n

    def _amounts(self) -> FloatArray:
        """Money at stake by predicted class and truth."""
        positive, items = self.cells.predicted == 1, self.sample.predicted == 1
        sums, own = self.cells.sum_amount, self.sample.amount
        tp = float(self.pseudo.total(positive * sums, items * own)[0])
        fn = float(self.pseudo.total(~positive * sums, ~items * own)[0])
        return np.array([[float(sums[~positive].sum()) - fn, fn], [float(sums[positive].sum()) - tp, tp]])


def _by_class(table: confusion.Confusion) -> FloatArray:
    """Row: predicted class. Column: truth."""
    return np.array([[table.tn, table.fn], [table.fp, table.tp]])
