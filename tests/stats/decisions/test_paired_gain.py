"""Paired gains: closed forms for clusters, a simulation for the variance between candidates."""

import numpy as np
import pytest

from apps.stats.decisions.paired_gain import HeldOut, TrainingVariance, paired_gain, training_variance
from apps.stats.estimators.hajek import hajek_mean


def cases_of(n=200, *, subject=None, weight=None, folds=5):
    subject = np.arange(n) if subject is None else subject
    return HeldOut.of(
        weight=np.ones(n) if weight is None else weight, subject=subject, fold=np.asarray(subject) % folds
    )


def test_with_equal_weights_and_one_case_each_it_is_the_standard_error_of_a_mean():
    """Closed form: s/√n with s the sample standard deviation."""
    gains = np.random.default_rng(1).normal(0.1, 1.0, 200)
    found = paired_gain(gains, cases_of())
    assert found.value == pytest.approx(gains.mean())
    assert found.se == pytest.approx(gains.std(ddof=1) / np.sqrt(200))


def test_weights_give_hajeks_mean():
    rng = np.random.default_rng(2)
    gains, pi = rng.normal(0, 1, 200), rng.uniform(0.1, 0.9, 200)
    assert paired_gain(gains, cases_of(weight=1 / pi)).value == pytest.approx(hajek_mean(gains, pi).value)


def test_cases_of_one_subject_that_say_the_same_count_once():
    """Each case three times: the error is that of the 100 subjects, but for G/(G−1)."""
    gains = np.random.default_rng(3).normal(0, 1, 100)
    once = paired_gain(gains, cases_of(100))
    thrice = paired_gain(np.repeat(gains, 3), cases_of(300, subject=np.repeat(np.arange(100), 3)))
    assert thrice.se == pytest.approx(once.se)


def test_the_variance_between_candidates_adds_up():
    gains = np.random.default_rng(4).normal(0, 1, 200)
    alone = paired_gain(gains, cases_of())
    both = paired_gain(gains, cases_of(), training_variance=0.003, training_df=8.0)
    assert both.se**2 == pytest.approx(alone.se**2 + 0.003)
    assert both.df < alone.df


def test_one_subject_gives_no_range_and_equal_gains_none_either():
    assert paired_gain([1.0, 0.0], cases_of(2, subject=[0, 0])).code == "too_few"
    assert paired_gain(np.zeros(200), cases_of()).code == "no_variation"


def test_ranges_cover_the_mean_of_clustered_gains():
    """95 % of 400 simulated samples, seed 5, within four standard errors of a share: 0.95 ± 0.044."""
    rng, hits = np.random.default_rng(5), 0
    subject = np.repeat(np.arange(60), 4)
    for _ in range(400):
        gains = rng.normal(0, 1, 60)[subject] + rng.normal(0, 1, 240)
        found = paired_gain(gains, cases_of(240, subject=subject))
        hits += found.low <= 0 <= found.high
    assert hits / 400 == pytest.approx(0.95, abs=0.044)


def test_the_variance_between_candidates_is_found_without_the_noise_of_the_cases():
    """V_t = 0.04² at 100 labels, so κ = 0.16; 200 simulations with 5 folds of 4 candidates, seed 6."""
    rng, found = np.random.default_rng(6), []
    cases = cases_of(500)
    for _ in range(200):
        shift = rng.normal(0, 0.04, (4, 5))[:, cases.fold]
        found.append(training_variance([(100.0, shift + rng.normal(0, 0.3, (4, 500)))], cases).per_label)
    assert np.mean(found) == pytest.approx(0.16, abs=0.05)


def test_one_candidate_tells_nothing_of_others():
    assert training_variance([(100.0, np.zeros((1, 200)))], cases_of()) == TrainingVariance(0.0, 1.0)


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: HeldOut.of(weight=[1, 0], subject=[0, 1], fold=[0, 1]), "weight must hold positive numbers"),
        (lambda: HeldOut.of(weight=[], subject=[], fold=[]), "weight must hold positive numbers"),
        (lambda: HeldOut.of(weight=[1, 1], subject=[0], fold=[0, 1]), "subject must have length 2"),
        (lambda: paired_gain([1.0], cases_of(2)), "gains must have length 2"),
        (
            lambda: paired_gain([1.0, 2.0], cases_of(2), training_variance=-1.0),
            "training_variance must not be negative",
        ),
        (lambda: training_variance([(1.0, np.zeros(5))], cases_of(5)), "gains must have shape"),
    ],
)
def test_bad_input_is_named(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()
