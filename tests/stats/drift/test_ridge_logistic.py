import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from apps.stats.drift.ridge_logistic import ridge_logistic


def drawn(seed, n=400, features=4):
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(n, features))
    return table, (rng.random(n) < expit(table @ np.linspace(-1, 1, features) - 0.5)).astype(float)


@pytest.mark.parametrize("penalty", [0.01, 1.0, 50.0])
def test_coefficients_are_scikit_learn_s(penalty):
    table, label = drawn(1)
    oracle = LogisticRegression(C=1 / penalty, tol=1e-12, max_iter=10_000).fit(table, label)
    assert ridge_logistic(table, label, penalty=penalty) == pytest.approx(
        [*oracle.intercept_, *oracle.coef_[0]], abs=1e-5
    )


def test_the_gradient_vanishes():
    """First-order condition: X'(y − p) = penalty·β, and the residuals of the unpenalized intercept sum to zero."""
    table, label = drawn(2)
    beta = ridge_logistic(table, label, penalty=3.0)
    residual = label - expit(beta[0] + table @ beta[1:])
    assert residual.sum() == pytest.approx(0, abs=1e-8)
    assert table.T @ residual == pytest.approx(3.0 * beta[1:], abs=1e-8)


def test_separated_labels_have_finite_coefficients():
    beta = ridge_logistic([[-2.0], [-1.0], [1.0], [2.0]] * 50, [0, 0, 1, 1] * 50, penalty=1e-3)
    assert 0 < beta[1] < 50


@given(
    arrays(np.float64, (12, 2), elements=st.one_of(st.floats(), st.floats(-5, 5))),
    arrays(np.float64, 12, elements=st.sampled_from([0.0, 1.0])),
    st.one_of(st.floats(), st.floats(1e-6, 1e6)),
)
def test_any_input_gives_an_error_or_finite_coefficients(table, label, penalty):
    try:
        beta = ridge_logistic(table, label, penalty=penalty)
    except ValueError:
        return
    assert np.isfinite(beta).all()


@pytest.mark.parametrize(
    ("table", "label", "penalty", "complaint"),
    [
        ([1.0, 2.0], [0, 1], 1.0, "features must have shape"),
        (np.zeros((2, 0)), [0, 1], 1.0, "features must have shape"),
        ([[1.0], [math.nan]], [0, 1], 1.0, "features holds nan"),
        ([[1.0]], [0, 1], 1.0, "features must have 2 rows"),
        ([[1.0], [2.0]], [1, 1], 1.0, "both 0 and 1"),
        ([[1.0], [2.0]], [0, 2], 1.0, "label must be 0 or 1"),
        ([[1.0], [2.0]], [0, 1], 0.0, "penalty"),
    ],
)
def test_bad_input_is_named(table, label, penalty, complaint):
    with pytest.raises(ValueError, match=complaint):
        ridge_logistic(table, label, penalty=penalty)
