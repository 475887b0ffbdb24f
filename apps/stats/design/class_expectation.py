"""What to expect of the metrics of a model with several classes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from apps.stats.arrays import FloatArray, IntArray, sum_by
from apps.stats.design.binary_expectation import VALUE
from apps.stats.design.expectation import (
    NOBODY,
    Expectation,
    ExpectedFigure,
    Residuals,
    lacks_amounts,
    logging_of,
    placed,
    pseudo_of,
    shares,
)
from apps.stats.estimators.class_margins import Margins, Slopes
from apps.stats.estimators.class_proxy import ClassProxy, fit_class_proxy
from apps.stats.estimators.class_quantity import ClassQuantity, of_slopes, of_values
from apps.stats.estimators.class_table import AVERAGES, TableFormula, table_formula
from apps.stats.estimators.conclusion import NO_LIMITS, Linearized
from apps.stats.estimators.sample import Sample
from apps.stats.estimators.value import ValueMatrix


@dataclass(frozen=True, eq=False)
class ClassExpectation(Expectation):
    """What to expect of the metrics of a model with several classes.

    Metrics are accuracy, balanced_accuracy, mcc and kappa; precision, recall, specificity and f1 of a class
    ("recall:cat") or averaged ("macro_recall"; also micro and weighted); and "value".

    Attributes
    ----------
    population : Population
        Recent predictions; the score is the top probability.
    class_names : sequence of str
        Names of the classes 0, 1, …
    proxy : ClassProxy or None
        m₀; fitted on the earlier labels if left out.
    matrix : ValueMatrix or None
        Needed for "value", the mean value of a decision.
    earlier : Sample or None
        Labels from before.

    Raises
    ------
    ValueError
        If there are fewer than two classes, a predicted class or label has no name, or the matrix has another size.

    Examples
    --------
    >>> from apps.stats.estimators.population import Population
    >>> cells = Population.of(predicted=[0, 1, 2], bin=[130] * 3, n=[8, 2, 2], sum_pi=[4, 1, 1], sum_odds=[8, 2, 2])
    >>> known = ClassExpectation(cells, class_names=["cat", "dog", "owl"])
    >>> round(known.figure("recall:cat").linear.value, 3)
    0.988
    """

    class_names: Sequence[str] = field(kw_only=True)
    proxy: ClassProxy | None = field(default=None, kw_only=True)
    matrix: ValueMatrix | None = field(default=None, kw_only=True)
    earlier: Sample | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        classes = len(self.class_names)
        if classes < 2:
            raise ValueError("class_names must hold two or more")
        numbered = [("predicted of the population", self.population.predicted)]
        if self.earlier is not None:
            numbered += [("predicted of the earlier labels", self.earlier.predicted)]
            numbered += [("earlier labels", self.earlier.truth.astype(np.int64))]
        for name, values in numbered:
            if (values >= classes).any():
                raise ValueError(f"{name} must be below {classes}")
        if self.matrix is not None and len(self.matrix.matrix) != classes:
            raise ValueError(f"matrix must have {classes} classes")
        super().__post_init__()

    @cached_property
    def fitted(self) -> ClassProxy:
        """The proxy m₀."""
        return self.proxy or fit_class_proxy(self.earlier or NOBODY, classes=len(self.class_names))

    def residuals(self, metric: str) -> Residuals | None:
        figure = self.figure(metric)
        if self._placed is None or isinstance(figure, str):
            return None
        labels, cell = self._placed
        truth = labels.truth.astype(np.int64)
        if metric == VALUE:
            own = self._matrix.matrix[labels.predicted, truth]
        else:
            own = self._slopes(self._formula(metric)).under(labels.predicted, truth)
        chance = self.fitted.chance(labels.predicted, labels.logit)
        apart = own - self._quantity(metric).moments(labels.predicted, chance).mean
        amount = np.nan_to_num(labels.amount)
        squares = (apart * amount) ** 2 if figure.linear.uses_amount else apart**2
        return Residuals(cell, shares(labels.overall, self.population.size_logged), amount, squares)

    @cached_property
    def _placed(self) -> tuple[Sample, IntArray] | None:
        """The earlier labels whose cells still have predictions, and their cells."""
        return placed(self.earlier, self.population)

    def _figure(self, metric: str) -> ExpectedFigure | str:
        cells = self.population
        formula = None if metric == VALUE else self._formula(metric)
        if cells.size == 0:
            return "no_population"
        if formula is None and self._matrix.uses_amount and lacks_amounts(cells):
            return "no_amount"
        if formula is not None and (code := formula.undefined(self._margins)):
            return code
        quantity = self._quantity(metric)
        moments = quantity.moments(cells.predicted, self._chance)
        is_money = formula is None and self._matrix.uses_amount
        if formula is None:
            value = float(moments.mean @ (cells.sum_amount if is_money else cells.n)) / cells.size
            low, high = (float(cells.n @ end[cells.predicted]) / cells.size for end in (quantity.least, quantity.most))
            limits = NO_LIMITS if is_money or not cells.is_all_logged else (low, high)
        else:
            value = formula.value(self._margins)
            nothing = np.zeros(len(self.class_names))
            limits = formula.limits(Margins(nothing, nothing, nothing), self._margins.predicted * cells.size)
        linear = Linearized(
            value=value,
            plug_in=value if formula is not None else None,
            beta_cells=np.ones(len(cells.n)),
            beta=np.zeros(0),
            certain_cells=None if formula is None else self._slopes(formula).by_predicted[cells.predicted],
            certain=np.zeros(0),
            on_cells=quantity.varies[cells.predicted],
            on_items=np.zeros(0, dtype=np.bool_),
            spread=0.0,
            limits=limits,
            is_share=formula is not None and formula.is_share,
            uses_amount=is_money,
        )
        pseudo = pseudo_of(cells, moments.mean, moments.second, moments.fourth)
        return ExpectedFigure(linear, moments.second, moments.fourth, logging=logging_of(linear, pseudo))

    def _formula(self, metric: str) -> TableFormula:
        name, _, of_class = metric.partition(":")
        average, _, averaged = name.partition("_")
        classes = len(self.class_names)
        if of_class:
            if of_class not in self.class_names:
                raise ValueError(f"unknown metric {metric!r}: no such class")
            return table_formula(name, label=list(self.class_names).index(of_class), average=None, classes=classes)
        if average in AVERAGES:
            return table_formula(averaged, label=None, average=average, classes=classes)
        return table_formula(name, label=None, average=None, classes=classes)

    def _quantity(self, metric: str) -> ClassQuantity:
        if metric == VALUE:
            return of_values(self._matrix, np.arange(len(self.class_names)), None, self.fitted)
        return of_slopes(self._slopes(self._formula(metric)), self.fitted)

    def _slopes(self, formula: TableFormula) -> Slopes:
        return formula.slopes(self._margins)

    @property
    def _matrix(self) -> ValueMatrix:
        if self.matrix is None:
            raise ValueError("matrix is needed for the metric 'value'")
        return self.matrix

    @cached_property
    def _chance(self) -> FloatArray:
        return self.fitted.chance(self.population.predicted, self.population.logit)

    @cached_property
    def _margins(self) -> Margins:
        """The shares by predicted and true class that the proxy expects."""
        cells, classes = self.population, len(self.class_names)
        right = sum_by(cells.predicted, cells.n * self._chance, size=classes)
        wrong = sum_by(cells.predicted, cells.n * (1 - self._chance), size=classes)
        return Margins.of_table((wrong[:, None] * self.fitted.instead + np.diag(right)) / cells.size)
