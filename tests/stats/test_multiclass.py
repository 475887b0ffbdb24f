import numpy as np
import pytest

from apps.stats.multiclass import MulticlassEstimator, fit_class_proxy
from apps.stats.population import Population, Sample
from apps.stats.value import ValueMatrix

ROWS, CLASSES, REPLICATES = 40_000, 3, 100
MATRIX = ValueMatrix.of([[5, -2, -8], [0, 3, -1], [-1, 0, 4]])


@pytest.fixture(scope="module")
def world():
    """Three classes, probabilities from a softmax, classes drawn from slightly other ones (seed 15)."""
    rng = np.random.default_rng(15)
    z = rng.normal(0, 1.8, (ROWS, CLASSES))
    said, true = (np.exp(scale * z) / np.exp(scale * z).sum(1, keepdims=True) for scale in (1.3, 1.0))
    truth = (rng.random((ROWS, 1)) < true.cumsum(1)).argmax(1)
    top = said.max(1)
    return {"predicted": said.argmax(1), "score": top, "pi": np.minimum(1, 0.004 + 0.03 * (1 - top))}, truth


@pytest.fixture(scope="module")
def replicates(world):
    known, truth = world
    cells, rng = Population.from_rows(**known), np.random.default_rng(16)
    found = []
    for _ in range(REPLICATES):
        rows = rng.random(ROWS) < known["pi"]
        items = Sample.of(**{name: column[rows] for name, column in known.items()}, label=truth[rows])
        found.append(MulticlassEstimator(cells, items, classes=CLASSES))
    return found


def covered(figures, truth):
    return sum(figure.low <= truth <= figure.high for figure in figures)


def test_accuracy_covers_the_truth(world, replicates):
    known, truth = world
    assert covered([one.estimate("accuracy") for one in replicates], (known["predicted"] == truth).mean()) >= 89


@pytest.mark.parametrize("label", range(CLASSES))
def test_each_class_against_the_rest_covers_the_truth(world, replicates, label):
    known, truth = world
    said, true = known["predicted"] == label, truth == label
    assert covered([one.estimate("precision", label=label) for one in replicates], true[said].mean()) >= 89
    assert covered([one.estimate("recall", label=label) for one in replicates], said[true].mean()) >= 89


def test_money_covers_the_truth(world, replicates):
    known, truth = world
    total = MATRIX.of_rows(known["predicted"], truth).sum()
    assert covered([one.value(MATRIX) for one in replicates], total) >= 89


def test_the_proxy_is_a_distribution_over_classes(replicates):
    one = replicates[0]
    expected = one.fitted.predict(one.cells.predicted, one.cells.bin)
    assert expected.sum(axis=1) == pytest.approx(np.ones(len(expected)))
    assert (expected >= 0).all()


def test_a_class_that_was_never_labelled_keeps_its_score():
    items = Sample.of(predicted=[0], score=[0.8], pi=[0.5], label=[0])
    assert fit_class_proxy(items, classes=2).right[1].slope == 1.0


def test_without_a_score_accuracy_is_the_hajek_mean(world):
    known, truth = world
    known = known | {"score": np.full(ROWS, np.nan)}
    rows = np.random.default_rng(17).random(ROWS) < known["pi"]
    items = Sample.of(**{name: column[rows] for name, column in known.items()}, label=truth[rows])
    d, right = 1 / known["pi"][rows], (known["predicted"] == truth)[rows]
    figure = MulticlassEstimator(Population.from_rows(**known), items, classes=CLASSES).estimate("accuracy")
    assert figure.value == pytest.approx((d * right).sum() / d.sum())
    assert figure.method == "hajek"


def test_slices_add_up(replicates):
    one = replicates[0]
    low = one.population.bin < 110
    below = one.sample.bin < 110
    parts = [one.restrict(cells=low, items=below), one.restrict(cells=~low, items=~below)]
    total = sum(part.estimate("accuracy").value * part.population.size for part in parts)
    assert total / ROWS == pytest.approx(one.estimate("accuracy").value)


@pytest.mark.parametrize(("metric", "label"), [("recall", None), ("auc", 1), ("recall", 3)])
def test_an_unknown_question_is_refused(replicates, metric, label):
    with pytest.raises(ValueError, match=r"metric|label"):
        replicates[0].estimate(metric, label=label)
