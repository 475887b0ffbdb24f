from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.stats.decisions.thresholds import threshold_curve
from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.population import Population
from apps.stats.estimators.sample import Sample
from apps.stats.estimators.value import ValueMatrix
from tests.stats.soundness import judged

ROWS = 20_000
ACCURACY = ValueMatrix.of([[1, 0], [0, 1]])
AMOUNTS = ValueMatrix.of([[0, -3], [-1, 1]], uses_amount=True)


def rng():
    return np.random.default_rng(3)


@pytest.fixture(scope="module")
def world():
    """Calibrated scores in the middle of the bins, amounts, one in twenty labeled (seed 62)."""
    draw = np.random.default_rng(62)
    score = draw.beta(1.5, 2.5, ROWS)
    rows = {
        "predicted": (score >= 0.5).astype(int),
        "score": score,
        "amount": draw.lognormal(0, 0.5, ROWS),
        "pi": np.full(ROWS, 1 / 20),
    }
    return rows, (draw.random(ROWS) < score).astype(int)


def estimator(rows, truth, chosen, **more):
    items = Sample.of(**{name: column[chosen] for name, column in rows.items()}, label=truth[chosen])
    return BinaryEstimator(Population.from_rows(**rows), items, **more)


@pytest.fixture(scope="module")
def sampled(world):
    rows, truth = world
    return estimator(rows, truth, np.random.default_rng(63).random(ROWS) < rows["pi"])


@pytest.mark.parametrize("matrix", [ACCURACY, AMOUNTS])
def test_the_curve_is_the_mean_value_of_deciding_at_each_threshold(world, sampled, matrix):
    """Closed form: the estimator of value, on predictions made with that threshold."""
    rows, truth = world
    curve = threshold_curve(sampled, matrix, rng=rng())
    for at in (5, 40, len(curve.thresholds) - 8):
        decided = rows | {"predicted": (rows["score"] >= curve.thresholds[at]).astype(int)}
        there = estimator(decided, truth, np.random.default_rng(63).random(ROWS) < rows["pi"], proxy=sampled.fitted)
        figure = there.mean_value(matrix)
        ends = curve.value[at], curve.low[at], curve.high[at]
        assert ends == pytest.approx((figure.value, figure.low, figure.high), rel=1e-9)


def test_the_first_threshold_always_decides_positive_and_the_last_never(sampled):
    """Closed form: the accuracies of "always positive" and "never positive" add up to 1."""
    curve = threshold_curve(sampled, ACCURACY, rng=rng())
    assert curve.value[0] + curve.value[-1] == pytest.approx(1)
    assert (np.diff(curve.thresholds) > 0).all()


def test_the_band_is_wider_than_the_intervals_and_the_same_for_the_same_seed(sampled):
    curve, again = (threshold_curve(sampled, AMOUNTS, rng=rng()) for _ in range(2))
    assert (curve.band_low < curve.low).all()
    assert (curve.high < curve.band_high).all()
    assert (curve.band_low == again.band_low).all()


def test_calibrated_scores_are_best_cut_at_one_half(sampled):
    choice = threshold_curve(sampled, ACCURACY, rng=rng(), current=0.5).choice
    assert choice.flat_low < 0.5 < choice.flat_high
    assert (choice.current, choice.advice) == (0.5, "no_change")


@pytest.mark.parametrize(("current", "advice"), [(0.02, "raise"), (0.98, "lower")])
def test_a_threshold_outside_the_flat_range_should_move_towards_the_best(sampled, current, advice):
    choice = threshold_curve(sampled, ACCURACY, rng=rng(), current=current).choice
    assert choice.advice == advice
    assert choice.gain.low > 0
    assert (choice.best > choice.current) == (advice == "raise")


def test_with_every_row_labeled_there_is_one_best_threshold(world):
    """The oracle counts rows: the accuracy of deciding at each distinct edge."""
    rows, truth = world
    rows = rows | {"pi": np.ones(ROWS)}
    curve = threshold_curve(estimator(rows, truth, np.ones(ROWS, dtype=bool)), ACCURACY, rng=rng(), current=0.3)
    counted = [((rows["score"] >= at) == truth).mean() for at in curve.thresholds[:-1]]
    assert curve.value[:-1] == pytest.approx(counted)
    assert (curve.band_low == curve.value).all()
    assert curve.choice.flat_low == curve.choice.best == curve.choice.flat_high
    assert (curve.code, curve.choice.advice) == (None, "raise")


