"""The estimator of a model that predicts a number: mean absolute error and bias, from the expected loss by bin."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import FloatArray, IntArray, as_floats, as_ints, as_mask, sum_by
from apps.stats.estimate import Estimate, exactly, missing
from apps.stats.intervals import LEVEL
from apps.stats.population import Population, Sample
from apps.stats.pseudo import Linearised, PseudoValues, conclude, overturn_rate
from apps.stats.recalibration import mean_one_weights

PRIOR_LABELS = 5.0

LOSSES: Mapping[str, Callable[[FloatArray, FloatArray], FloatArray]] = {
    "mae": lambda predicted, truth: np.abs(predicted - truth),
    "bias": lambda predicted, truth: predicted - truth,
}


@dataclass(frozen=True, eq=False)
class ExpectedLoss:
    """Mean and variance of a loss by bin of the prediction; `elsewhere` for bins without a label.

    Attributes
    ----------
    bins : array (bins,) of int
    mean, variance : array (bins + 1,)
        The last entry holds for every other bin.
    """

    bins: IntArray
    mean: FloatArray
    variance: FloatArray

    def place(self, bins: IntArray) -> IntArray:
        """Index into mean and variance of each bin (N,)."""
        if len(self.bins) == 0:
            return np.zeros(len(bins), dtype=np.int64)
        at = np.clip(np.searchsorted(self.bins, bins), 0, len(self.bins) - 1)
        return np.where(self.bins[at] == bins, at, len(self.bins))


def fit_expected_loss(bins: ArrayLike, loss: ArrayLike, pi: ArrayLike) -> ExpectedLoss:
    """Weighted mean and variance of a loss by bin, drawn towards those of all bins by five labels' worth.

    Parameters
    ----------
    bins : array (n,) of int
    loss : array (n,)
    pi : array (n,), in (0, 1]

    Returns
    -------
    ExpectedLoss

    Raises
    ------
    ValueError
        If lengths differ.

    Examples
    --------
    >>> fitted = fit_expected_loss([3, 3, 7], [1.0, 1.0, 4.0], [0.5, 0.5, 0.5])
    >>> fitted.mean.round(2)
    array([1.71, 2.33, 2.  ])
    """
    losses = as_floats("loss", loss)
    at, inclusion = as_ints("bins", bins, length=len(losses)), as_floats("pi", pi, length=len(losses))
    if len(losses) == 0:
        return ExpectedLoss(at, np.zeros(1), np.zeros(1))
    weight = mean_one_weights(inclusion)
    present, place = np.unique(at, return_inverse=True)
    overall = float(weight @ losses / weight.sum())
    spread = float(weight @ (losses - overall) ** 2 / weight.sum())
    trials = sum_by(place, weight, size=len(present))
    mean = (sum_by(place, weight * losses, size=len(present)) + PRIOR_LABELS * overall) / (trials + PRIOR_LABELS)
    squares = sum_by(place, weight * (losses - mean[place]) ** 2, size=len(present))
    variance = (squares + PRIOR_LABELS * spread) / (trials + PRIOR_LABELS)
    return ExpectedLoss(present, np.append(mean, overall), np.append(variance, spread))


@dataclass(frozen=True, eq=False)
class RegressionEstimator:
    """Mean absolute error and bias of a model that predicts a number.

    Attributes
    ----------
    population : Population
        Cells by bin of the prediction, on edges frozen at registration; predicted is 0 throughout.
    sample : Sample
        predicted is 0 throughout; labels and truths are numbers.
    predicted : array (n,)
        The predicted number of each item.
    bins : array (n,) of int
        Its bin, on the same edges.
    floor_rate : float or None
        As for `BinaryEstimator`.
    level : float
    tolerance : float
        A label this near to the prediction agrees with it.
    whole : RegressionEstimator or None
        That of the whole window, which expected losses are fitted on; this one if left out.

    Raises
    ------
    ValueError
        If lengths differ.

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
    floor_rate: float | None = None
    level: float = LEVEL
    tolerance: float = 0.0
    whole: "RegressionEstimator | None" = None

    def __post_init__(self) -> None:
        n = len(self.sample.pi)
        numbers = as_floats("predicted", self.predicted, length=n)
        agreed = (np.abs(self.sample.label - numbers) <= self.tolerance).astype(np.float64)
        object.__setattr__(self, "sample", replace(self.sample, agreed=agreed))
        object.__setattr__(self, "predicted", numbers)
        object.__setattr__(self, "bins", as_ints("bins", self.bins, length=n))
        if not np.isin(self._bins, self.population.bin).all():
            raise ValueError("bins holds a bin that the population has not")

    def restrict(self, *, cells: ArrayLike | None = None, items: ArrayLike | None = None) -> "RegressionEstimator":
        """The same pseudo-losses on a part of the window: masks over the cells and items given at first."""
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
        """The mean of a loss: mae or bias, in the unit of the prediction.

        Raises
        ------
        ValueError
            If the metric is unknown.
        """
        if metric not in LOSSES:
            raise ValueError(f"unknown metric {metric!r}; known are {', '.join(LOSSES)}")
        cells = self.cells
        if cells.size == 0:
            return missing("no_population")
        pseudo = self._pseudo(metric)
        if self.sample.completes(cells):
            return exactly(float(pseudo.of_truth.mean()), n=len(pseudo.of_truth))
        everywhere = np.ones(len(cells.n), dtype=np.bool_)
        found = Linearised(
            value=pseudo.total(cells.n, np.ones(len(self._numbers))) / cells.size,
            plug_in=pseudo.plug_in(cells.n) / cells.size,
            beta=np.ones(len(self._numbers)),
            beta2_odds=cells.sum_odds,
            on_cells=everywhere,
            on_items=np.ones(len(self._numbers), dtype=np.bool_),
            size=cells.size,
            is_bounded=False,
        )
        figure = conclude(pseudo, found, level=self.level)
        return _not_negative(figure) if metric == "mae" else figure

    @cached_property
    def cells(self) -> Population:
        """The population with like cells added up."""
        return self.population.compact()

    @property
    def _numbers(self) -> FloatArray:
        return np.asarray(self.predicted, dtype=np.float64)

    @property
    def _bins(self) -> IntArray:
        return np.asarray(self.bins, dtype=np.int64)

    def _pseudo(self, metric: str) -> PseudoValues:
        whole, loss = self.whole or self, LOSSES[metric]
        in_whole = loss(whole._numbers, whole.sample.known)
        fitted = fit_expected_loss(whole._bins, in_whole, whole.sample.pi)
        on_cells, on_items = fitted.place(self.cells.bin), fitted.place(self._bins)
        of_label = loss(whole._numbers, whole.sample.label)
        return PseudoValues(
            population=self.cells,
            sample=self.sample,
            mean_cells=fitted.mean[on_cells],
            variance_cells=fitted.variance[on_cells],
            mean_items=fitted.mean[on_items],
            of_label=loss(self._numbers, self.sample.label),
            of_truth=loss(self._numbers, self.sample.truth),
            overturn=overturn_rate(whole.sample, of_label, in_whole, scale2=float(fitted.variance[-1])),
            floor_rate=self.floor_rate,
        )


def _not_negative(figure: Estimate) -> Estimate:
    """A mean of absolute values: neither it nor its interval goes below zero."""
    if figure.value is None or figure.low is None:
        return figure
    return replace(figure, value=max(figure.value, 0.0), low=max(figure.low, 0.0))
