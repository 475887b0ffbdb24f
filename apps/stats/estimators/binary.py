"""The estimator of a binary model: one recalibration, one set of pseudo-truths, every metric from them."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import FloatArray, as_binary
from apps.stats.estimate import Estimate, exactly, missing
from apps.stats.estimators import confusion
from apps.stats.estimators.calibration import estimate_calibration_error
from apps.stats.estimators.classes import ClassEstimator
from apps.stats.estimators.conclusion import conclude
from apps.stats.estimators.confusion import Confusion, Metric
from apps.stats.estimators.confusion_influence import expected_and_estimated
from apps.stats.estimators.exact import METRICS, OF_SCORE, exact_figure
from apps.stats.estimators.hajek import hajek_confusion, hajek_linear
from apps.stats.estimators.metrics import linearize
from apps.stats.estimators.population import Population
from apps.stats.estimators.pseudo import NOT_KNOWN, PseudoValues, overturn_rates
from apps.stats.estimators.recalibration import recalibrate, truth_moments
from apps.stats.estimators.sample import Sample
from apps.stats.estimators.value import ValueMatrix, by_truth, linearize_value


class Proxy(Protocol):
    """The expected truth by score."""

    def predict(self, logit: ArrayLike) -> FloatArray:
        """Return the expected truth at each logit (N,)."""


@dataclass(frozen=True, eq=False)
class BinaryEstimator(ClassEstimator):
    """Every figure of a binary model from population cells and answered items.

    Attributes
    ----------
    population, sample, least_by_chance, level
        As for `ClassEstimator`; labels and truths are 0 or 1.
    proxy : Proxy or None
        m; fitted on the sample if left out.
    overturn : (float, float) or None
        ε of the second phase in the whole window, where the reviewer differed from the model and where they agreed; one
        half each if left out.

    Raises
    ------
    ValueError
        If a class, label or truth is not 0 or 1, a rate or level is out of range, or an item has a class and score
        bin that no cell has (then cells and items round scores differently).

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

    proxy: Proxy | None = field(default=None, kw_only=True)
    overturn: tuple[float, float] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        as_binary("predicted of the population", self.population.predicted)
        as_binary("predicted of the sample", self.sample.predicted)
        as_binary("label", self.sample.label)
        as_binary("truth", self.sample.truth)
        if self.overturn is not None and not all(0 <= rate <= 1 for rate in self.overturn):
            raise ValueError(f"overturn must be in [0, 1], got {self.overturn}")
        for name, source in (("population", self.population), ("sample", self.sample)):
            if (source.baseline > 1).any():
                raise ValueError(f"baseline of the {name} must be 0, 1 or -1")
        super().__post_init__()

    def estimate(self, metric: Metric, *, of: str = "predicted") -> Estimate:
        """Estimate a metric of the model, or with `of="baseline"` of the baseline.

        Metrics are accuracy, precision, recall, specificity, f1, balanced_accuracy, mcc and kappa; of a score also
        auc, average_precision, brier, log_loss and ece; or any smooth function of the four corners
        (`confusion.Corners`).

        Raises
        ------
        ValueError
            If the metric is unknown, or the baseline has no such metric.

        Examples
        --------
        >>> cells = Population.from_rows(predicted=[1, 1, 0], score=[0.9, 0.8, 0.1], pi=[1, 1, 1])
        >>> items = Sample.of(predicted=[1, 1, 0], score=[0.9, 0.8, 0.1], pi=[1, 1, 1], label=[1, 0, 0])
        >>> BinaryEstimator(cells, items).estimate(lambda c: c.tp / (c.tp + c.fp + c.fn)).value
        0.5
        """
        if (isinstance(metric, str) and metric not in METRICS) or of not in ("predicted", "baseline"):
            raise ValueError(f"unknown metric {metric!r} of {of!r}; known are {', '.join(METRICS)}")
        if of == "baseline":
            return self._of_baseline(metric)
        if self.is_complete:
            return exact_figure(
                metric, predicted=self.sample.predicted, truth=self.sample.truth, score=self.sample.score
            )
        if metric == "ece":
            return estimate_calibration_error(self.pseudo, level=self.level)
        if self.lacks_score and metric not in OF_SCORE:
            return self._without_score(metric)
        return conclude(self.pseudo, linearize(metric, self.pseudo), level=self.level)

    def _share_right(self) -> Estimate:
        """Estimate the share of correct predictions, by a Hájek mean."""
        return self.estimate("accuracy") if self.is_complete else self._without_score("accuracy")

    @cached_property
    def confusion(self) -> Confusion:
        """Estimated shares of true and false positives and negatives."""
        if self.is_complete:
            counts = confusion.confusion_of(self.sample.predicted, self.sample.truth)
            n = max(counts.size, 1)
            return Confusion(counts.tp / n, counts.fp / n, counts.fn / n, counts.tn / n)
        return expected_and_estimated(self.pseudo)[1]

    @property
    def _shares(self) -> FloatArray:
        table = self.confusion
        return np.array([[table.tn, table.fn], [table.fp, table.tp]])

    @property
    def _amounts(self) -> FloatArray:
        positive, items = self.cells.predicted == 1, self.sample.predicted == 1
        sums, own = self.cells.sum_amount, self.sample.amount
        tp = self.pseudo.total(positive * sums, items * own)
        fn = self.pseudo.total(~positive * sums, ~items * own)
        return np.array([[float(sums[~positive].sum()) - fn, fn], [float(sums[positive].sum()) - tp, tp]])

    @property
    def lacks_score(self) -> bool:
        """Whether no prediction has a score."""
        return bool((self.cells.bin < 0).all() and np.isnan(self.sample.score).all())

    @cached_property
    def swapped(self) -> "BinaryEstimator":
        """The window as if the baseline had decided, with the same pseudo-truths."""
        return self._decided_by_baseline(**self._fit)

    def valued(self, matrix: ValueMatrix, *, against_baseline: bool = False) -> PseudoValues:
        """Make the pseudo-values of each decision's value, per unit of its amount where the matrix uses amounts."""
        items, cells = by_truth(matrix, self.sample, self.cells, against_baseline=against_baseline)
        return self.pseudo.linear((cells[:, 0], items[:, 0]), (cells[:, 1] - cells[:, 0], items[:, 1] - items[:, 0]))

    @property
    def _fit(self) -> dict[str, Any]:
        return {"proxy": self.fitted, "overturn": self.expected_overturn}

    @cached_property
    def fitted(self) -> Proxy:
        """The proxy m."""
        return self.proxy or recalibrate(self.sample.logit, self.sample.truth, self.sample.overall)

    @cached_property
    def expected_overturn(self) -> tuple[float, float]:
        """ε of the second phase in this window, for the slices of it."""
        sample = self.sample
        every = np.ones(len(sample.pi))
        return overturn_rates(sample, sample.label, sample.truth, beta=every, prior=self.overturn or NOT_KNOWN)

    @cached_property
    def pseudo(self) -> PseudoValues:
        """The pseudo-truths of this window."""
        return self._pseudo(self.expected_truth(self.cells), self.expected_truth(self.sample))

    @cached_property
    def plain(self) -> PseudoValues:
        """Pseudo-truths without a proxy: the bracket is each item's own two-phase truth."""
        return self._pseudo(np.zeros(len(self.cells.n)), np.zeros(len(self.sample.pi)))

    def expected_truth(self, rows: Population | Sample) -> FloatArray:
        """Compute m of each cell or item."""
        return self.fitted.predict(rows.logit)

    def _pseudo(self, mean_cells: FloatArray, mean_items: FloatArray) -> PseudoValues:
        variance, fourth = truth_moments(mean_cells)
        return PseudoValues(
            population=self.cells,
            sample=self.sample,
            mean_cells=mean_cells,
            variance_cells=variance,
            fourth_cells=fourth,
            mean_items=mean_items,
            of_label=self.sample.label,
            of_truth=self.sample.truth,
            overturn=self.overturn or NOT_KNOWN,
            least_by_chance=self.least_by_chance,
        )

    def _without_score(self, metric: Metric) -> Estimate:
        return hajek_confusion(metric, self.plain, self.sample.predicted.astype(np.float64), level=self.level)

    def _of_baseline(self, metric: Metric) -> Estimate:
        if metric in OF_SCORE:
            raise ValueError(f"{metric} is a metric of the score; a baseline has none")
        baseline = self.swapped
        return baseline.estimate(metric) if baseline.population.size else missing("no_baseline")

    def _mean_value(self, matrix: ValueMatrix, *, against_baseline: bool, is_total: bool) -> Estimate:
        metric = linearize_value(self.pseudo, matrix, against_baseline=against_baseline, is_total=is_total)
        if metric.code is not None or not (self.is_complete or self.lacks_score):
            return conclude(self.pseudo, metric, level=self.level)
        items, cells = self._if_negative(matrix, against_baseline=against_baseline)
        if self.is_complete:
            rows = items + metric.beta * self.sample.truth
            return exactly(float(rows.sum() / self.population.size), n=len(rows))
        return hajek_linear(self.plain, metric, certain_items=items, certain_cells=cells, level=self.level)

    def _if_negative(self, matrix: ValueMatrix, *, against_baseline: bool) -> tuple[FloatArray, FloatArray]:
        """Compute the value of each item, and the sum over each cell, if the truth is 0."""
        items, cells = by_truth(matrix, self.sample, self.cells, against_baseline=against_baseline)
        if matrix.uses_amount:
            return items[:, 0] * self.sample.amount, cells[:, 0] * self.cells.sum_amount
        return items[:, 0], cells[:, 0] * self.cells.n
