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
