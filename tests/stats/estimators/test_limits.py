"""Random windows, part closed and part reviewed: no figure or bound leaves what the known truths leave possible.

The limits are computed here row by row, from the truths of the closed part and the most and the least that the open
part can add; the estimator sees cells.
"""

import numpy as np
import pytest
from hypothesis import strategies as st

from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.confusion import PLAIN_SCALE, confusion_of, evaluate, undefined
from apps.stats.estimators.exact import METRICS
from apps.stats.estimators.population import Population
from apps.stats.estimators.sample import Sample
from apps.stats.estimators.value import ValueMatrix
from tests.stats.soundness import holds, quick_and_many

CLOSE = 1e-9
MATRIX = ValueMatrix.of([[0, -4], [-1, 3]])
SLICES = 3
BETWEEN_CORNERS = ("accuracy", "precision", "recall", "specificity", "f1", "balanced_accuracy")


class Window:
    """Rows of a window; closed ones are known, open ones drawn by chance and answered, some with a second opinion."""

    def __init__(self, rows):
        columns = zip(*rows, strict=True)
        self.closed, self.slice, self.predicted, self.baseline, self.score, self.truth, self.label, self.amount = (
            np.array(next(columns)) for _ in range(8)
        )
        pi, u, second, settled = (np.array(each) for each in columns)
        self.pi = np.where(self.closed, 1.0, pi)
        self.drawn = u < self.pi
        self.q = np.where(second & ~self.closed, 0.5, np.nan)
        self.settled = settled & (self.q == 0.5)
        self.label = np.where(np.isnan(self.q), self.truth, self.label)

    def estimator(self):
        known = {"predicted": self.predicted, "baseline": self.baseline, "score": self.score, "amount": self.amount}
        answers = {"label": self.label, "adjudicated": self.settled, "q": self.q, "truth": self.truth}
        drawn = {name: each[self.drawn] for name, each in (known | answers | {"pi": self.pi}).items()}
        return BinaryEstimator(Population.of_each(**known, pi=self.pi), Sample.of(**drawn))

    def parts(self):
        """Each slice as a mask; the estimator's restriction to it; and the whole."""
        whole = self.estimator()
        yield np.ones(len(self.pi), dtype=bool), whole
        for number in range(SLICES):
            mask = self.slice == number
            yield mask, whole.restrict(cells=mask, items=mask[self.drawn])

    def extremes(self, mask):
        """The truths of some rows if the model errs in all open ones, and if it is right in all of them."""
        predicted, truth, closed = self.predicted[mask], self.truth[mask], self.closed[mask]
        return tuple(np.where(closed, truth, other) for other in (1 - predicted, predicted))


def rows():
    row = st.tuples(
        st.booleans(),
        st.integers(0, SLICES - 1),
        st.integers(0, 1),
        st.integers(-1, 1),
        st.sampled_from([0.0, 0.02, 0.3, 0.5, 0.8, 0.999, 1.0]),
        st.integers(0, 1),
        st.integers(0, 1),
        st.sampled_from([-2.0, 0.0, 1.0, 7.5, 1000.0]),
        st.sampled_from([0.02, 0.3, 0.9, 1.0]),
        st.floats(0, 1, exclude_max=True),
        st.booleans(),
        st.booleans(),
    )
    return st.lists(row, min_size=1, max_size=40).map(Window)


@quick_and_many(20, times=12)
def test_every_figure_of_the_whole_and_of_slices_stays_within_its_limits(examples):
    def claim(window):
        for mask, part in window.parts():
            for metric in METRICS:
                assert_within(part.estimate(metric), *limits(window, mask, metric), what=metric)
            for low, high, figure in money(window, mask, part):
                assert_within(figure, low, high, what="money")

    holds(claim, rows(), examples=examples)


@quick_and_many(20, times=12)
def test_unclipped_totals_of_slices_add_up_to_those_of_the_whole(examples):
    def claim(window):
        (_, whole), *slices = window.parts()
        parts = [part for mask, part in slices if mask.any()]
        for total in (corners, amounts):
            assert sum(total(part) for part in parts) == pytest.approx(total(whole), abs=CLOSE * scale(window))

    holds(claim, rows(), examples=examples)


def limits(window, mask, metric):
    """The least and the most that a metric can be, whatever the truth of the open rows."""
    if metric in PLAIN_SCALE:
        return -1.0, 1.0
    if metric not in BETWEEN_CORNERS:
        return 0.0, np.inf if metric == "log_loss" else 1.0
    least, most = (confusion_of(window.predicted[mask], truth) for truth in window.extremes(mask))
    return (
        0.0 if undefined(metric, least) else evaluate(metric, least),
        1.0 if undefined(metric, most) else evaluate(metric, most),
    )


def money(window, mask, part):
    """The mean value, the difference of accuracies and the win rate, with the limits of each."""
    yield *value_limits(window, mask, MATRIX), part.mean_value(MATRIX)
    compared = mask & (window.baseline >= 0)
    yield *value_limits(window, compared, ValueMatrix(np.eye(2)), against_baseline=True), part.accuracy_difference()
    apart = compared & (window.baseline != window.predicted)
    yield (
        *((r == window.predicted[apart]).mean() if apart.any() else 0 for r in window.extremes(apart)),
        part.win_rate(),
    )


def value_limits(window, mask, matrix, *, against_baseline=False):
    worth = matrix.by_truth(window.predicted[mask], window.baseline[mask] if against_baseline else None)
    known = np.take_along_axis(worth, window.truth[mask, None], axis=1)[:, 0]
    ends = (np.where(window.closed[mask], known, worth.min(1)), np.where(window.closed[mask], known, worth.max(1)))
    return tuple(end.mean() if mask.any() else 0.0 for end in ends)


def assert_within(figure, low, high, *, what):
    if figure.value is None:
        assert figure.code
        return
    room = CLOSE * max(1.0, abs(low), abs(high) if np.isfinite(high) else 1.0)
    ends = (figure.low, figure.value, figure.high)
    assert ends == (None, figure.value, None) or figure.low <= figure.value <= figure.high, (what, figure)
    for end in ends:
        assert end is None or low - room <= end <= high + room, (what, figure, low, high)


def corners(estimator):
    return np.array(estimator.confusion.corners) * estimator.population.size


def amounts(estimator):
    return estimator._amounts.ravel()


def scale(window):
    """The size of the terms that are added up, each over the smallest probabilities."""
    return max(1.0, float(np.abs(window.amount).max()) / window.pi.min() / 0.5) * len(window.pi)
