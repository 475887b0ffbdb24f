import numpy as np
import pytest

from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.population import Population
from apps.stats.estimators.sample import Sample
from apps.stats.estimators.value import ValueMatrix, accuracy_point

OFFER = ValueMatrix.of([[650, -250], [0, 0]])


def test_one_accuracy_point_is_the_formula_written_out():
    """1,000 predictions; 20 % are 0 where 1 is true (gain 0 − (−250)), 5 % are 1 where 0 is true (gain 650 − 0).

    .01 · 1000 · (.8 · 250 + .2 · 650) = 3,300, between 2,500 and 6,500.
    """
    point = accuracy_point(OFFER, [[0.5, 0.2], [0.05, 0.25]], size=1000)
    assert (point.value, point.low, point.high) == pytest.approx((3300, 2500, 6500))
    assert point.by_error == pytest.approx({(0, 1): 2500, (1, 0): 6500})


def test_each_kind_of_error_has_its_own_mean_amount():
    matrix = ValueMatrix.of([[0, -1], [-0.25, 1]], uses_amount=True)
    point = accuracy_point(matrix, [[0.5, 0.1], [0.3, 0.1]], size=100, mean_amount=[[1, 40], [8, 1]])
    assert point.by_error == pytest.approx({(0, 1): 80, (1, 0): 2})
    assert point.value == pytest.approx(0.25 * 80 + 0.75 * 2)


def test_without_errors_a_point_has_no_worth():
    point = accuracy_point(OFFER, [[0.5, 0], [0, 0.5]], size=10)
    assert (point.value, point.low, point.high, point.code) == (None, None, None, "no_errors")


def test_a_kind_of_error_estimated_below_zero_counts_as_absent():
    assert set(accuracy_point(OFFER, [[0.5, -0.01], [0.1, 0.41]], size=10).by_error) == {(1, 0)}


def test_known_truths_give_the_sums_of_the_rows():
    rng = np.random.default_rng(14)
    n = 400
    known = {
        "predicted": rng.integers(0, 2, n),
        "baseline": rng.integers(0, 2, n),
        "score": rng.random(n),
        "amount": rng.lognormal(0, 1, n),
        "pi": np.ones(n),
    }
    truth = rng.integers(0, 2, n)
    matrix = ValueMatrix.of([[0, -1], [-0.25, 1]], uses_amount=True)
    estimator = BinaryEstimator(Population.from_rows(**known), Sample.of(**known, label=truth))
    own = matrix.of_rows(known["predicted"], truth, known["amount"]).sum()
    other = matrix.of_rows(known["baseline"], truth, known["amount"]).sum()
    assert estimator.value(matrix).value == pytest.approx(own)
    assert estimator.value(matrix).method == "exact"
    assert estimator.mean_value(matrix, against_baseline=True).value == pytest.approx((own - other) / n)
    missed = (known["predicted"] == 0) & (truth == 1)
    point = estimator.accuracy_point(matrix)
    assert point.by_error[0, 1] == pytest.approx(0.01 * n * known["amount"][missed].mean() * 2)


@pytest.mark.parametrize("matrix", [[[1, 2]], [[1]], [[1, np.nan], [0, 0]]])
def test_a_bad_matrix_is_an_error(matrix):
    with pytest.raises(ValueError, match="matrix"):
        ValueMatrix.of(matrix)


def test_a_class_without_a_row_is_an_error():
    with pytest.raises(ValueError, match="truth holds a class"):
        OFFER.of_rows([0], [2])


def test_a_matrix_per_amount_needs_amounts():
    with pytest.raises(ValueError, match="amount is needed"):
        ValueMatrix.of([[0, 1], [1, 0]], uses_amount=True).of_rows([0], [1])


def fifty_each(**amounts):
    """Of 50 predicted negative 5 are positive, of 50 predicted positive 10 negative; all known."""
    truth = np.repeat([0, 1, 0, 1], [45, 5, 10, 40])
    rows = {"predicted": np.repeat([0, 1], 50), "score": np.repeat([0.2, 0.8], 50), "pi": np.ones(100), **amounts}
    return BinaryEstimator(Population.from_rows(**rows), Sample.of(**rows, label=truth))


def test_worst_cases_of_the_value_give_each_missing_answer_its_worst_and_its_best_truth():
    """By hand: .9 × (5 × −5) + .8 × (40 × 4 − 10) = 97.5 known; 5 missing of 0 or −5 each, 10 of −1 or 4."""
    matrix = ValueMatrix.of([[0, -5], [-1, 4]])
    assert fifty_each().value_bounds(matrix, answered=[0.9, 0.8]) == pytest.approx((97.5 - 25 - 10, 97.5 + 40))


def test_worst_cases_weigh_missing_answers_by_amount():
    """The same at 2 each: all sums double."""
    matrix = ValueMatrix.of([[0, -5], [-1, 4]], uses_amount=True)
    priced = fifty_each(amount=np.full(100, 2.0))
    assert priced.value_bounds(matrix, answered=[0.9, 0.8]) == pytest.approx((125.0, 275.0))


def test_the_identity_matrix_bounds_the_number_of_right_predictions():
    """By hand: .9 × 45 + .8 × 40 = 72.5 known to be right, 15 not known."""
    assert fifty_each().value_bounds(ValueMatrix(np.eye(2)), answered=[0.9, 0.8]) == pytest.approx((72.5, 87.5))
    with pytest.raises(ValueError, match="answered must have length 2"):
        fifty_each().value_bounds(ValueMatrix(np.eye(2)), answered=[0.9])
