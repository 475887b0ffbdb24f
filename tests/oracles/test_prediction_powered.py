"""Prediction-powered inference (PPI++) is our difference estimator at a constant probability.

Angelopoulos, Duchi and Zrnic (2023), PPI++: Efficient Prediction-Powered Inference. For the mean of y their formulas,
mean(λF) + mean(y − λf) ± 1.96·√(var(λF)/N + var(y − λf)/n) at λ = cov(y, f)/((1 + n/N)·var(f ∪ F)), give .413986
[.349440, .478531] on these data of `default_rng(0)`: 200 labelled predictions f ~ U, 5,000 unlabelled F ~ U, and
y ~ Bern(.2 + .6f).

Their target is the mean of a superpopulation, ours that of the 5,200 predictions themselves. Closed form of the
difference: their variance is ours at λ(1 + n/N), the slope of the regression of y on f, and var(y)/5,200.
"""

import numpy as np
import pytest
from scipy.stats import norm

from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.conclusion import Linearized, conclude
from apps.stats.estimators.population import Population
from apps.stats.estimators.pseudo import PseudoValues
from apps.stats.estimators.sample import Sample

LABELLED, UNLABELLED = 200, 5_000
EVERYONE = LABELLED + UNLABELLED
VALUE, LOW, HIGH = 0.413986, 0.349440, 0.478531


@pytest.fixture(scope="module")
def drawn():
    """f of the labelled, F of the unlabelled, then y."""
    rng = np.random.default_rng(0)
    of_labelled, of_unlabelled = rng.random(LABELLED), rng.random(UNLABELLED)
    truth = (rng.random(LABELLED) < 0.2 + 0.6 * of_labelled).astype(float)
    return of_labelled, of_unlabelled, truth


@pytest.fixture(scope="module")
def slope(drawn):
    """cov(y, f)/var(f): what λ is before it is divided by 1 + n/N."""
    of_labelled, of_unlabelled, truth = drawn
    covariance = np.cov(truth, of_labelled, ddof=0)[0, 1]
    return covariance / np.concatenate([of_labelled, of_unlabelled]).var(ddof=1)


def estimate(drawn, everyone, *, slope, intercept=0.0):
    """The mean of y over everyone, expected to be intercept + slope·f, each labelled with probability n/N."""
    of_labelled, _, truth = drawn
    pi, ones = LABELLED / len(everyone), np.ones(LABELLED)
    expected = intercept + slope * everyone
    cells = Population.of_each(predicted=np.zeros(len(everyone)), score=everyone, pi=np.full(len(everyone), pi))
    sample = Sample.of(predicted=np.zeros(LABELLED), score=of_labelled, pi=ones * pi, label=truth)
    pseudo = PseudoValues(
        population=cells,
        sample=sample,
        mean_cells=expected,
        variance_cells=np.clip(expected * (1 - expected), 0.0, None),
        mean_items=intercept + slope * of_labelled,
        of_label=truth,
        of_truth=truth,
        overturn=0.0,
    )
    found = Linearized(
        value=pseudo.total(cells.n, ones) / len(everyone),
        plug_in=float(expected.mean()),
        beta=ones,
        beta2_odds=cells.sum_odds,
        on_cells=cells.n > 0,
        on_items=ones > 0,
        is_bounded=True,
    )
    return pseudo, conclude(pseudo, found)


def test_the_value_is_that_of_the_authors_with_their_slope(drawn, slope):
    """m = λf over the unlabelled alone, as they write it."""
    tuned = slope / (1 + LABELLED / UNLABELLED)
    _, figure = estimate(drawn, drawn[1], slope=tuned)
    assert round(figure.value, 6) == VALUE


def test_the_value_is_that_of_the_authors_with_the_slope_of_the_regression(drawn, slope):
    """m = λ(1 + n/N)·f over all predictions, labelled or not: the same, whatever the intercept."""
    for intercept in (0.0, 0.1):
        _, figure = estimate(drawn, np.concatenate(drawn[:2]), slope=slope, intercept=intercept)
        assert round(figure.value, 6) == VALUE


@pytest.fixture(scope="module")
def centred(drawn, slope):
    """The intercept that makes residuals zero on average, as any fitted proxy does."""
    of_labelled, of_unlabelled, truth = drawn
    intercept = truth.mean() - slope * of_labelled.mean()
    return estimate(drawn, np.concatenate([of_labelled, of_unlabelled]), slope=slope, intercept=intercept)


def test_the_interval_is_that_of_the_authors_once_the_superpopulation_is_added(drawn, centred):
    pseudo, figure = centred
    design = pseudo.design_terms(np.ones(LABELLED)).sum() / EVERYONE**2
    half = norm.ppf(0.975) * np.sqrt(design + drawn[2].var() / EVERYONE)
    assert (figure.value - half, figure.value + half) == pytest.approx((LOW, HIGH), abs=2e-5)


def test_our_interval_is_near_to_that_of_the_authors(centred):
    """[.3520, .4788]: on the logit scale, by t and not by the normal, and for these 5,200."""
    _, figure = centred
    assert figure.method == "logit-mod"
    assert (round(figure.low, 4), round(figure.high, 4)) == (0.3520, 0.4788)
    assert (figure.low, figure.high) == pytest.approx((LOW, HIGH), abs=0.003)


def test_so_is_that_of_the_estimator_with_its_own_proxy(drawn):
    """Platt in place of λ: the share of positives is .4146 [.3509, .4783]."""
    of_labelled, of_unlabelled, truth = drawn
    everyone, pi = np.concatenate([of_labelled, of_unlabelled]), LABELLED / EVERYONE
    cells = Population.of_each(predicted=everyone > 0.5, score=everyone, pi=np.full(EVERYONE, pi))
    known = {"score": of_labelled, "pi": np.full(LABELLED, pi), "label": truth}
    estimator = BinaryEstimator(cells, Sample.of(predicted=of_labelled > 0.5, **known))
    figure = estimator.estimate(lambda c: (c.tp + c.fn) / (c.tp + c.fp + c.fn + c.tn))
    assert (figure.value, figure.low, figure.high) == pytest.approx((VALUE, LOW, HIGH), abs=0.005)
