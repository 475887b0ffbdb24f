"""Prediction-powered inference (PPI++) is our difference estimator at a constant probability.

Angelopoulos, Duchi and Zrnic (2023), PPI++: Efficient Prediction-Powered Inference. For the mean of y their formulas,
mean(λF) + mean(y − λf) ± 1.96·√(var(λF)/N + var(y − λf)/n) at λ = cov(y, f)/((1 + n/N)·var(f ∪ F)), give .413986
[.349440, .478531] on these data of `default_rng(0)`: 200 labeled predictions f ~ U, 5,000 unlabeled F ~ U, and
y ~ Bern(.2 + .6f).

Their target is the mean of a superpopulation, ours the mean of the 5,200 predictions themselves. In closed form, their
variance is ours at λ(1 + n/N), the slope of the regression of y on f, plus var(y)/5,200.
"""

import numpy as np
import pytest
from scipy.stats import norm

from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.conclusion import Linearized, conclude
from apps.stats.estimators.population import Population
from apps.stats.estimators.pseudo import PseudoValues
from apps.stats.estimators.sample import Sample

LABELED, UNLABELED = 200, 5_000
EVERYONE = LABELED + UNLABELED
VALUE, LOW, HIGH = 0.413986, 0.349440, 0.478531


@pytest.fixture(scope="module")
def drawn():
    """f of the labeled predictions, F of the unlabeled ones, then y."""
    rng = np.random.default_rng(0)
    of_labeled, of_unlabeled = rng.random(LABELED), rng.random(UNLABELED)
    truth = (rng.random(LABELED) < 0.2 + 0.6 * of_labeled).astype(float)
    return of_labeled, of_unlabeled, truth


@pytest.fixture(scope="module")
def slope(drawn):
    """cov(y, f)/var(f), which is λ(1 + n/N)."""
    of_labeled, of_unlabeled, truth = drawn
    covariance = np.cov(truth, of_labeled, ddof=0)[0, 1]
    return covariance / np.concatenate([of_labeled, of_unlabeled]).var(ddof=1)


def estimate(drawn, everyone, *, slope, intercept=0.0):
    """Estimate the mean of y over everyone with m = intercept + slope·f; each is labeled with probability n/N."""
    of_labeled, _, truth = drawn
    pi, ones = LABELED / len(everyone), np.ones(LABELED)
    expected = intercept + slope * everyone
    cells = Population.of_each(predicted=np.zeros(len(everyone)), score=everyone, pi=np.full(len(everyone), pi))
    sample = Sample.of(predicted=np.zeros(LABELED), score=of_labeled, pi=ones * pi, label=truth)
    pseudo = PseudoValues(
        population=cells,
        sample=sample,
        mean_cells=expected,
        variance_cells=np.clip(expected * (1 - expected), 0.0, None),
        fourth_cells=np.zeros(len(expected)),
        mean_items=intercept + slope * of_labeled,
        of_label=truth,
        of_truth=truth,
        overturn=(0.0, 0.0),
    )
    mean = Linearized(
        value=pseudo.total(cells.n, ones) / len(everyone),
        plug_in=float(expected.mean()),
        beta_cells=np.ones(len(cells.n)),
        beta=ones,
        on_cells=cells.n > 0,
        on_items=ones > 0,
        spread=1.0,
    )
    return pseudo, conclude(pseudo, mean)


def test_with_their_slope_the_value_equals_the_authors(drawn, slope):
    """m = λf over the unlabeled predictions alone, as in the paper."""
    tuned = slope / (1 + LABELED / UNLABELED)
    _, figure = estimate(drawn, drawn[1], slope=tuned)
    assert round(figure.value, 6) == VALUE


def test_with_the_slope_of_the_regression_the_value_equals_the_authors(drawn, slope):
    """m = λ(1 + n/N)·f over all predictions, labeled or not, gives the same for every intercept."""
    for intercept in (0.0, 0.1):
        _, figure = estimate(drawn, np.concatenate(drawn[:2]), slope=slope, intercept=intercept)
        assert round(figure.value, 6) == VALUE


@pytest.fixture(scope="module")
def centered(drawn, slope):
    """Choose the intercept that makes residuals zero on average, as any fitted proxy does."""
    of_labeled, of_unlabeled, truth = drawn
    intercept = truth.mean() - slope * of_labeled.mean()
    return estimate(drawn, np.concatenate([of_labeled, of_unlabeled]), slope=slope, intercept=intercept)


def test_with_the_variance_of_the_superpopulation_the_interval_equals_the_authors(drawn, centered):
    pseudo, figure = centered
    design = pseudo.design_terms(np.ones(LABELED)).sum() / EVERYONE**2
    half = norm.ppf(0.975) * np.sqrt(design + drawn[2].var() / EVERYONE)
    assert (figure.value - half, figure.value + half) == pytest.approx((LOW, HIGH), abs=2e-5)


def test_our_interval_is_close_to_the_authors(centered):
    """[.3520, .4788], because it is on the logit scale, uses t instead of the normal, and is for these 5,200."""
    _, figure = centered
    assert figure.method == "logit-mod"
    assert (round(figure.low, 4), round(figure.high, 4)) == (0.3520, 0.4788)
    assert (figure.low, figure.high) == pytest.approx((LOW, HIGH), abs=0.003)


def test_the_estimator_with_its_own_proxy_is_close_too(drawn):
    """With Platt's recalibration in place of λ, the share of positives is .4146 [.3509, .4783]."""
    of_labeled, of_unlabeled, truth = drawn
    everyone, pi = np.concatenate([of_labeled, of_unlabeled]), LABELED / EVERYONE
    cells = Population.of_each(predicted=everyone > 0.5, score=everyone, pi=np.full(EVERYONE, pi))
    known = {"score": of_labeled, "pi": np.full(LABELED, pi), "label": truth}
    estimator = BinaryEstimator(cells, Sample.of(predicted=of_labeled > 0.5, **known))
    figure = estimator.estimate(lambda c: (c.tp + c.fn) / (c.tp + c.fp + c.fn + c.tn))
    assert (figure.value, figure.low, figure.high) == pytest.approx((VALUE, LOW, HIGH), abs=0.005)
