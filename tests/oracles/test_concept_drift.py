"""A data set against itself, and with a planted drift: how often the verdict fires.

The reference is one random half of a data set with all its outcomes, the window the other half: closed, with all
outcomes, or open, with about 1,000 labels drawn as recommended. The first difference alone, measured minus plug-in of
m₀, calls nearly every closed window drifted where no Platt curve fits, however calm the world is.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from apps.stats.arrays import FloatArray, IntArray
from apps.stats.delay.concept_drift import LEAST_REFERENCE, Reference, concept_drift
from apps.stats.design.planning import Plan
from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.population import Population
from apps.stats.estimators.sample import Sample
from tests.oracles.populations import KINDS, simulated
from tests.oracles.test_acs_employment import People

METRICS = ("accuracy", "precision", "recall")
DATA_SETS = ("acs", *KINDS)
LABELS, FLOOR, SPLITS, POINTS = 1_000, 0.3, 100, 0.05


@dataclass(frozen=True, eq=False)
class DataSet:
    """Predictions with their outcomes, and the probability of a draw that yields `LABELS` labels of one half."""

    predicted: IntArray
    score: FloatArray
    truth: IntArray
    p: FloatArray

    def split(self, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
        """Split the rows into two random halves."""
        first, second = np.array_split(rng.permutation(len(self.truth)), 2)
        return first, second

    def reference(self, rows: IntArray) -> Reference:
        found = Reference.of(predicted=self.predicted[rows], score=self.score[rows], truth=self.truth[rows])
        assert found is not None
        return found

    def window(self, rows: IntArray, pi: FloatArray, labeled: IntArray, label: IntArray) -> BinaryEstimator:
        """Return the estimator of these rows; `labeled` are places among them."""
        known = {"predicted": self.predicted[rows], "score": self.score[rows], "pi": pi}
        items = {name: column[labeled] for name, column in known.items()}
        return BinaryEstimator(Population.from_rows(**known), Sample.of(**items, label=label[labeled]))

    def closed(self, rows: IntArray, label: IntArray) -> BinaryEstimator:
        return self.window(rows, np.ones(len(rows)), np.arange(len(rows)), label)

    def opened(self, rows: IntArray, label: IntArray, rng: np.random.Generator) -> BinaryEstimator:
        drawn = np.flatnonzero(rng.random(len(rows)) < self.p[rows])
        return self.window(rows, self.p[rows], drawn, label)


@cache
def data_set(kind: str) -> DataSet:
    source = People() if kind == "acs" else simulated(kind)
    cells = Population.of_each(predicted=source.predicted, score=source.score, pi=np.ones(len(source.truth)))
    drawn = Plan(cells).recommended(METRICS, expected=2 * LABELS, delta=FLOOR)
    return DataSet(source.predicted, source.score, source.truth, drawn.probability)


def fires(reference, window):
    return any(drift.has_drifted for drift in concept_drift(METRICS, window, reference))


def turned(truth, predicted, points, rng):
    """Turn over enough truths, whatever their score, to take this much off the accuracy; closed form."""
    right = (predicted == truth).mean()
    return np.where(rng.random(len(truth)) < points / (2 * right - 1), 1 - truth, truth)


@pytest.mark.slow
@pytest.mark.parametrize("kind", DATA_SETS)
def test_the_verdict_fires_with_a_drift_and_hardly_ever_without(kind):
    """At most 7 of 100 splits without a drift, at least 80 of 100 with five points less accuracy."""
    rows_of, fired = data_set(kind), np.zeros(3)
    for seed in range(SPLITS):
        rng = np.random.default_rng(seed)
        then, now = rows_of.split(rng)
        reference, label = rows_of.reference(then), rows_of.truth[now]
        drifted = turned(label, rows_of.predicted[now], POINTS, rng)
        windows = rows_of.closed(now, label), rows_of.opened(now, label, rng), rows_of.opened(now, drifted, rng)
        fired += [fires(reference, window) for window in windows]
    closed, opened, planted = 100 * fired / SPLITS
    assert max(closed, opened) <= 7, fired
    assert planted >= 80, fired


def test_a_thousand_outcomes_of_a_rare_class_are_enough_of_a_reference():
    """The least reference: 11 positives fit m₀, and as many say how far it is off."""
    rows_of, fired = data_set("rare"), 0
    for seed in range(SPLITS):
        rows = np.random.default_rng(seed).choice(len(rows_of.truth), 2 * LEAST_REFERENCE, replace=False)
        then, now = np.array_split(rows, 2)
        fired += fires(rows_of.reference(then), rows_of.closed(now, rows_of.truth[now]))
    assert fired <= 0.07 * SPLITS
