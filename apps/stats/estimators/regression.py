"""The estimator of a model that predicts a number: mean losses, with their expectation by bin of the prediction."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import LARGEST, FloatArray, IntArray, as_floats, as_ints, as_level, as_mask
from apps.stats.estimate import Estimate, exactly, missing
from apps.stats.estimators.conclusion import NO_LIMITS, Linearized, conclude, unfit, weighted_variance
from apps.stats.estimators.expected_loss import LARGEST_LOSS, fit_expected_loss, quantile_bins
from apps.stats.estimators.population import Population
from apps.stats.estimators.pseudo import PseudoValues, overturn_rates
from apps.stats.estimators.sample import Sample
from apps.stats.estimators.scoring import MINIMUM_LABELS
from apps.stats.intervals import LEVEL, Limits
from apps.stats.sample_size import MINIMUM_CHANCE_LABELS

Loss = Callable[[FloatArray, FloatArray], FloatArray]

#: Metrics that are the mean of a loss.
LOSSES: Mapping[str, Loss] = {
    "mae": lambda predicted, truth: np.abs(predicted - truth),
    "mse": lambda predicted, truth: (predicted - truth) ** 2,
    "bias": lambda predicted, truth: predicted - truth,
}
METRICS = (*LOSSES, "rmse", "r2")
NOT_NEGATIVE = frozenset({"mae", "mse"})

_ROUNDING = 1e-14  # of numbers that should be equal, relative to the largest


@dataclass(frozen=True, eq=False)
class RegressionEstimator:
    """Errors of a model that predicts a number: mean absolute and squared error, bias, R² and any mean loss.

    Attributes
    ----------
    population : Population
        Cells by bin of the prediction, on edges frozen at registration; its predicted class is always 0.
    sample : Sample
        Answered items; the predicted class is always 0, labels and truths are numbers.
    predicted : array (n,)
        The predicted number of each item.
    bins : array (n,) of int
        Bin of each prediction, on the same edges.
    least_by_chance : float
        As for `ClassEstimator`.
    level : float, in (0, 1)
        Confidence level of the intervals.
    tolerance : float
        A label this close to the prediction agrees with it.
    whole : RegressionEstimator or None
        The estimator of the whole window, which expected losses are fitted on; this one if left out.

    Raises
    ------
    ValueError
        If lengths differ, a number is not finite or too large, or the population lacks a bin.

    Examples
    --------
    >>> cells = Population.of(predicted=[0, 0], bin=[3, 7], n=[2, 1], sum_pi=[2, 1], sum_odds=[0, 0])
    >>> items = Sample.of(predicted=[0] * 3, score=[float("nan")] * 3, pi=[1.0] * 3, label=[9.0, 12.0, 30.0])
    >>> estimator = RegressionEstimator(cells, items, predicted=[10.0, 10.0, 30.0], bins=[3, 3, 7])
    >>> estimator.estimate("mae").value, estimator.estimate("mae").method
    (1.0, 'exact')
    """

    population: Population
    sample: Sample
    predicted: ArrayLike
    bins: ArrayLike
    least_by_chance: float = MINIMUM_CHANCE_LABELS
    level: float = LEVEL
    tolerance: float = 0.0
    whole: "RegressionEstimator | None" = None

    def __post_init__(self) -> None:
        n = len(self.sample.pi)
        numbers = as_floats("predicted", self.predicted, length=n, largest=LARGEST)
        as_level(self.level)
        if not self.least_by_chance >= 0:
            raise ValueError(f"least_by_chance must not be negative, got {self.least_by_chance}")
        if not self.tolerance >= 0:
            raise ValueError(f"tolerance must not be negative, got {self.tolerance}")
        agreed = (np.abs(self.sample.label - numbers) <= self.tolerance).astype(np.float64)
        object.__setattr__(self, "sample", replace(self.sample, agreed=agreed))
        object.__setattr__(self, "predicted", numbers)
        object.__setattr__(self, "bins", as_ints("bins", self.bins, length=n))
        if not np.isin(self._bins, self.population.bin).all():
            raise ValueError("bins holds a bin that the population lacks")

    def restrict(self, *, cells: ArrayLike | None = None, items: ArrayLike | None = None) -> "RegressionEstimator":
        """Select a slice by masks over cells and items; expected losses stay those of the whole window."""
        n = len(self.sample.pi)
        mask = np.ones(n, dtype=np.bool_) if items is None else as_mask("items", items, length=n)
        return replace(
            self,
            population=self.population if cells is None else self.population.where(cells),
            sample=self.sample.where(mask),
            predicted=self._numbers[mask],
            bins=self._bins[mask],
            whole=self.whole or self,
        )

    def estimate(self, metric: str) -> Estimate:
        """Estimate mae, rmse or bias in the unit of the prediction, mse in its square, or r2.

        Returns
        -------
        Estimate
            `too_few` where one label, or labels with equal errors, cannot say how far off the others are;
            `no_variation` for r2 where all truths are equal.

        Raises
        ------
        ValueError
            If the metric is unknown.
        """
        if metric not in METRICS:
            raise ValueError(f"unknown metric {metric!r}; known are {', '.join(METRICS)}")
        loss = LOSSES["mse" if metric in ("rmse", "r2") else metric]
        if self._is_without_spread(loss):
            return missing("too_few", n=len(self._numbers), covered_share=self.cells.covered_share)
        if metric == "rmse":
            return _root(self.mean(loss, is_not_negative=True))
        return self._r2() if metric == "r2" else self.mean(loss, is_not_negative=metric in NOT_NEGATIVE)

    def mean(self, loss: Loss, *, is_not_negative: bool = False) -> Estimate:
        """Estimate the mean of any loss(predicted, truth), such as the cost of predicting too low.

        Raises
        ------
        ValueError
            If the loss of an item is not finite or too large.
        """
        cells, n = self.cells, len(self._numbers)
        if self.sample.completes(cells):
            return exactly(float(self._lost(loss, self.sample.truth).mean()), n=n)
        if code := self._unfit():
            return missing(code, n=n, covered_share=cells.covered_share)
        pseudo = self._pseudo(loss)
        known = float(pseudo.of_truth[self.sample.constant].sum()) / cells.size
        limits = (known, math.inf) if is_not_negative else NO_LIMITS
        minimum = MINIMUM_LABELS if loss is LOSSES["mse"] else 0
        return self._conclude(pseudo, _mean_of(pseudo), limits=limits, minimum=minimum)

    @cached_property
    def cells(self) -> Population:
        """The population with like cells added up."""
        return self.population.compact()

    @cached_property
    def bin_ends(self) -> IntArray:
        """Last cell of each bin but the last, of 20 bins with equal counts."""
        return quantile_bins(self.cells.bin, self.cells.n)

    @property
    def _numbers(self) -> FloatArray:
        return np.asarray(self.predicted, dtype=np.float64)

    @property
    def _bins(self) -> IntArray:
        return np.asarray(self.bins, dtype=np.int64)

    def _unfit(self) -> str | None:
        """Say why there is no value; known truths alone say nothing of predictions that nobody has checked."""
        is_checked = (self.whole or self).sample.is_drawn_at_random.any()
        is_open = self.cells.sum_odds.sum() > 0
        return unfit(self.cells, n=len(self._numbers)) or ("no_labels" if is_open and not is_checked else None)

    def _is_without_spread(self, loss: Loss) -> bool:
        """Say whether the labels leave open how far other losses lie: there is one label, or all losses are equal."""
        if self.sample.completes(self.cells) or self._unfit():
            return False
        whole = self.whole or self
        return bool(np.ptp(whole._lost(loss, whole.sample.truth)) == 0)

    def _r2(self) -> Estimate:
        """Estimate 1 − MSE/variance of the truth; the ratio cannot be negative.

        Sums are of t = y − c, c the weighted mean of the labels: squares of y itself would cancel. Linearized, the
        influence of one item on the ratio is (e² − ratio·(t² − 2t̄t))/σ², up to a constant.
        """
        truth, pi = self.sample.truth, self.sample.overall
        if self.sample.completes(self.cells):
            return uncorrected_error("r2", predicted=self._numbers, truth=truth, is_complete=True)
        mse = self.mean(LOSSES["mse"])
        if mse.value is None:
            return mse
        center = float(np.average(truth, weights=pi.min() / pi))
        shift = _mean_of(self._pseudo(lambda _, true: true - center))
        variance = _mean_of(self._pseudo(lambda _, true: (true - center) ** 2)) - shift**2
        if not _varies(variance, truth):
            return missing("no_variation", n=len(truth), covered_share=self.cells.covered_share)
        ratio = mse.value / variance
        if not ratio < LARGEST:
            return missing("no_variation", n=len(truth), covered_share=self.cells.covered_share)

        def influence(predicted: FloatArray, true: FloatArray) -> FloatArray:
            spread = (true - center) * (true - center - 2 * shift)
            return np.asarray(((predicted - true) ** 2 - ratio * spread) / variance)

        least = self._conclude(self._pseudo(influence), ratio, limits=(0.0, math.inf), minimum=MINIMUM_LABELS)
        return least.scaled(-1).shifted(1)

    def _conclude(self, pseudo: PseudoValues, value: float, *, limits: Limits, minimum: int) -> Estimate:
        each_cell, each_item = np.ones(len(pseudo.population.n)), np.ones(len(pseudo.sample.pi))
        linearized = Linearized(
            value=value,
            plug_in=None,
            beta_cells=each_cell,
            beta=each_item,
            on_cells=each_cell > 0,
            on_items=each_item > 0,
            spread=weighted_variance(pseudo.of_truth, pseudo.sample.overall),
            limits=limits,
            is_share=False,
            minimum=minimum,
        )
        return conclude(pseudo, linearized, level=self.level)

    def _pseudo(self, loss: Loss) -> PseudoValues:
        whole = self.whole or self
        in_whole, ends = whole._lost(loss, whole.sample.truth), whole.bin_ends
        fitted = fit_expected_loss(np.searchsorted(ends, whole._bins), in_whole, whole.sample.overall)
        on_cells, on_items = np.searchsorted(ends, self.cells.bin), np.searchsorted(ends, self._bins)
        own, half = self._lost(loss, self.sample.truth), weighted_variance(in_whole, whole.sample.overall) / 2
        return PseudoValues(
            population=self.cells,
            sample=self.sample,
            mean_cells=fitted.mean[on_cells],
            variance_cells=fitted.variance[on_cells],
            fourth_cells=fitted.fourth[on_cells],
            mean_items=fitted.without_item(on_items, own, self.sample.pi, log_share=self.sample.log_share),
            of_label=self._lost(loss, self.sample.label),
            of_truth=own,
            overturn=(half, half) if self.whole is None else self._overturned(self.whole, loss, prior=(half, half)),
            least_by_chance=self.least_by_chance,
        )

    def _overturned(
        self, whole: "RegressionEstimator", loss: Loss, *, prior: tuple[float, float]
    ) -> tuple[float, float]:
        """Return what to expect of adjudication in a slice, from the whole window."""
        of_label, of_truth = (whole._lost(loss, answers) for answers in (whole.sample.label, whole.sample.truth))
        return overturn_rates(whole.sample, of_label, of_truth, beta=np.ones(len(of_label)), prior=prior)

    def _lost(self, loss: Loss, truth: FloatArray) -> FloatArray:
        """Compute the loss of each item if this were the truth."""
        return as_floats("loss", loss(self._numbers, truth), length=len(truth), largest=LARGEST_LOSS)


def uncorrected_error(metric: str, *, predicted: ArrayLike, truth: ArrayLike, is_complete: bool = False) -> Estimate:
    """Compute a metric of plain rows: of answered items as if they were the population, or of a complete window.

    Parameters
    ----------
    metric : str
        A name in `METRICS`.
    predicted, truth : array (n,)
        Predicted and true number of each row.
    is_complete : bool
        Whether the rows are the whole window, so that the figure is exact.

    Returns
    -------
    Estimate
        `no_labels` without rows; `no_variation` for r2 where all truths are equal.

    Raises
    ------
    ValueError
        If the metric is unknown, lengths differ or a number is not finite.

    Examples
    --------
    >>> uncorrected_error("rmse", predicted=[1.0, 2.0], truth=[1.0, 4.0]).value
    1.4142135623730951
    """
    if metric not in METRICS:
        raise ValueError(f"unknown metric {metric!r}; known are {', '.join(METRICS)}")
    true = as_floats("truth", truth, largest=LARGEST)
    numbers, n = as_floats("predicted", predicted, length=len(true), largest=LARGEST), len(true)
    if n == 0:
        return missing("no_labels")
    if metric == "r2":
        total, errors = float(((true - true.mean()) ** 2).sum()), float(((numbers - true) ** 2).sum())
        if not _varies(total / n, true):
            return missing("no_variation", n=n)
        value = 1 - errors / total
    else:
        mean = float(LOSSES["mse" if metric == "rmse" else metric](numbers, true).mean())
        value = math.sqrt(mean) if metric == "rmse" else mean
    return exactly(value, n=n) if is_complete else Estimate(value, None, None, "uncorrected", n)


def _mean_of(pseudo: PseudoValues) -> float:
    return pseudo.total(pseudo.population.n, np.ones(len(pseudo.sample.pi))) / pseudo.population.size


def _varies(variance: float, numbers: FloatArray) -> bool:
    """Say whether this variance of the numbers is more than rounding leaves of equal ones."""
    return variance > (_ROUNDING * float(np.abs(numbers).max())) ** 2


def _root(figure: Estimate) -> Estimate:
    """Take the square root of a figure and of the ends of its interval; its error by the delta method."""
    if figure.value is None:
        return figure
    value, low, high = (math.sqrt(end or 0.0) for end in (figure.value, figure.low, figure.high))
    se = figure.se / (2 * value) if figure.se is not None and value > 0 else None
    return replace(figure, value=value, low=low, high=high, se=se)
