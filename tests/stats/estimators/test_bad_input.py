"""Bad input for the estimators gives an error that names the argument, sound numbers, or a code that says why not."""

import numpy as np
import pytest
from hypothesis import strategies as st

from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.confusion import FORMULAS
from apps.stats.estimators.exact import METRICS
from apps.stats.estimators.multiclass import MulticlassEstimator
from apps.stats.estimators.number_losses import METRICS as OF_NUMBERS
from apps.stats.estimators.population import Population
from apps.stats.estimators.recalibration import recalibrate
from apps.stats.estimators.regression import RegressionEstimator
from apps.stats.estimators.sample import Sample
from apps.stats.estimators.unit_cost import UnitCost
from apps.stats.estimators.value import ValueMatrix
from apps.stats.tolerance import Tolerance
from tests.stats.broken import ARGUMENTS, Window, windows
from tests.stats.soundness import INF, NAN, attempted, holds, judged, quick_and_many

PLAIN = ValueMatrix.of([[0, -1], [-0.25, 1]])
MONEY = ValueMatrix.of([[1e30, -1e30], [0, 1]], uses_amount=True)
COSTS = [UnitCost(1, 3), UnitCost(1e30, 0, uses_amount=True)]
OF_CLASSES = [
    *({"metric": metric} for metric in ("accuracy", "balanced_accuracy", "mcc", "kappa")),
    *({"metric": metric, "label": 1} for metric in ("precision", "recall", "specificity", "f1")),
    *({"metric": "f1", "average": average} for average in ("macro", "micro", "weighted")),
    *({"metric": metric, "average": "micro"} for metric in ("precision", "recall", "specificity")),
]


def own(c):
    return c.tp / (c.tp + c.fp + c.fn)


def cells(**more):
    return Population.of(**{"predicted": [0], "bin": [9], "n": [9], "sum_pi": [0.9], "sum_odds": [81], **more})


def window(**more):
    return Population.of_each(**{"predicted": [0, 1], "score": [0.2, 0.9], "pi": [0.5, 0.5], **more})


def items(**more):
    return Sample.of(**{"predicted": [0, 1], "score": [0.2, 0.9], "pi": [0.5, 0.5], "label": [0, 1], **more})


def binary(population=None, sample=None, **more):
    return BinaryEstimator(population or window(), sample or items(), **more)


