"""What to expect of the errors of a model that predicts a number."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import LARGEST, FloatArray, IntArray, as_floats, as_inclusion, as_ints
from apps.stats.design.expectation import (
    Expectation,
    ExpectedFigure,
    Residuals,
    cells_of,
    logging_of,
    pseudo_of,
    shares,
)
from apps.stats.estimators.conclusion import Linearized
from apps.stats.estimators.expected_loss import ExpectedLoss, fit_expected_loss, quantile_bins
from apps.stats.estimators.number_losses import EXACTLY, LIMITS, MEANS, loss_of
from apps.stats.estimators.scoring import MINIMUM_LABELS
from apps.stats.intervals import UNIT
from apps.stats.tolerance import Tolerance

#: The loss whose mean is planned, by metric.
_LOSS_OF: Mapping[str, str] = {name: name for name in MEANS} | {"rmse": "mse"}


@dataclass(frozen=True, eq=False)
class EarlierNumbers:
    """Labels of a model that predicts a number. Make them with `EarlierNumbers.of`.

    Attributes
    ----------
    numbers, truth : array (n,)
        Predicted and true number of each.
    bin : array (n,) of int
        Bin of the prediction, on the edges of the population's cells.
    pi : array (n,), in (0, 1]
        Probability that the label counts.
    """

    numbers: FloatArray
    truth: FloatArray
    bin: IntArray
    pi: FloatArray

    @classmethod
    def of(cls, *, numbers: ArrayLike, truth: ArrayLike, bin: ArrayLike, pi: ArrayLike) -> "EarlierNumbers":  # noqa: A002  # (every table of this project calls it so)
        """Check earlier labels (n,).

        Raises
        ------
        ValueError
            If lengths differ, a number is not finite or too large, or pi is outside (0, 1].
        """
        inclusion = as_inclusion("pi", pi)
        n = len(inclusion)
        return cls(
            numbers=as_floats("numbers", numbers, length=n, largest=LARGEST),
            truth=as_floats("truth", truth, length=n, largest=LARGEST),
            bin=as_ints("bin", bin, length=n),
            pi=inclusion,
        )

    @property
    def predicted(self) -> IntArray:
        """The class of each, which is always 0."""
        return np.zeros(len(self.bin), dtype=np.int64)

    @property
    def stand_in(self) -> IntArray:
        """The stand-in of each, which is always none."""
        return np.full(len(self.bin), -1)


@dataclass(frozen=True, eq=False)
class NumberExpectation(Expectation):
    """What to expect of mae, mse, rmse, bias and the share within a tolerance, by 20 bins of the prediction.

    Attributes
    ----------
    population : Population
        Recent predictions by bin of the prediction.
    earlier : EarlierNumbers or None
        Labels from before; without any there is nothing to expect (`no_earlier_labels`).
    tolerance : Tolerance
        What counts as right, for "within".

    Examples
    --------
    >>> from apps.stats.estimators.population import Population
    >>> cells = Population.of(predicted=[0, 0], bin=[3, 7], n=[200, 100], sum_pi=[2, 1], sum_odds=[2e4, 1e4])
    >>> known = EarlierNumbers.of(numbers=[1, 1, 9], truth=[1, 2, 7], bin=[3, 3, 7], pi=[0.01] * 3)
    >>> round(NumberExpectation(cells, known).figure("mae").linear.value, 3)
    0.96
    >>> NumberExpectation(cells, None).figure("mae")
    'no_earlier_labels'
    """

    earlier: EarlierNumbers | None
    tolerance: Tolerance = EXACTLY

    def residuals(self, metric: str) -> Residuals | None:
        if isinstance(self.figure(metric), str):
            return None
        losses, fitted = self._losses(metric), self._fitted(metric)
        is_there, cell = cells_of(self._labels, self.population)
        apart = losses - fitted.without_item(self._coarse(self._labels.bin), losses, self._labels.pi)
        weight = shares(self._labels.pi[is_there], self.population.size_logged)
        return Residuals(cell, weight, np.zeros(len(cell)), apart[is_there] ** 2)

    def _figure(self, metric: str) -> ExpectedFigure | str:
        if metric not in _LOSS_OF:
            raise ValueError(f"unknown metric {metric!r}; known are {', '.join(_LOSS_OF)}")
        cells = self.population
        if cells.size == 0:
            return "no_population"
        if self.earlier is None or len(self.earlier.pi) == 0:
            return "no_earlier_labels"
        if np.ptp(self._losses(metric)) == 0:
            return "too_few"
        fitted, place = self._fitted(metric), self._coarse(cells.bin)
        every = np.ones(len(cells.n))
        linear = Linearized(
            value=float(cells.n @ fitted.mean[place]) / cells.size,
            plug_in=None,
            beta_cells=every,
            beta=np.zeros(0),
            on_cells=every > 0,
            on_items=np.zeros(0, dtype=np.bool_),
            spread=0.0,
            limits=LIMITS[_LOSS_OF[metric]],
            is_share=LIMITS[_LOSS_OF[metric]] == UNIT,
            minimum=MINIMUM_LABELS if _LOSS_OF[metric] == "mse" else 0,
        )
        mean, second, fourth = fitted.mean[place], fitted.variance[place], fitted.fourth[place]
        logging = logging_of(linear, pseudo_of(cells, mean, second, fourth))
        return ExpectedFigure(linear, second, fourth, is_root=metric == "rmse", logging=logging)

    @property
    def _labels(self) -> EarlierNumbers:
        assert self.earlier is not None  # a metric with a figure has labels
        return self.earlier

    def _losses(self, metric: str) -> FloatArray:
        return loss_of(_LOSS_OF[metric], self.tolerance)(self._labels.numbers, self._labels.truth)

    def _fitted(self, metric: str) -> ExpectedLoss:
        return fit_expected_loss(self._coarse(self._labels.bin), self._losses(metric), self._labels.pi)

    def _coarse(self, bins: IntArray) -> IntArray:
        return np.asarray(np.searchsorted(self._ends, bins), dtype=np.int64)

    @cached_property
    def _ends(self) -> IntArray:
        return quantile_bins(self.population.bin, self.population.n)
