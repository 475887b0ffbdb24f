"""With every outcome in, figures are scikit-learn's: π ≡ 1, the whole population in the sample."""

import numpy as np
import pytest
from sklearn import metrics

from apps.stats.binary import BinaryEstimator
from apps.stats.multiclass import MulticlassEstimator
from apps.stats.population import Population, Sample

BINARY = {
    "accuracy": metrics.accuracy_score,
    "precision": metrics.precision_score,
    "recall": metrics.recall_score,
    "specificity": lambda truth, said: metrics.recall_score(truth, said, pos_label=0),
    "f1": metrics.f1_score,
    "balanced_accuracy": metrics.balanced_accuracy_score,
    "mcc": metrics.matthews_corrcoef,
    "kappa": metrics.cohen_kappa_score,
}
ROWS = 5_000


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(5)
    score = np.round(rng.beta(0.6, 0.8, ROWS), 3)  # rounded: many ties
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
def test_a_confusion_metric_is_scikit_learn_s(estimator, rows, metric, of):
    figure = estimator.estimate(metric, of=of)
    assert figure.value == pytest.approx(BINARY[metric](rows["truth"], rows[of]), rel=4e-16, abs=4e-16)
    assert figure.low == figure.value == figure.high
    assert (figure.method, figure.code) == ("exact", None)


def test_auc_and_brier_are_scikit_learn_s(estimator, rows):
    assert estimator.estimate("auc").value == pytest.approx(
        metrics.roc_auc_score(rows["truth"], rows["score"]), rel=4e-16
    )
    expected = metrics.brier_score_loss(rows["truth"], rows["score"])
    assert estimator.estimate("brier").value == pytest.approx(expected, rel=4e-16)


def test_the_difference_of_accuracies_is_scikit_learn_s(estimator, rows):
    truth = rows["truth"]
    expected = metrics.accuracy_score(truth, rows["predicted"]) - metrics.accuracy_score(truth, rows["baseline"])
    assert estimator.accuracy_difference().value == pytest.approx(expected, abs=1e-15)


def test_every_class_of_several_is_scikit_learn_s():
    rng = np.random.default_rng(6)
    truth = rng.integers(0, 4, ROWS)
    predicted = np.where(rng.random(ROWS) < 0.7, truth, rng.integers(0, 4, ROWS))
    known = {"predicted": predicted, "score": rng.uniform(0.3, 1, ROWS), "pi": np.ones(ROWS)}
    estimator = MulticlassEstimator(Population.from_rows(**known), Sample.of(**known, label=truth), classes=4)
    precision = metrics.precision_score(truth, predicted, average=None)
    recall = metrics.recall_score(truth, predicted, average=None)
    assert estimator.estimate("accuracy").value == metrics.accuracy_score(truth, predicted)
    for label in range(4):
        assert estimator.estimate("precision", label=label).value == pytest.approx(precision[label], rel=4e-16)
        assert estimator.estimate("recall", label=label).value == pytest.approx(recall[label], rel=4e-16)
