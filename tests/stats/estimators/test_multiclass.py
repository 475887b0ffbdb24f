import numpy as np
import pytest

from apps.stats.estimators.class_margins import Margins
from apps.stats.estimators.class_proxy import fit_class_proxy
from apps.stats.estimators.class_table import table_formula
from apps.stats.estimators.multiclass import MulticlassEstimator
from apps.stats.estimators.population import Population
from apps.stats.estimators.sample import Sample
from apps.stats.estimators.value import ValueMatrix

ROWS, CLASSES, REPLICATES = 40_000, 3, 100
MATRIX = ValueMatrix.of([[5, -2, -8], [0, 3, -1], [-1, 0, 4]])


@pytest.fixture(scope="module")
def world():
    """Three classes, probabilities from a softmax, true classes drawn from slightly different ones (seed 15)."""
    rng = np.random.default_rng(15)
    z = rng.normal(0, 1.8, (ROWS, CLASSES))
    predicted, true = (np.exp(scale * z) / np.exp(scale * z).sum(1, keepdims=True) for scale in (1.3, 1.0))
    truth = (rng.random((ROWS, 1)) < true.cumsum(1)).argmax(1)
    top = predicted.max(1)
    return {"predicted": predicted.argmax(1), "score": top, "pi": np.minimum(1, 0.004 + 0.03 * (1 - top))}, truth


@pytest.fixture(scope="module")
def replicates(world):
    known, truth = world
    cells, rng = Population.from_rows(**known), np.random.default_rng(16)
    estimators = []
    for _ in range(REPLICATES):
        rows = rng.random(ROWS) < known["pi"]
        items = Sample.of(**{name: column[rows] for name, column in known.items()}, label=truth[rows])
        estimators.append(MulticlassEstimator(cells, items, classes=CLASSES))
    return estimators


def covered(figures, truth):
    return sum(figure.low <= truth <= figure.high for figure in figures)


def test_accuracy_covers_the_truth(world, replicates):
    known, truth = world
    assert covered([one.estimate("accuracy") for one in replicates], (known["predicted"] == truth).mean()) >= 89


@pytest.mark.parametrize("label", range(CLASSES))
def test_each_class_against_the_rest_covers_the_truth(world, replicates, label):
    known, truth = world
    predicted, true = known["predicted"] == label, truth == label
    assert covered([one.estimate("precision", label=label) for one in replicates], true[predicted].mean()) >= 89
    assert covered([one.estimate("recall", label=label) for one in replicates], predicted[true].mean()) >= 89


def test_value_covers_the_truth(world, replicates):
    known, truth = world
    total = MATRIX.of_rows(known["predicted"], truth).sum()
    assert covered([one.value(MATRIX) for one in replicates], total) >= 89


def test_the_proxy_is_a_distribution_over_classes(replicates):
    fitted = replicates[0].fitted
    assert fitted.instead.sum(axis=1) == pytest.approx(np.ones(CLASSES))
    assert (fitted.instead >= 0).all()
    assert np.diag(fitted.instead).tolist() == [0.0] * CLASSES


def test_a_class_without_labels_keeps_its_score():
    items = Sample.of(predicted=[0], score=[0.8], pi=[0.5], label=[0])
    assert fit_class_proxy(items, classes=2).slope.tolist()[1] == 1.0


def test_without_scores_each_predicted_class_has_one_expectation(world):
    """The difference estimator with predicted classes as groups, written out."""
    known, truth = world
    known = known | {"score": np.full(ROWS, np.nan)}
    rows = np.random.default_rng(17).random(ROWS) < known["pi"]
    items = Sample.of(**{name: column[rows] for name, column in known.items()}, label=truth[rows])
    estimator = MulticlassEstimator(Population.from_rows(**known), items, classes=CLASSES)
    expected = estimator.fitted.chance(np.arange(CLASSES), np.zeros(CLASSES))[known["predicted"]]
    corrections = ((known["predicted"] == truth)[rows] - expected[rows]) / known["pi"][rows]
    figure = estimator.estimate("accuracy")
    assert figure.value == pytest.approx((expected.sum() + corrections.sum()) / ROWS)
    assert figure.low <= (known["predicted"] == truth).mean() <= figure.high


