"""The estimator of a classifier: slices, baseline and money, the same for two classes and for many."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from apps.stats.arrays import FloatArray, as_level, as_probability
from apps.stats.estimate import Estimate, missing
from apps.stats.estimators.keys import NO_BASELINE
from apps.stats.estimators.population import Population
from apps.stats.estimators.pseudo import PseudoValues
from apps.stats.estimators.sample import Sample
from apps.stats.estimators.value import AccuracyPoint, ValueMatrix, accuracy_point, mean_amounts
from apps.stats.intervals import LEVEL
from apps.stats.sample_size import MINIMUM_CHANCE_LABELS


@dataclass(frozen=True, eq=False)
class ClassEstimator(ABC):
    """Every figure of a classifier from population cells and answered items.

    Attributes
    ----------
    population : Population
        All predictions of the window, as cells.
    sample : Sample
        Its answered items.
    least_by_chance : float
        Labels by chance alone that a figure takes to stand: fewer for a slice than for a window.
    level : float, in (0, 1)
        Confidence level of the intervals.
    classes : int
        Number of classes.
    """

    population: Population
    sample: Sample
    least_by_chance: float = field(default=MINIMUM_CHANCE_LABELS, kw_only=True)
    level: float = field(default=LEVEL, kw_only=True)
    classes: int = field(default=2, init=False)

    def __post_init__(self) -> None:
        as_level(self.level)
        if not self.least_by_chance >= 0:
            raise ValueError(f"least_by_chance must not be negative, got {self.least_by_chance}")
        if not self.population.holds(self.sample):
            raise ValueError("sample has items of a class and score bin that the population lacks")

    @abstractmethod
    def estimate(self, metric: str) -> Estimate:
        """Estimate a metric."""

    @abstractmethod
    def _mean_value(self, matrix: ValueMatrix, *, against_baseline: bool, is_total: bool) -> Estimate:
        """Estimate the mean value of a decision, less that of the baseline if every prediction has one.

        Of a total, the number of predictions varies too where not all were logged.
        """

    @abstractmethod
    def valued(self, matrix: ValueMatrix, *, against_baseline: bool = False) -> PseudoValues:
        """Make the pseudo-values of each decision's value, per unit of its amount where the matrix uses amounts.

        Against the baseline, every prediction must have one.
        """

    @property
    @abstractmethod
    def _fit(self) -> dict[str, Any]:
        """The fields fitted on the whole window, which every slice shares."""

    @property
    @abstractmethod
    def _shares(self) -> FloatArray:
        """Estimated shares (classes, classes) of the population; row: predicted, column: true."""

    @property
    @abstractmethod
    def _amounts(self) -> FloatArray:
        """Estimated sums of the amounts (classes, classes), in money; row: predicted, column: true."""

    def restrict(self, *, cells: ArrayLike | None = None, items: ArrayLike | None = None) -> Self:
        """Select a slice by masks over cells and items; the pseudo-truths stay those of the whole window."""
        population = self.population if cells is None else self.population.where(cells)
        return self.within(population, items=items)

    def within(self, population: Population, *, items: ArrayLike | None = None) -> Self:
        """Replace the cells by those of a slice and select its items; the pseudo-truths stay the same."""
        sample = self.sample if items is None else self.sample.where(items)
        return replace(self, population=population, sample=sample, **self._fit)

    def mean_value(self, matrix: ValueMatrix, *, against_baseline: bool = False) -> Estimate:
        """Estimate the mean value of a decision, in money; against the baseline, of those that have one.

        Raises
        ------
        ValueError
            If the matrix has another number of classes.
        """
        self._check(matrix)
        compared = self.with_baseline if against_baseline else self
        if compared is not self and compared.population.size == 0:
            return missing("no_baseline")
        return compared._mean_value(matrix, against_baseline=against_baseline, is_total=False)

    def accuracy_difference(self) -> Estimate:
        """Estimate the accuracy of the model less that of the baseline; only their disagreements need labels."""
        return self.mean_value(ValueMatrix(np.eye(self.classes)), against_baseline=True)

    def value(self, matrix: ValueMatrix, *, against_baseline: bool = False) -> Estimate:
        """Estimate the total value of the window's decisions, in money; against the baseline, of those that have one.

        Raises
        ------
        ValueError
            If the matrix has another number of classes.
        """
        self._check(matrix)
        compared = self.with_baseline if against_baseline else self
        if compared is not self and compared.population.size == 0:
            return missing("no_baseline")
        mean = compared._mean_value(matrix, against_baseline=against_baseline, is_total=True)
        return mean.scaled(max(compared.population.size, 1.0))

    def value_bounds(self, matrix: ValueMatrix, *, answered: ArrayLike) -> tuple[float, float]:
        """Bound the total value over everything that the unanswered items could be.

        Parameters
        ----------
        matrix : ValueMatrix
            Value of each decision; the identity gives the number of right predictions.
        answered : array (classes,), in [0, 1]
            Response rate among the predictions of each class.

        Raises
        ------
        ValueError
            If the matrix or answered has another number of classes, or a rate is outside [0, 1].
        """
        self._check(matrix)
        rates = as_probability("answered", answered, length=self.classes)
        sums = self._amounts if matrix.uses_amount else self._shares * self.population.size
        # The number predicted of each class is known. Estimates below zero are noise.
        of_class, parts = sums.sum(axis=1), np.maximum(sums, 0.0)
        parts = parts * (of_class / np.maximum(parts.sum(axis=1), np.finfo(float).tiny))[:, None]
        known, missing = float((rates[:, None] * parts * matrix.matrix).sum()), (1 - rates) * of_class
        return known + float(missing @ matrix.matrix.min(axis=1)), known + float(missing @ matrix.matrix.max(axis=1))

    def accuracy_point(self, matrix: ValueMatrix) -> AccuracyPoint:
        """Compute the worth of one point of accuracy in this window, with its range over the kinds of error.

        Raises
        ------
        ValueError
            If the matrix has another number of classes.
        """
        self._check(matrix)
        figure, size = self.estimate("accuracy"), self.population.size
        if figure.value is None:
            return AccuracyPoint(None, None, None, code=figure.code)
        if not matrix.uses_amount:
            return accuracy_point(matrix, self._shares, size=size)
        amount = self.sample.amount
        if not np.isfinite(amount).all():
            return AccuracyPoint(None, None, None, code="no_amount")
        mean_amount = mean_amounts(self._shares * size, self._amounts, seen=amount)
        return accuracy_point(matrix, self._shares, size=size, mean_amount=mean_amount)

    def win_rate(self) -> Estimate:
        """Estimate the share of disagreements with the baseline in which the model is right."""
        compared = self.with_baseline
        apart = compared.restrict(
            cells=compared.population.predicted != compared.population.baseline,
            items=compared.sample.predicted != compared.sample.baseline,
        )
        if apart.population.size == 0:
            return missing("no_disagreement" if compared.population.size else "no_baseline")
        return apart._share_right()

    def _share_right(self) -> Estimate:
        """Estimate the share of correct predictions, in a window of disagreements."""
        return self.estimate("accuracy")

    @cached_property
    def is_complete(self) -> bool:
        """Whether π ≡ 1 and every truth is known, so that nothing is left to estimate."""
        return self.sample.completes(self.population)

    @cached_property
    def with_baseline(self) -> Self:
        """The part of the window that has a baseline."""
        cells, items = self.population.baseline != NO_BASELINE, self.sample.baseline != NO_BASELINE
        return self if cells.all() and items.all() else self.restrict(cells=cells, items=items)

    @cached_property
    def cells(self) -> Population:
        """The population with like cells added up."""
        return self.population.compact()

    def _check(self, matrix: ValueMatrix) -> None:
        if len(matrix.matrix) != self.classes:
            raise ValueError(f"matrix must have {self.classes} classes")

    def _decided_by_baseline(self, **fit: Any) -> Self:
        """Put the baseline's predictions in place of the model's, where it has any."""
        compared = self.with_baseline
        return replace(
            compared,
            population=replace(compared.population, predicted=compared.population.baseline),
            sample=replace(compared.sample, predicted=compared.sample.baseline),
            **fit,
        )
