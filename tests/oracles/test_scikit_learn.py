"""When every outcome is known (π ≡ 1, the whole population in the sample), figures equal scikit-learn's."""

import numpy as np
import pytest
from sklearn import metrics
from sklearn.calibration import calibration_curve

from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.multiclass import MulticlassEstimator
from apps.stats.estimators.population import Population
from apps.stats.estimators.sample import Sample

BINARY = {
    "accuracy": metrics.accuracy_score,
    "precision": metrics.precision_score,
    "recall": metrics.recall_score,
    "specificity": lambda truth, predicted: metrics.recall_score(truth, predicted, pos_label=0),
    "f1": metrics.f1_score,
    "balanced_accuracy": metrics.balanced_accuracy_score,
    "mcc": metrics.matthews_corrcoef,
    "kappa": metrics.cohen_kappa_score,
}
ROWS = 5_000


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(5)
    score = np.round(rng.beta(0.6, 0.8, ROWS), 3)  # rounded, for many ties
    truth = (rng.random(ROWS) < score).astype(int)
    return {
        "predicted": (score > 0.4).astype(int),
        "score": score,
        "truth": truth,
        "baseline": rng.integers(0, 2, ROWS),
    }


@pytest.fixture(scope="module")
def estimator(rows):
    ones = np.ones(ROWS)
    known = {"predicted": rows["predicted"], "score": rows["score"], "baseline": rows["baseline"], "pi": ones}
    return BinaryEstimator(Population.from_rows(**known), Sample.of(**known, label=rows["truth"]))


@pytest.mark.parametrize("metric", BINARY)
@pytest.mark.parametrize("of", ["predicted", "baseline"])
def test_confusion_metrics_equal_scikit_learn_s(estimator, rows, metric, of):
    figure = estimator.estimate(metric, of=of)
    assert figure.value == pytest.approx(BINARY[metric](rows["truth"], rows[of]), rel=4e-16, abs=4e-16)
    assert figure.low == figure.value == figure.high
    assert (figure.method, figure.code) == ("exact", None)


def test_auc_and_brier_score_equal_scikit_learn_s(estimator, rows):
    assert estimator.estimate("auc").value == pytest.approx(
        metrics.roc_auc_score(rows["truth"], rows["score"]), rel=4e-16
    )
    expected = metrics.brier_score_loss(rows["truth"], rows["score"])
    assert estimator.estimate("brier").value == pytest.approx(expected, rel=4e-16)


def test_average_precision_and_log_loss_equal_scikit_learn_s(estimator, rows):
    assert rows["score"].min() == 0
    expected = metrics.average_precision_score(rows["truth"], rows["score"])
    assert estimator.estimate("average_precision").value == pytest.approx(expected, rel=1e-14)
    assert estimator.estimate("log_loss").value == pytest.approx(
        metrics.log_loss(rows["truth"], rows["score"]), rel=1e-14
    )


def test_calibration_error_equals_that_of_scikit_learn_s_calibration_curve():
    """Scores fill ten groups exactly, so groups of equal size are the bins of the curve."""
    rng = np.random.default_rng(7)
    score = np.repeat(np.linspace(0.05, 0.95, 10), 300)
    truth = (rng.random(3_000) < score**1.3).astype(int)
    share, predicted = calibration_curve(truth, score, n_bins=10, strategy="uniform")
    known = {"predicted": (score > 0.5).astype(int), "score": score, "pi": np.ones(3_000)}
    figure = BinaryEstimator(Population.from_rows(**known), Sample.of(**known, label=truth)).estimate("ece")
    assert figure.value == pytest.approx(np.abs(share - predicted).mean(), rel=1e-12)
    assert figure.low == figure.value == figure.high


def test_the_difference_of_accuracies_equals_scikit_learn_s(estimator, rows):
    truth = rows["truth"]
    expected = metrics.accuracy_score(truth, rows["predicted"]) - metrics.accuracy_score(truth, rows["baseline"])
    assert estimator.accuracy_difference().value == pytest.approx(expected, abs=1e-15)


@pytest.fixture(scope="module")
def several():
    rng = np.random.default_rng(6)
    truth = rng.choice(4, ROWS, p=[0.5, 0.25, 0.2, 0.05])
    predicted = np.where(rng.random(ROWS) < 0.7, truth, rng.integers(0, 4, ROWS))
    known = {"predicted": predicted, "score": rng.uniform(0.3, 1, ROWS), "pi": np.ones(ROWS)}
    estimator = MulticlassEstimator(Population.from_rows(**known), Sample.of(**known, label=truth), classes=4)
    return estimator, truth, predicted


SEVERAL = {"precision": metrics.precision_score, "recall": metrics.recall_score, "f1": metrics.f1_score}


@pytest.mark.parametrize("metric", SEVERAL)
def test_metrics_of_each_class_equal_scikit_learn_s(several, metric):
    estimator, truth, predicted = several
    expected = SEVERAL[metric](truth, predicted, average=None)
    for label in range(4):
        assert estimator.estimate(metric, label=label).value == pytest.approx(expected[label], rel=4e-16)


@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
@pytest.mark.parametrize("metric", SEVERAL)
def test_averages_over_classes_equal_scikit_learn_s(several, metric, average):
    estimator, truth, predicted = several
    expected = SEVERAL[metric](truth, predicted, average=average)
    assert estimator.estimate(metric, average=average).value == pytest.approx(expected, rel=1e-15)


def test_metrics_of_all_classes_equal_scikit_learn_s(several):
    estimator, truth, predicted = several
    assert estimator.estimate("accuracy").value == metrics.accuracy_score(truth, predicted)
    for metric, oracle in (
        ("balanced_accuracy", metrics.balanced_accuracy_score),
        ("mcc", metrics.matthews_corrcoef),
        ("kappa", metrics.cohen_kappa_score),
    ):
        assert estimator.estimate(metric).value == pytest.approx(oracle(truth, predicted), rel=1e-14)
