import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from apps.stats.draws import bin_centers
from apps.stats.recalibration import recalibrate


@pytest.fixture(scope="module")
def labels():
    rng = np.random.default_rng(4)
    bins = rng.integers(60, 140, 300)
    truth = (rng.random(300) < expit(0.7 * bin_centers(bins) - 0.4)).astype(float)
    return bins, truth, rng.uniform(0.01, 0.5, 300)


def test_it_is_the_maximum_of_the_posterior(labels):
    """First principles: scipy's general optimiser on the log posterior, item by item."""
    bins, truth, pi = labels
    weight, x = (1 / pi) / (1 / pi).mean(), bin_centers(bins)

    def loss(at):
        z = at[0] + at[1] * x
        return (weight * (np.logaddexp(0, z) - truth * z)).sum() + at[0] ** 2 / 2 + (at[1] - 1) ** 2 / (2 * 0.25)

    expected = minimize(loss, [0, 1], method="BFGS", options={"gtol": 1e-9}).x
    found = recalibrate(bins, truth, pi)
    assert (found.intercept, found.slope) == pytest.approx(expected, abs=1e-6)


def test_many_labels_leave_nothing_of_the_prior(labels):
    """scikit-learn's unpenalised logistic regression on the same weighted rows, 200 times over."""
    bins, truth, pi = (np.tile(column, 200) for column in labels)
    free = LogisticRegression(C=np.inf, tol=1e-10).fit(bin_centers(bins)[:, None], truth, sample_weight=1 / pi)
    found = recalibrate(bins, truth, pi)
    assert (found.intercept, found.slope) == pytest.approx((free.intercept_[0], free.coef_[0, 0]), abs=2e-3)


def test_one_class_alone_stays_finite():
    found = recalibrate([0, 199, 100], [1, 1, 1], [0.1, 1e-6, 1.0])
    assert np.isfinite([found.intercept, found.slope]).all()
    assert ((found.predict([0.0, 0.5, 1.0]) > 0) & (found.predict([0.0, 0.5, 1.0]) < 1)).all()


def test_the_scale_of_the_weights_does_not_matter(labels):
    bins, truth, pi = labels
    one, other = recalibrate(bins, truth, pi), recalibrate(bins, truth, pi / 7)
    assert (one.intercept, one.slope) == pytest.approx((other.intercept, other.slope), abs=1e-9)


@pytest.mark.parametrize(
    ("bins", "truth", "pi", "complaint"),
    [
        ([1], [1], [0.0], "pi must be in"),
        ([1], [2], [0.5], "truth must be in"),
        ([1, 2], [1], [0.5], "bins must have length"),
    ],
)
def test_bad_input_is_named(bins, truth, pi, complaint):
    with pytest.raises(ValueError, match=complaint):
        recalibrate(bins, truth, pi)
