"""What earlier labels lead to expect of a model's figures."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from apps.registry.models import MonitoredModel, ScoreBinning, Task
from apps.stats.design.binary_expectation import VALUE, BinaryExpectation
from apps.stats.design.class_expectation import ClassExpectation
from apps.stats.design.expectation import Expectation
from apps.stats.design.number_expectation import EarlierNumbers, NumberExpectation
from apps.stats.estimators.population import Population
from apps.stats.estimators.sample import Sample
from apps.stats.estimators.value import ValueMatrix
from apps.truth.services.earlier import RecentLabels, recent_labels

OF_CLASSES = ("accuracy", "precision", "recall")
OF_MANY = ("accuracy", "macro_precision", "macro_recall")
OF_NUMBERS = ("mae", "bias")
WITH_TOLERANCE = (*OF_NUMBERS, "within")


def metrics_of(model: MonitoredModel) -> Sequence[str]:
    """Return the figures to plan, the most important first."""
    if model.is_regression:
        return WITH_TOLERANCE if model.allowed.is_declared else OF_NUMBERS
    several = OF_CLASSES if model.task == Task.BINARY else OF_MANY
    return several if model.current_value_model is None else (*several, VALUE)


class Expectations:
    """What to expect in any part of a model's predictions, by the labels known so far."""

    def __init__(self, model: MonitoredModel) -> None:
        self._model = model
        self._labels: RecentLabels = recent_labels(model)
        self._bins = ScoreBinning.in_force(model).score_bins
        self._matrix = matrix_of(model)
        # Priorities of recommended policies, by what they were fitted for
        self.fitted_weights: dict[Any, Any] = {}

    @property
    def labels(self) -> int:
        return len(self._labels.pi)

    def of(self, population: Population) -> Expectation:
        labels, model = self._labels, self._model
        if model.is_regression:
            edges = np.asarray(model.bin_edges or [], dtype=np.float64)
            earlier = EarlierNumbers.of(
                numbers=labels.predicted, truth=labels.truth, bin=np.searchsorted(edges, labels.predicted), pi=labels.pi
            )
            return NumberExpectation(population, earlier, tolerance=model.allowed)
        sample = Sample.of(
            predicted=labels.predicted,
            score=labels.score,
            pi=labels.pi,
            label=labels.truth,
            amount=labels.amount,
            score_bins=self._bins,
        )
        known = sample if self.labels else None
        if model.task == Task.BINARY:
            return BinaryExpectation(population, matrix=self._matrix, earlier=known)
        return ClassExpectation(population, class_names=model.classes, matrix=self._matrix, earlier=known)


def matrix_of(model: MonitoredModel) -> ValueMatrix | None:
    """Return the worth of decisions by predicted and true class; None for numbers, or where nobody has said."""
    value = model.current_value_model
    if value is None or model.is_regression:
        return None
    rows = [[float(value.matrix[predicted][true]) for true in model.classes] for predicted in model.classes]
    return ValueMatrix.of(rows, uses_amount=value.is_per_amount)