def test_a_value_that_ignores_the_truth_needs_no_labels():
    cells = Population.from_rows(predicted=[0, 1], score=[0.2, 0.8], pi=[0.1, 0.1])
    nobody = Sample.of(predicted=[], score=[], pi=[], label=[])
    each_positive_costs_two = ValueMatrix.of([[0, 0], [-2, -2]])
    curve = threshold_curve(BinaryEstimator(cells, nobody), each_positive_costs_two, rng=rng(), current=0.5)
    assert curve.value.tolist() == curve.band_high.tolist() == [-2, -1, 0]
    assert curve.choice.advice == "raise"


def test_too_few_labels_give_a_curve_and_no_advice(sampled):
    few = replace(sampled, population=replace(sampled.population, sum_chance=sampled.population.n * 20 / ROWS))
    curve = threshold_curve(few, ACCURACY, rng=rng(), current=0.02)
    assert (curve.code, curve.choice.advice, curve.choice.gain.code) == ("preliminary", None, "preliminary")
    assert curve.labels_needed > 0


def test_open_adjudication_has_its_code(world):
    rows, truth = world
    chosen = np.random.default_rng(63).random(ROWS) < rows["pi"]
    known = {name: column[chosen] for name, column in rows.items()}
    items = Sample.of(**known, label=truth[chosen], q=np.zeros(chosen.sum()))
    curve = threshold_curve(BinaryEstimator(Population.from_rows(**rows), items), ACCURACY, rng=rng())
    assert curve.code == "adjudication_open"


@pytest.mark.parametrize(
    ("pi", "score", "amount", "label", "code"),
    [
        ([], [], [], [], "no_population"),
        ([0.5, 0.5], [0.2, np.nan], [1, 1], [1, 0], "no_score"),
        ([0.5, 0.5], [0.2, 0.8], None, [1, 0], "no_amount"),
        ([0.5, 0.5], [0.2, 0.8], [1, 1], [], "no_labels"),
        ([0.0, 0.5], [0.2, 0.8], [1, 1], [], "not_estimable"),
    ],
)
def test_without_a_curve_there_is_a_reason(pi, score, amount, label, code):
    predicted = [int(one >= 0.5) for one in score]
    rows = {"predicted": predicted, "score": score, "pi": pi}
    items = {name: column[: len(label)] for name, column in rows.items()}
    money = None if amount is None else amount[: len(label)]
    sample = Sample.of(**items, amount=money, label=label)
    curve = threshold_curve(BinaryEstimator(Population.from_rows(**rows, amount=amount), sample), AMOUNTS, rng=rng())
    assert (curve.code, curve.choice, len(curve.value)) == (code, None, 0)


def test_a_class_without_an_answer_has_no_curve():
    cells = Population.from_rows(predicted=[0, 1], score=[0.2, 0.8], pi=[0.5, 0.5]).with_response([0.0, 1.0])
    sample = Sample.of(predicted=[1], score=[0.8], pi=[0.5], label=[1])
    assert threshold_curve(BinaryEstimator(cells, sample), ACCURACY, rng=rng()).code == "no_response"


@pytest.mark.parametrize(
    ("matrix", "more", "complaint"),
    [
        (np.eye(3), {}, "two by two"),
        (np.eye(2), {"current": 1.5}, "current must be in"),
        (np.eye(2), {"current": float("nan")}, "current must be in"),
        (np.eye(2), {"draws": 0}, "draws must be positive"),
    ],
)
def test_bad_input_is_named(sampled, matrix, more, complaint):
    with pytest.raises(ValueError, match=complaint):
        threshold_curve(sampled, ValueMatrix.of(matrix), rng=rng(), **more)


ENTRIES = st.one_of(st.floats(), st.integers(-3, 3))


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 1), st.sampled_from([1e-9, 0.3, 1.0]), st.integers(0, 1), ENTRIES), max_size=5),
    st.lists(ENTRIES, min_size=4, max_size=4),
    st.booleans(),
    st.floats(),
)
def test_any_input_gives_an_error_numbers_or_a_code(items, entries, uses_amount, current):
    scores, pi, labels, amount = (list(column) for column in zip(*items, strict=True)) if items else ([], [], [], [])
    rows = {"predicted": [0] * len(pi), "score": scores, "pi": pi, "amount": amount}

    def called():
        matrix = ValueMatrix.of(np.reshape(entries, (2, 2)), uses_amount=uses_amount)
        window = BinaryEstimator(Population.from_rows(**rows), Sample.of(**rows, label=labels))
        return threshold_curve(window, matrix, rng=rng(), current=current, draws=20)

    curve = judged(called, "matrix", "amount", "current")
    assert curve is None or curve.code or curve.choice.flat_low <= curve.choice.best <= curve.choice.flat_high
