import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.stats.decisions.review_budget import review_budget
from apps.stats.decisions.worth_of_labels import worth_of_labels
from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.multiclass import MulticlassEstimator
from apps.stats.estimators.population import Population
from apps.stats.estimators.sample import Sample
from apps.stats.estimators.value import ValueMatrix
from tests.stats.soundness import judged

ROWS = 20_000
MATRIX = ValueMatrix.of([[0, -3], [-1, 1]])
TERMS = {"decisions": 1_000_000, "cost_per_label": 2.5}


def window(*, shares=0.02, apart=0.1, seed=73):
    """Baseline and model differ on a tenth of the predictions, and neither is much better."""
    rng = np.random.default_rng(seed)
    score = rng.random(ROWS)
    predicted = (score >= 0.25).astype(int)
    baseline = np.where((score > 0.2) & (score < 0.2 + apart), 1 - predicted, predicted)
    rows = {"predicted": predicted, "baseline": baseline, "score": score, "pi": np.full(ROWS, shares)}
    truth, drawn = (rng.random(ROWS) < score).astype(int), rng.random(ROWS) < shares
    items = {name: column[drawn] for name, column in rows.items()} | {"label": truth[drawn]}
    return Population.from_rows(**rows), Sample.of(**items)


@pytest.fixture(scope="module")
def estimator():
    return BinaryEstimator(*window())


def test_the_budget_has_the_largest_net_worth(estimator):
    """The oracle tries every number of labels up to a thousand, with n = all labels drawn."""
    difference = estimator.mean_value(MATRIX, against_baseline=True)
    n, drawn = difference.n, len(estimator.sample.pi)
    assert n < drawn / 5
    # k·n/drawn of k labels matter.
    nets = [worth_of_labels(difference, k * n / drawn, **TERMS).worth - 2.5 * k for k in range(1_001)]
    best = review_budget(estimator, MATRIX, **TERMS, at_most=1_000)
    assert best.net == pytest.approx(max(nets), rel=1e-3)
    assert best.k == pytest.approx(int(np.argmax(nets)), rel=0.08)
    assert best.cost == 2.5 * best.k


def test_expensive_labels_do_not_pay_off(estimator):
    best = review_budget(estimator, MATRIX, decisions=1_000, cost_per_label=50)
    assert (best.k, best.net) == (0, 0)


def test_several_classes_have_a_budget_too():
    """Two classes in the multiclass estimator have another proxy, so the results agree only roughly."""
    cells, items = window()
    two, several = BinaryEstimator(cells, items), MulticlassEstimator(cells, items, classes=2)
    expected = review_budget(two, MATRIX, **TERMS).worth
    assert review_budget(several, MATRIX, **TERMS).worth == pytest.approx(expected, rel=0.2)


def test_labels_are_worthless_where_model_and_baseline_always_agree():
    best = review_budget(BinaryEstimator(*window(apart=0.0)), MATRIX, **TERMS)
    assert (best.k, best.worth, best.code) == (0, 0, "certain")


def test_without_a_baseline_there_is_no_budget():
    cells = Population.from_rows(predicted=[0, 1], score=[0.2, 0.8], pi=[0.5, 0.5])
    items = Sample.of(predicted=[0], score=[0.2], pi=[0.5], label=[1])
    best = review_budget(BinaryEstimator(cells, items), MATRIX, **TERMS)
    assert (best.worth, best.code) == (None, "no_baseline")


@pytest.mark.parametrize(
    ("more", "complaint"),
    [({"at_most": 0}, "at_most"), ({"decisions": -1}, "decisions"), ({"cost_per_label": np.nan}, "cost_per_label")],
)
def test_bad_input_is_named(estimator, more, complaint):
    with pytest.raises(ValueError, match=complaint):
        review_budget(estimator, MATRIX, **(TERMS | more))


SMALL = BinaryEstimator(*window(shares=0.005))


@given(st.floats(), st.floats(), st.one_of(st.floats(), st.integers()))
def test_any_input_gives_an_error_numbers_or_a_code(decisions, cost, at_most):
    judged(
        lambda: review_budget(SMALL, MATRIX, decisions=decisions, cost_per_label=cost, at_most=at_most),
        "decisions",
        "cost_per_label",
        "at_most",
    )
