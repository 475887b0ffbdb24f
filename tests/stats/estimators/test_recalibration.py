import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from apps.stats.estimators.recalibration import recalibrate
from apps.stats.score_bins import LOGIT_BINS


@pytest.fixture(scope="module")
def labels():
    rng = np.random.default_rng(4)
    logit = LOGIT_BINS.centers[rng.integers(60, 140, 300)]
    truth = (rng.random(300) < expit(0.7 * logit - 0.4)).astype(float)
    return logit, truth, rng.uniform(0.01, 0.5, 300)


def test_the_fit_maximizes_the_posterior(labels):
    """First principles: scipy's general optimizer on the log posterior, item by item."""
    logit, truth, pi = labels
    weight = (1 / pi) / (1 / pi).mean()

    def loss(coefficients):
        intercept, slope = coefficients
        z = intercept + slope * logit
        return (weight * (np.logaddexp(0, z) - truth * z)).sum() + intercept**2 / 2 + (slope - 1) ** 2 / (2 * 0.25)

    expected = minimize(loss, [0, 1], method="BFGS", options={"gtol": 1e-9}).x
    fit = recalibrate(logit, truth, pi)
    assert (fit.intercept, fit.slope) == pytest.approx(expected, abs=1e-6)


def test_many_labels_outweigh_the_prior(labels):
    """scikit-learn's unpenalized logistic regression on the same weighted rows, 200 times over."""
    logit, truth, pi = (np.tile(column, 200) for column in labels)
    free = LogisticRegression(C=np.inf, tol=1e-10).fit(logit[:, None], truth, sample_weight=1 / pi)
    fit = recalibrate(logit, truth, pi)
    assert (fit.intercept, fit.slope) == pytest.approx((free.intercept_[0], free.coef_[0, 0]), abs=2e-3)


def test_one_class_alone_stays_finite():
    fit = recalibrate([-9.95, 9.95, 0.05], [1, 1, 1], [0.1, 1e-6, 1.0])
    assert np.isfinite([fit.intercept, fit.slope]).all()
    expected = fit.predict([-9.95, 0.05, 9.95])
    assert ((expected > 0) & (expected < 1)).all()


def test_the_scale_of_the_weights_does_not_matter(labels):
    logit, truth, pi = labels
    one, other = recalibrate(logit, truth, pi), recalibrate(logit, truth, pi / 7)
    assert (one.intercept, one.slope) == pytest.approx((other.intercept, other.slope), abs=1e-9)


@pytest.mark.parametrize(
    ("logit", "truth", "pi", "complaint"),
    [
        ([1], [1], [0.0], "pi must be in"),
        ([1], [2], [0.5], "truth must be in"),
        ([1, 2], [1], [0.5], "logit must have length"),
    ],
)
def test_an_error_names_the_bad_argument(logit, truth, pi, complaint):
    with pytest.raises(ValueError, match=complaint):
        recalibrate(logit, truth, pi)


def test_the_covariance_matches_the_spread_of_the_fit_over_draws():
    """Simulation, seed 71: 400 fits with the prior to about 400 labels each, drawn twice as often above one half."""
    rng, fits = np.random.default_rng(71), []
    for _ in range(400):
        logit = LOGIT_BINS.centers[rng.integers(60, 140, 700)]
        pi = np.where(logit < 0, 0.4, 0.8)
        drawn = rng.random(700) < pi
        truth = rng.random(700) < expit(0.9 * logit + 0.1)
        fits.append(recalibrate(logit[drawn], truth[drawn], pi[drawn]))
    spread = np.cov([[fit.intercept, fit.slope] for fit in fits], rowvar=False)
    assert np.mean([fit.covariance for fit in fits], axis=0) == pytest.approx(spread, rel=0.2, abs=2e-3)


def test_equal_weights_and_a_true_model_give_the_inverse_curvature():
    """First principles: the truth equals its expectation, so only the prior's share differs."""
    logit = np.repeat([-1.95, 2.05], 500)
    truth = np.tile([0.0, 1.0], 500)  # half of each: expected one half in both bins
    flat = recalibrate(logit, truth, np.ones(1000))
    x = np.column_stack([np.ones(1000), logit])
    p = expit(x @ [flat.intercept, flat.slope])
    curvature = (x.T * (p * (1 - p))) @ x + np.diag([1.0, 4.0])
    assert flat.covariance == pytest.approx(np.linalg.inv(curvature), rel=0.05, abs=1e-6)


def test_without_labels_the_covariance_is_that_of_the_prior():
    assert recalibrate([], [], []).covariance.tolist() == [[1.0, 0.0], [0.0, 0.25]]
