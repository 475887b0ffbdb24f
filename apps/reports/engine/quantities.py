"""The quantity by which a difference is explained: what the lead figure of a report is the mean or the total of."""

from dataclasses import replace

import numpy as np

from apps.reports.engine.baseline import Baseline
from apps.reports.engine.dividing import Quantity
from apps.reports.engine.estimating import Fit, RegressionFit
from apps.reports.engine.protocol import Topic
from apps.reports.engine.value import Value
from apps.stats.arrays import FloatArray
from apps.stats.estimators.unit_cost import UnitCost
from apps.stats.estimators.value import ValueMatrix


def quantity_of(topic: Topic, *, against_baseline: bool) -> Quantity | None:
    """Return the quantity of a topic; of value, the gain over the baseline where both sides have one."""
    if isinstance(topic, Value):
        if topic.value_model is None:
            return None
        return _worth(topic.worth, against_baseline=against_baseline)
    if isinstance(topic, Baseline):
        return _gain(topic.fit) if against_baseline else None
    if isinstance(topic.fit, RegressionFit):
        metric = "within" if topic.fit.has_tolerance else "mae"
        return Quantity(metric, lambda numbers: numbers.lost(metric))
    right = _right(topic.fit)
    return Quantity("accuracy", lambda classes: classes.valued(right))


def between_prices(first: Value, second: Value, *, against_baseline: bool) -> tuple[Quantity, Quantity]:
    """Return the value at the mean of two prices, and what the second adds to the first. Both are of one fit."""
    one, other = first.worth, second.worth
    at_present = _worth(one, against_baseline=against_baseline)
    if isinstance(one, ValueMatrix) and isinstance(other, ValueMatrix):
        uses_amount = one.uses_amount
        mean = ValueMatrix.of((one.matrix + other.matrix) / 2, uses_amount=uses_amount)
        change = ValueMatrix.of(other.matrix - one.matrix, uses_amount=uses_amount)
        return _worth(mean, against_baseline=against_baseline), _worth(change, against_baseline=against_baseline)

    def valued(weights: tuple[float, float]) -> Quantity:
        def cost(predicted: FloatArray, truth: FloatArray) -> FloatArray:
            assert isinstance(one, UnitCost)
            assert isinstance(other, UnitCost)
            return weights[0] * one(predicted, truth) + weights[1] * other(predicted, truth)

        return replace(at_present, values=lambda numbers: numbers.valued(cost, against_baseline=against_baseline))

    return valued((0.5, 0.5)), valued((-1.0, 1.0))


def _gain(fit: Fit) -> Quantity:
    if isinstance(fit, RegressionFit):
        return Quantity("mae_gain", lambda numbers: numbers.gained("mae"), against_baseline=True)
    right = _right(fit)
    return Quantity(
        "accuracy_difference", lambda classes: classes.valued(right, against_baseline=True), against_baseline=True
    )


def _right(fit: Fit) -> ValueMatrix:
    assert not isinstance(fit, RegressionFit)
    return ValueMatrix.of(np.eye(len(fit.class_names)))


def _worth(worth: ValueMatrix | UnitCost, *, against_baseline: bool) -> Quantity:
    return Quantity(
        "value_difference" if against_baseline else "value_total",
        lambda own: own.valued(worth, against_baseline=against_baseline),
        is_total=True,
        against_baseline=against_baseline,
        uses_amount=worth.uses_amount,
    )
