import numpy as np
import pytest
from scipy.optimize import approx_fprime

from apps.stats.estimators.confusion import FORMULAS, Confusion, Corners, confusion_of, evaluate, gradient, undefined

TABLE = Confusion(tp=0.35, fp=0.12, fn=0.08, tn=0.45)


@pytest.mark.parametrize("metric", FORMULAS)
def test_the_gradient_equals_finite_differences(metric):
    expected = approx_fprime(np.array([0.35, 0.12, 0.08, 0.45]), lambda table: FORMULAS[metric](Corners(*table)), 1e-7)
    assert gradient(metric, TABLE) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("metric", "table", "code"),
    [
        ("precision", Confusion(0, 0, 3, 4), "no_predicted_positives"),
        ("recall", Confusion(0, 3, 0, 4), "no_positives"),
        ("specificity", Confusion(1, 0, 2, 0), "no_negatives"),
        ("f1", Confusion(0, 3, 0, 4), "no_positives"),
        ("balanced_accuracy", Confusion(1, 0, 2, 0), "no_negatives"),
        ("mcc", Confusion(2, 3, 0, 0), "no_predicted_negatives"),
        ("kappa", Confusion(2, 0, 0, 0), "no_negatives"),
        ("accuracy", Confusion(0, 0, 0, 0), "no_population"),
    ],
)
def test_a_metric_that_divides_by_nothing_has_a_code(metric, table, code):
    assert undefined(metric, table) == code


def test_kappa_of_a_textbook_table():
    """κ of [[20, 5], [10, 15]] is .4000."""
    assert evaluate("kappa", Confusion(20, 5, 10, 15)) == pytest.approx(0.4)


def test_unequal_lengths_are_an_error():
    with pytest.raises(ValueError, match="lengths differ"):
        confusion_of([1, 0], [1])
