"""Simulated concept drift on the balanced population: 11.6 % of truths turn over, and no score moves.

The study of the method: accuracy falls from .888 to .798; a proxy refitted on the window's labels expects .781 and
shows no drift, a proxy frozen before shows −.09. Closed form of this drift: .888 − .116·(2·.888 − 1) = .798. Without
drift the test rejects in 300 replicates of 500 + 500 labels: accuracy 4.0 %, precision 4.3, recall 5.3, F1 4.7,
MCC 3.3 %.
"""

from dataclasses import replace

import numpy as np
import pytest

from apps.stats.delay.concept_drift import concept_drift, expected_performance
from tests.oracles.populations import N, simulated

REPLICATES, LABELS = 200, 500
TURNED = 0.116


@pytest.fixture(scope="module")
def calm():
    return simulated("balanced")


@pytest.fixture(scope="module")
def drifted(calm):
    turned = np.random.default_rng(82).random(N) < TURNED
    return replace(calm, truth=np.where(turned, 1 - calm.truth, calm.truth))


def windows(before, now, *, replicates, seed):
    """Yield the proxy of an earlier window and the estimator of the current one, with new draws each time."""
    p = before.probabilities(LABELS)
    population, rng = before.population(p), np.random.default_rng(seed)
    for _ in range(replicates):
        yield before.estimator(population, p, rng).fitted, now.estimator(population, p, rng)


@pytest.fixture(scope="module")
def without_drift(calm):
    return list(windows(calm, calm, replicates=REPLICATES, seed=83))


@pytest.fixture(scope="module")
def with_drift(calm, drifted):
    return list(windows(calm, drifted, replicates=40, seed=84))


@pytest.mark.parametrize("metric", ["accuracy", "recall", "f1"])
def test_without_drift_one_window_in_twenty_is_rejected(without_drift, metric):
    drifts = [concept_drift(metric, now, before) for before, now in without_drift]
    assert 0.02 <= np.mean([one.has_drifted for one in drifts]) <= 0.09
    assert np.mean([one.difference.value for one in drifts]) == pytest.approx(0, abs=0.005)


def test_the_standard_error_is_the_spread_over_windows(without_drift):
    drifts = [concept_drift("accuracy", now, before) for before, now in without_drift]
    spread = np.std([one.difference.value for one in drifts], ddof=1)
    assert np.mean([one.difference.se for one in drifts]) == pytest.approx(spread, rel=0.15)
    of_fit = np.std([one.expected.value for one in drifts], ddof=1)
    assert np.mean([one.expected.se for one in drifts]) == pytest.approx(of_fit, rel=0.15)


def test_against_a_frozen_proxy_the_difference_is_the_drift(with_drift):
    drifts = [concept_drift("accuracy", now, before) for before, now in with_drift]
    assert np.mean([one.expected.value for one in drifts]) == pytest.approx(0.888, abs=0.006)
    assert np.mean([one.measured.value for one in drifts]) == pytest.approx(0.798, abs=0.008)
    assert np.mean([one.difference.value for one in drifts]) == pytest.approx(-0.09, abs=0.01)
    assert np.mean([one.has_drifted for one in drifts]) > 0.95


def test_a_refitted_proxy_absorbs_the_drift(with_drift):
    """It expects about .78, less than the truth, so that no drift would show against it."""
    refitted = [expected_performance("accuracy", now.population, now.fitted).value for _, now in with_drift]
    assert np.mean(refitted) == pytest.approx(0.78, abs=0.01)


def test_the_scores_have_not_moved(calm, drifted):
    assert (calm.score == drifted.score).all()
    assert np.mean(drifted.predicted == drifted.truth) == pytest.approx(0.798, abs=1e-3)