@pytest.mark.parametrize(
    ("metric", "average"),
    [("precision", "macro"), ("recall", "micro"), ("f1", "weighted"), ("mcc", None), ("kappa", None)],
)
def test_averages_and_metrics_of_all_classes_cover_the_truth(world, replicates, metric, average):
    known, truth = world
    margins = Margins.of_rows(known["predicted"], truth, classes=CLASSES)
    expected = table_formula(metric, label=None, average=average, classes=CLASSES).value(margins)
    assert covered([one.estimate(metric, average=average) for one in replicates], expected) >= 89


def test_accuracy_against_a_baseline_covers_the_truth_and_uses_disagreements_alone(world):
    known, truth = world
    rng = np.random.default_rng(18)
    other = np.where(rng.random(ROWS) < 0.9, known["predicted"], rng.integers(0, CLASSES, ROWS))
    differs = other != known["predicted"]
    known = known | {"baseline": other, "pi": np.where(differs, 10 * known["pi"], known["pi"])}
    expected = ((known["predicted"] == truth) * 1.0 - (other == truth)).mean()
    cells, figures = Population.from_rows(**known), []
    for _ in range(REPLICATES):
        rows = rng.random(ROWS) < known["pi"]
        items = Sample.of(**{name: column[rows] for name, column in known.items()}, label=truth[rows])
        figures.append(MulticlassEstimator(cells, items, classes=CLASSES).accuracy_difference())
        assert figures[-1].n == differs[rows].sum()
    assert covered(figures, expected) >= 89


def test_slices_add_up(replicates):
    one = replicates[0]
    low = one.population.bin < 110
    below = one.sample.bin < 110
    parts = [one.restrict(cells=low, items=below), one.restrict(cells=~low, items=~below)]
    total = sum(part.estimate("accuracy").value * part.population.size for part in parts)
    assert total / ROWS == pytest.approx(one.estimate("accuracy").value)


@pytest.mark.parametrize(("metric", "label"), [("recall", None), ("auc", 1), ("recall", 3)])
def test_an_unknown_metric_or_label_is_an_error(replicates, metric, label):
    with pytest.raises(ValueError, match=r"metric|label"):
        replicates[0].estimate(metric, label=label)


def worth_of_a_point(matrix, predicted, truth, amount):
    """Closed form from all rows: 0.01·N times the mean gain of correcting an error, also by kind of error."""
    wrong = predicted != truth
    gain = (matrix.matrix[truth, truth] - matrix.matrix[predicted, truth]) * amount
    kinds = {
        (i, j): 0.01 * len(truth) * gain[(predicted == i) & (truth == j)].mean()
        for i, j in set(zip(predicted[wrong].tolist(), truth[wrong].tolist(), strict=True))
    }
    return 0.01 * len(truth) * gain[wrong].mean(), kinds


@pytest.mark.parametrize("uses_amount", [False, True])
def test_a_point_of_accuracy_is_worth_the_mean_gain_of_the_errors(world, uses_amount):
    known, truth = world
    amount = np.random.default_rng(71).lognormal(0, 1, ROWS)
    known = known | {"pi": np.ones(ROWS), "amount": amount}
    matrix = ValueMatrix.of(MATRIX.matrix, uses_amount=uses_amount)
    complete = MulticlassEstimator(Population.from_rows(**known), Sample.of(**known, label=truth), classes=CLASSES)
    value, kinds = worth_of_a_point(matrix, known["predicted"], truth, amount if uses_amount else 1.0)
    point = complete.accuracy_point(matrix)
    assert point.value == pytest.approx(value)
    assert point.by_error == pytest.approx(kinds)
    assert (point.low, point.high) == pytest.approx((min(kinds.values()), max(kinds.values())))


