"""What to expect of the metrics of a binary model."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from apps.stats.arrays import IntArray, as_binary
from apps.stats.design.expectation import (
    Expectation,
    ExpectedFigure,
    Residuals,
    lacks_amounts,
    logging_of,
    placed,
    pseudo_of,
    shares,
)
from apps.stats.estimators.metrics import linearize
from apps.stats.estimators.pseudo import PseudoValues
from apps.stats.estimators.recalibration import RAW_SCORE, Recalibration, recalibrate, truth_moments
from apps.stats.estimators.sample import Sample
from apps.stats.estimators.value import ValueMatrix, linearize_value

VALUE = "value"


@dataclass(frozen=True, eq=False)
class BinaryExpectation(Expectation):
    """What to expect of the metrics of a binary model: those of `estimators.metrics`, and "value".

    Attributes
    ----------
    population : Population
        Recent predictions, of classes 0 and 1.
    proxy : Recalibration or None
        m₀; fitted on the earlier labels if left out, and the raw score without any.
    matrix : ValueMatrix or None
        Needed for "value", the mean value of a decision.
    earlier : Sample or None
        Labels from before: they show how far the proxy is off.

    Raises
    ------
    ValueError
        If a predicted class is not 0 or 1, or the matrix is not two by two.

    Examples
    --------
    >>> from apps.stats.estimators.population import Population
    >>> cells = Population.of(predicted=[0, 1], bin=[70, 130], n=[8, 2], sum_pi=[4, 1], sum_odds=[8, 2])
    >>> round(BinaryExpectation(cells).figure("accuracy").linear.value, 3)
    0.951
    """

    proxy: Recalibration | None = None
    matrix: ValueMatrix | None = None
    earlier: Sample | None = None

    def __post_init__(self) -> None:
        as_binary("predicted of the population", self.population.predicted)
        if self.earlier is not None:
            as_binary("predicted of the earlier labels", self.earlier.predicted)
        if self.matrix is not None and len(self.matrix.matrix) != 2:
            raise ValueError("matrix must be two by two")
        super().__post_init__()

    @cached_property
    def fitted(self) -> Recalibration:
        """The proxy m₀."""
        if self.proxy is not None:
            return self.proxy
        earlier = self.earlier
        return RAW_SCORE if earlier is None else recalibrate(earlier.logit, earlier.truth, earlier.overall)

    def residuals(self, metric: str) -> Residuals | None:
        figure = self.figure(metric)
        if self._placed is None or isinstance(figure, str):
            return None
        labels, cell = self._placed
        amount = np.nan_to_num(labels.amount)
        apart = figure.linear.beta_cells[cell] * (labels.truth - self.fitted.predict(labels.logit))
        squares = (apart * amount) ** 2 if figure.linear.uses_amount else apart**2
        return Residuals(cell, shares(labels.overall, self.population.size_logged), amount, squares)

    @cached_property
    def _placed(self) -> tuple[Sample, IntArray] | None:
        """The earlier labels whose cells still have predictions, and their cells."""
        return placed(self.earlier, self.population)

    def _figure(self, metric: str) -> ExpectedFigure | str:
        if metric != VALUE:
            linear = linearize(metric, self._pseudo)
        elif self.matrix is None:
            raise ValueError("matrix is needed for the metric 'value'")
        elif self.matrix.uses_amount and lacks_amounts(self.population):
            return "no_amount" if self.population.size else "no_population"
        else:
            linear = linearize_value(self._pseudo, self.matrix)
        if linear.code is not None:
            return linear.code
        beta, pseudo = linear.beta_cells, self._pseudo
        second, fourth = beta**2 * pseudo.variance_cells, beta**4 * pseudo.fourth_cells
        return ExpectedFigure(linear, second, fourth, logging=logging_of(linear, pseudo))

    @cached_property
    def _pseudo(self) -> PseudoValues:
        mean = self.fitted.predict(self.population.logit)
        return pseudo_of(self.population, mean, *truth_moments(mean))
