"""500 labels on the disagreements alone against 500 over everything, on the balanced population.

The baseline is the same score with a higher threshold, so that it differs on 4.2 % of predictions. Expected from the
study of the method: the width of the difference of accuracies falls from .036 to .007. Where both agree the difference
is zero, so that a probability of zero there loses nothing.
"""

import numpy as np
import pytest

from apps.stats.estimate import Estimate
from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.population import Population
from apps.stats.estimators.sample import Sample
from tests.oracles.populations import N, poisson_draw, simulated

REPLICATES = 100
LABELS = 500


def with_baseline():
    world = simulated("balanced")
    cut = np.quantile(world.score, np.mean(world.predicted == 0) - 0.042)
    return world, (world.score >= cut).astype(int)


def run(p):
    """Return the differences over many draws, and the plain differences of the labeled items with normal intervals."""
    world, baseline = with_baseline()
    cells = Population.from_rows(predicted=world.predicted, score=world.score, pi=p, baseline=baseline)
    rng, figures, naive = np.random.default_rng(17), [], []
    for _ in range(REPLICATES):
        rows = np.flatnonzero(poisson_draw(rng.random(N), p))
        known = {"predicted": world.predicted[rows], "score": world.score[rows], "baseline": baseline[rows]}
        items = Sample.of(**known, pi=p[rows], label=world.truth[rows])
        figures.append(BinaryEstimator(cells, items).accuracy_difference())
        naive.append(plain_difference(known["predicted"] == items.label, known["baseline"] == items.label))
    return figures, naive


def plain_difference(model, baseline):
    by_item = model.astype(float) - baseline
    value, half = by_item.mean(), 1.96 * by_item.std(ddof=1) / np.sqrt(len(by_item))
    return Estimate(value, value - half, value + half, "plain", len(by_item))


@pytest.fixture(scope="module")
def truth():
    world, baseline = with_baseline()
    return (world.predicted == world.truth).mean() - (baseline == world.truth).mean()


@pytest.fixture(scope="module")
def apart():
    world, baseline = with_baseline()
    differs = world.predicted != baseline
    assert differs.mean() == pytest.approx(0.042, abs=1e-4)
    return run(np.where(differs, LABELS / differs.sum(), 0.0))


@pytest.fixture(scope="module")
def over_everything():
    return run(np.full(N, LABELS / N))


def width(figures):
    return np.mean([figure.high - figure.low for figure in figures])


def covered(figures, truth):
    return sum(figure.low <= truth <= figure.high for figure in figures)


@pytest.mark.slow
def test_the_width_falls_to_a_fifth(apart, over_everything):
    assert width(over_everything[0]) == pytest.approx(0.036, abs=0.002)
    assert width(apart[0]) == pytest.approx(0.007, abs=0.0005)


def test_both_are_unbiased_and_cover(apart, over_everything, truth):
    """600 replicates: bias .00004 and .00007, coverage 94 % and 96 %."""
    for figures, _ in (apart, over_everything):
        values = [figure.value for figure in figures]
        assert np.mean(values) == pytest.approx(truth, abs=4 * np.std(values) / np.sqrt(REPLICATES))
        assert covered(figures, truth) >= 88


def test_the_plain_difference_on_disagreements_is_off_by_24_points(apart, truth):
    """Among disagreements the model wins 62 %: the plain difference is 25 points instead of 1."""
    assert np.mean([figure.value for figure in apart[1]]) - truth == pytest.approx(0.24, abs=0.02)
    assert covered(apart[1], truth) == 0


def test_the_plain_difference_over_everything_is_unbiased_and_as_wide_as_the_estimate(over_everything, truth):
    values = [figure.value for figure in over_everything[1]]
    assert np.mean(values) == pytest.approx(truth, abs=4 * np.std(values) / np.sqrt(REPLICATES))
    assert covered(over_everything[1], truth) >= 88
    assert width(over_everything[1]) == pytest.approx(width(over_everything[0]), rel=0.05)


def test_every_label_on_a_disagreement_is_used(apart, over_everything):
    assert np.mean([figure.n for figure in apart[0]]) == pytest.approx(LABELS, rel=0.02)
    assert np.mean([figure.n for figure in over_everything[0]]) == pytest.approx(0.042 * LABELS, rel=0.1)
    assert {figure.code for figure in apart[0]} == {None}