def numbers(**more):
    of = {"predicted": [0, 0], "score": [0.5, 0.5]}
    sample = items(**of, label=[3.0, 4.0])
    known = {"predicted": [3.0, 5.0], "bins": sample.bin, **more}
    return RegressionEstimator(window(**of), sample, **known)


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: cells(bin=[200]), "bin must be below 200"),
        (lambda: cells(n=[-1]), "n must not be negative"),
        (lambda: cells(n=[NAN]), "n holds nan"),
        (lambda: cells(n=[1e300]), "n holds values beyond"),
        (lambda: cells(sum_pi=[10]), "sum_pi must not exceed n"),
        (lambda: cells(n_uncovered=[10]), "n_uncovered must not exceed n"),
        (lambda: cells(sum_odds=[[81]]), "sum_odds must have one dimension"),
        (lambda: cells(predicted=[2**50]), "predicted must be below 1048576"),
        (lambda: window(pi=[1.5, 1]), r"pi must be in \[0, 1\]"),
        (lambda: window(pi=[1e-300, 1]), "pi must not be below 1.1e-16"),
        (lambda: window(score=[1.5, 1]), "score must be in"),
        (lambda: window(amount=[1e300, 1]), "amount holds values beyond"),
        (lambda: window(baseline=[-2, 1]), "baseline must not be below -1"),
        (lambda: window().with_response([0.5]), "rate must have length 2"),
        (lambda: window().with_response([NAN, 1]), "rate holds nan"),
        (lambda: window().where([1, 0]), "cells must be a boolean mask"),
        (lambda: window().less(window().plus(window())), "part has predictions that the population lacks"),
        (lambda: items(pi=[0, 1]), r"pi must be in \(0, 1\]"),
        (lambda: items(label=[NAN, 1]), "label holds nan"),
        (lambda: items(label=[0]), "label must have length 2"),
        (lambda: items(score=[-1, 0.5]), "score must be in"),
        (lambda: items(q=[1e-300, 1], adjudicated=[0, 1]), "q must be in"),
        (lambda: items(adjudicated=[1, 0]), "q must be positive where an item was adjudicated"),
        (lambda: items(adjudicated=[1, 0], q=[0, 0]), "q must be positive where an item was adjudicated"),
        (lambda: items(q=[1, NAN]), "q is 1 where an item was not adjudicated"),
        (lambda: items(q=[1, NAN], adjudicated=[1, 0], truth=[NAN, 1]), "truth is missing"),
        (lambda: items(amount=[-INF, 1]), "amount holds infinite"),
        (lambda: items().with_response([0, 1]), "rate must be in"),
        (lambda: binary(sample=items(label=[2, 1])), "label must be 0 or 1"),
        (lambda: binary(sample=items(predicted=[2, 1])), "predicted of the sample must be 0 or 1"),
        (lambda: binary(window(baseline=[2, 1])), "baseline of the population must be"),
        (lambda: binary(sample=items(score=[0.3, 0.9])), "sample has items of a class and score bin"),
        (lambda: binary(least_by_chance=NAN), "least_by_chance must not be negative"),
        (lambda: binary(level=1.5), "level must be in"),
        (lambda: binary(overturn=(-1, 0)), "overturn must be in"),
        (lambda: binary().estimate("nonsense"), "unknown metric 'nonsense'"),
        (lambda: binary().estimate("auc", of="baseline"), "auc is a metric of the score"),
        (lambda: binary().value(ValueMatrix.of(np.eye(3))), "matrix must have 2 classes"),
        (lambda: binary().restrict(items=[0, 1]), "items must be a boolean mask"),
        (lambda: recalibrate([9], [2], [1]), "truth must be in"),
        (lambda: recalibrate([11], [1], [1]), "logit holds values beyond"),
        (lambda: MulticlassEstimator(window(), items(), classes=1), "classes must be 2 to"),
        (lambda: MulticlassEstimator(window(), items(label=[2, 1]), classes=2), "label must be below 2"),
        (lambda: MulticlassEstimator(window(), items(), classes=2).estimate("f1"), "needs a label or an average"),
        (lambda: MulticlassEstimator(window(), items(), classes=2).estimate("f1", label=2), "label must be 0"),
        (lambda: MulticlassEstimator(window(), items(), classes=2).value(ValueMatrix.of(np.eye(3))), "matrix must"),
        (lambda: numbers(predicted=[NAN, 1]), "predicted holds nan"),
        (lambda: numbers(bins=[3, 3]), "bins holds a bin that the population lacks"),
        (lambda: numbers(tolerance=Tolerance(by=NAN)), "by must not be negative"),
        (lambda: numbers().mean(lambda predicted, true: predicted / 0 * true), "loss holds nan or infinite"),
        (lambda: numbers().mean(lambda predicted, true: predicted[:1]), "loss must have length 2, got 1"),
        (lambda: numbers().estimate("accuracy"), "unknown metric 'accuracy'"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_an_error_names_the_impossible_argument(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()


NOBODY = {"predicted": [], "score": [], "pi": []}
UNSCORED = {"score": [NAN, NAN]}


@pytest.mark.parametrize(
    ("estimator", "metric", "code"),
    [
        (binary(Population.of_each(**NOBODY), items(**NOBODY, label=[])), "accuracy", "no_population"),
        (binary(sample=items(**NOBODY, label=[])), "accuracy", "no_labels"),
        (binary(window(pi=[0.0, 0.5])), "accuracy", "not_estimable"),
        (binary(window().with_response([0.0, 1.0])), "accuracy", "no_response"),
        (binary(window(**UNSCORED), items(**UNSCORED)), "auc", "no_score"),
        (binary(window(predicted=[0, 0]), items(predicted=[0, 0])), "precision", "no_predicted_positives"),
        (binary(window(pi=[1, 1]), items(pi=[1, 1], label=[0, 0])), "recall", "no_positives"),
        (binary(window(pi=[1, 1]), items(pi=[1, 1], label=[1, 1])), "specificity", "no_negatives"),
        (binary(sample=items(q=[0, 0])), "brier", "preliminary"),
        (binary(sample=items(q=[0, 0])), lambda c: c.tp / (c.fn - c.fn), "undefined"),
    ],
)
def test_a_figure_without_a_sound_value_has_a_code(estimator, metric, code):
    assert estimator.estimate(metric).code == code


def test_value_and_comparison_say_what_they_lack():
    assert binary().value(MONEY).code == "no_amount"
    assert binary().accuracy_point(MONEY).code == "no_amount"
    assert binary().accuracy_difference().code == "no_baseline"
    assert binary().win_rate().code == "no_baseline"
    alike = {"baseline": [0, 1]}
    assert binary(window(**alike), items(**alike)).win_rate().code == "no_disagreement"
    certain = {"pi": [1, 1]}
    assert binary(window(**certain), items(**certain)).accuracy_point(PLAIN).code == "no_errors"


def test_equal_truths_have_no_r2():
    complete = {"predicted": [0, 0], "score": [0.5, 0.5], "pi": [1, 1]}
    sample = items(**complete, label=[4.0, 4.0])
    estimator = RegressionEstimator(window(**complete), sample, predicted=[3.0, 5.0], bins=sample.bin)
    assert estimator.estimate("r2").code == "no_variation"


@quick_and_many(50, times=12)
def test_every_figure_of_two_classes_is_sound_or_an_error(examples):
    def claim(window, least_by_chance):
        named = (*ARGUMENTS, "least_by_chance", "population")
        known = {"least_by_chance": least_by_chance}
        estimator = attempted(lambda: BinaryEstimator(window.population, window.sample, **known), *named)
        if estimator is None:
            return
        judged(lambda: {metric: estimator.estimate(metric) for metric in (*METRICS, own)})
        judged(lambda: {metric: estimator.estimate(metric, of="baseline") for metric in (*FORMULAS, own)})
        judged(lambda: [estimator.value(matrix) for matrix in (PLAIN, MONEY)])
        judged(lambda: [estimator.mean_value(matrix, against_baseline=True) for matrix in (PLAIN, MONEY)])
        judged(lambda: [estimator.accuracy_point(matrix) for matrix in (PLAIN, MONEY)])
        judged(lambda: (estimator.accuracy_difference(), estimator.win_rate(), estimator.confusion))

    holds(claim, windows(), st.sampled_from([50.0, 10.0, 0.0, NAN, -1.0]), examples=examples)


@pytest.mark.slow
@quick_and_many(50, times=12)
def test_every_figure_of_a_slice_is_sound_or_an_error(examples):
    def claim(window, number):
        named = (*ARGUMENTS, "population", "cells")
        estimator = attempted(lambda: BinaryEstimator(window.population, window.sample), *named)
        if estimator is None:
            return
        positives = {"cells": estimator.population.predicted == 1, "items": estimator.sample.predicted == 1}
        nobody = np.zeros(len(estimator.sample.pi), dtype=bool)
        some = {"cells": np.arange(len(estimator.population.n)) % number == 0, "items": nobody}
        for part in (positives, some):
            judged(lambda: [estimator.restrict(**part).estimate(metric) for metric in (*METRICS, own)])  # noqa: B023  # (called at once)

    holds(claim, windows(), st.integers(1, 4), examples=examples)


@quick_and_many(50, times=12)
def test_every_figure_of_three_classes_is_sound_or_an_error(examples):
    plain, money = ValueMatrix.of(np.eye(3)), ValueMatrix.of(1e30 * np.eye(3) - 1, uses_amount=True)

    def claim(window):
        named = (*ARGUMENTS, "population")
        estimator = attempted(lambda: MulticlassEstimator(window.population, window.sample, classes=3), *named)
        if estimator is None:
            return
        judged(lambda: [estimator.estimate(**figure) for figure in OF_CLASSES])
        judged(lambda: [estimator.value(matrix) for matrix in (plain, money)])
        judged(lambda: [estimator.mean_value(matrix, against_baseline=True) for matrix in (plain, money)])
        judged(lambda: [estimator.accuracy_point(matrix) for matrix in (plain, money)])
        judged(lambda: (estimator.accuracy_difference(), estimator.win_rate(), estimator.margins))

    holds(claim, windows(classes=3), examples=examples)


@quick_and_many(50, times=12)
def test_every_figure_of_numbers_is_sound_or_an_error(examples):
    def claim(window, scale, of_prediction):
        named = (*ARGUMENTS, "population", "bins", "loss")
        estimator = attempted(lambda: _of_numbers(window, scale, of_prediction), *named)
        if estimator is None:
            return
        nobody = np.zeros(len(estimator.sample.pi), dtype=bool)
        judged(lambda: [estimator.estimate(metric) for metric in OF_NUMBERS])
        judged(lambda: [estimator.restrict(items=nobody).estimate(metric) for metric in OF_NUMBERS])
        judged(lambda: [estimator.gain(metric) for metric in ("mae", "mse", "within")])
        judged(lambda: [estimator.closer(who) for who in ("model", "baseline", None)])
        # The fourth power of an amount of 1e30 times an error of 1e29 is no number any more.
        if max(scale, of_prediction) < 1e20:
            judged(lambda: [estimator.value(cost) for cost in COSTS])
            judged(lambda: [estimator.mean_value(cost, against_baseline=True) for cost in COSTS])

    scales = st.sampled_from([1.0, 1.0, 0.0, 1e29, 1e-30, 1e-300, 1e100])
    holds(claim, windows(classes=1), scales, scales, examples=examples)


def _of_numbers(window, scale, of_prediction):
    """The window of a model that predicts normally distributed numbers, in these units."""
    n = np.size(window.items["predicted"])
    truth = window.rng.normal(size=n) * scale
    given = {**window.items, "score": np.full(n, 0.3), "label": truth, "truth": truth[::-1]}
    everyone = {**window.everyone, "score": np.full(np.size(window.everyone["predicted"]), 0.3)}
    of_numbers = Window(everyone, given, window.rate, window.rng)
    sample = of_numbers.sample
    predicted = window.rng.normal(size=n) * of_prediction
    baseline = np.where(sample.baseline < 0, np.nan, predicted + window.rng.normal(size=n) * scale * sample.baseline)
    given = {"predicted": predicted, "bins": sample.bin, "baseline": baseline}
    return RegressionEstimator(of_numbers.population, sample, **given)