def test_a_sample_estimates_the_worth_of_a_point_of_accuracy(world):
    """Amounts are ten times as large where class 0 is true (seed 72), so errors that miss it have their own mean."""
    known, truth = world
    rng = np.random.default_rng(72)
    amount = rng.lognormal(0, 0.5, ROWS) * np.where(truth == 0, 10.0, 1.0)
    known, matrix = known | {"amount": amount}, ValueMatrix.of(MATRIX.matrix, uses_amount=True)
    target, kinds = worth_of_a_point(matrix, known["predicted"], truth, amount)
    cells, points = Population.from_rows(**known), []
    for _ in range(REPLICATES):
        rows = rng.random(ROWS) < known["pi"]
        items = Sample.of(**{name: column[rows] for name, column in known.items()}, label=truth[rows])
        points.append(MulticlassEstimator(cells, items, classes=CLASSES).accuracy_point(matrix))
    values = np.array([point.value for point in points])
    # The bias of a ratio of two estimates is of the order of its variance.
    assert values.mean() == pytest.approx(target, rel=0.03)
    assert all(point.low <= point.value <= point.high for point in points)
    for kind in ((1, 0), (2, 0)):
        assert np.median([point.by_error[kind] for point in points]) == pytest.approx(kinds[kind], rel=0.1)


@pytest.mark.parametrize(
    ("label", "amount", "code"),
    [([], [], "no_labels"), ([0, 1, 2], [1, 1, np.nan], "no_amount"), ([0, 1, 2], [1] * 3, "no_errors")],
)
def test_a_point_of_accuracy_without_a_value_has_a_code(label, amount, code):
    rows = {"predicted": [0, 1, 2], "score": [0.8, 0.7, 0.9], "pi": [1.0] * 3}
    items = Sample.of(**{name: column[: len(label)] for name, column in rows.items()}, amount=amount, label=label)
    estimator = MulticlassEstimator(Population.from_rows(**rows), items, classes=3)
    point = estimator.accuracy_point(ValueMatrix.of(MATRIX.matrix, uses_amount=True))
    assert (point.value, point.low, point.high, point.code) == (None, None, None, code)


def test_a_matrix_of_another_size_is_an_error(replicates):
    with pytest.raises(ValueError, match="matrix must have 3 classes"):
        replicates[0].accuracy_point(ValueMatrix.of(np.eye(2)))


@pytest.mark.parametrize(("label", "code"), [([], "no_labels"), ([0, 1], "no_positives"), ([0, 2], None)])
def test_a_class_that_is_never_predicted_has_a_recall_once_a_label_shows_that_it_occurs(label, code):
    rows = {"predicted": [0, 1], "score": [0.8, 0.7], "pi": [0.5] * 2}
    items = Sample.of(**{name: column[: len(label)] for name, column in rows.items()}, label=label)
    figure = MulticlassEstimator(Population.from_rows(**rows), items, classes=3).estimate("recall", label=2)
    assert (figure.value, figure.code) == (None if code else 0.0, code)


def test_with_few_labels_differences_and_correlations_stay_in_their_range():
    """Drawn with a probability of 1/20, one label speaks for more than there is (seeds 1 to 40)."""
    worst = []
    for seed in range(1, 41):
        rng = np.random.default_rng(seed)
        rows = {
            "predicted": rng.integers(0, 3, 60),
            "baseline": np.full(60, 2),
            "score": rng.uniform(0.4, 1, 60),
            "pi": np.full(60, 0.05),
        }
        drawn = np.flatnonzero(rng.random(60) < 0.1)
        truth = rng.integers(0, 3, len(drawn))
        items = Sample.of(**{name: column[drawn] for name, column in rows.items()}, label=truth)
        one = MulticlassEstimator(Population.from_rows(**rows), items, classes=3)
        figures = [one.accuracy_difference(), one.estimate("mcc"), one.estimate("kappa"), one.swapped.estimate("mcc")]
        worst += [end for each in figures for end in (each.value, each.low, each.high) if end is not None]
    assert len(worst) > 200
    assert max(map(abs, worst)) <= 1
