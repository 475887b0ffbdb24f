"""The performance that a frozen m₀ expects of a window, by its scores alone."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from apps.stats.arrays import FloatArray
from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.confusion import Confusion, Metric, evaluate, gradient, undefined
from apps.stats.estimators.recalibration import Recalibration
from apps.stats.moderation import anticipated_degrees, degrees_of_freedom, moderate

#: A variance and its degrees of freedom, None where they are many.
Variance = tuple[float, float | None]


@dataclass(frozen=True, eq=False)
class PlugIn:
    """A metric of m₀ alone.

    Attributes
    ----------
    value : float
        The metric of Σ m₀/N.
    slope : array (2,)
        Its gradient g in intercept and slope of m₀.
    of_outcomes : Variance
        Of the metric of N outcomes about it.
    """

    value: float
    slope: FloatArray
    of_outcomes: Variance


@dataclass(frozen=True, eq=False)
class Expectation:
    """m₀ over the cells and items of a window.

    Attributes
    ----------
    window : BinaryEstimator
        Estimator of the window.
    before : Recalibration
        m₀, fitted on outcomes from before the window: refitted on its own labels it would absorb any drift.

    Examples
    --------
    >>> from apps.stats.estimators.population import Population
    >>> from apps.stats.estimators.recalibration import RAW_SCORE
    >>> from apps.stats.estimators.sample import Sample
    >>> rows = {"predicted": [1, 1, 0, 0], "score": [0.9, 0.9, 0.1, 0.1], "pi": [1.0] * 4}
    >>> window = BinaryEstimator(Population.from_rows(**rows), Sample.of(**rows, label=[1, 0, 0, 0]))
    >>> round(Expectation(window, RAW_SCORE).of("accuracy").value, 2)
    0.9
    """

    window: BinaryEstimator
    before: Recalibration

    def of(self, metric: Metric) -> PlugIn | str:
        """Return the metric of m₀, or the code that says why it has none.

        Raises
        ------
        ValueError
            If the metric is unknown or not a metric of the confusion table.
        """
        cells = self.window.population
        if reason := undefined(metric, self._table):
            return reason
        if (cells.bin[cells.n > 0] < 0).any():
            return "no_score"
        by_tp, by_fp, by_fn, by_tn = gradient(metric, self._table)
        beta = np.array([by_fn - by_tn, by_tp - by_fp]) / cells.size
        moved = cells.n * beta[cells.predicted] * self._spread
        return PlugIn(
            value=evaluate(metric, self._table),
            slope=np.array([moved.sum(), moved @ cells.logit]),
            of_outcomes=self._of_outcomes(beta),
        )

    def _of_outcomes(self, beta: FloatArray) -> Variance:
        """Compute the variance of the outcomes about m₀, for influences beta (2,) by predicted class.

        Σβ²m₀(1−m₀)/N² is what m₀ expects. Where errors are rare m₀ rests on few of them, so the known residuals
        moderate it, as they do in every interval.
        """
        cells, items = self.window.population, self.window.sample
        by_cell = beta[cells.predicted]
        expected = float(cells.n @ (by_cell**2 * self._spread))
        fourth = float(cells.n @ (by_cell**4 * self._spread * (1 - 3 * self._spread)))
        known = beta[items.predicted] ** 2 * self._residual2
        nu = min(degrees_of_freedom(known), float(anticipated_degrees([expected], [fourth])[0]))
        variance, df = moderate([float(known.sum())], [nu], [expected])
        return float(variance[0]), float(df[0])

    @cached_property
    def _mean(self) -> FloatArray:
        """m₀ of each cell."""
        return self.before.predict(self.window.population.logit)

    @cached_property
    def _spread(self) -> FloatArray:
        return np.asarray(self._mean * (1 - self._mean), dtype=np.float64)

    @cached_property
    def _residual2(self) -> FloatArray:
        """(y − m₀)²/(πℓ) of each item."""
        items = self.window.sample
        return np.asarray((items.truth - self.before.predict(items.logit)) ** 2 / items.overall, dtype=np.float64)

    @cached_property
    def _table(self) -> Confusion:
        """The shares of the confusion table that m₀ expects."""
        cells, size = self.window.population, max(self.window.population.size, 1.0)
        (fn, tp), (tn, fp) = (
            np.bincount(cells.predicted, cells.n * chance / size, minlength=2)
            for chance in (self._mean, 1 - self._mean)
        )
        return Confusion(float(tp), float(fp), float(fn), float(tn))
