"""Non-response, simulated: hard cases are answered less often, and a day with a spike hardly at all.

Expected: π·r by class gives the truth of the population; leaving r out does not.
"""

import numpy as np
import pytest

from apps.stats.binary import BinaryEstimator
from apps.stats.confusion import confusion_of, evaluate
from apps.stats.draws import logit_bin, poisson_draw
from apps.stats.exact import uncorrected_figure
from apps.stats.population import Population
from apps.stats.response import merge_sparse_days, response_rates
from tests.oracles.populations import N, simulated

REPLICATES = 100
DAYS, SPIKE_DAY = 10, 5
RATE = 0.01
REPLY, REPLY_AT_SPIKE = 0.9, 0.25


@pytest.fixture(scope="module")
def world():
    return simulated("balanced")


@pytest.fixture(scope="module")
def days(world):
    """The spike consists of harder cases: nine of ten predictions near the threshold came that day."""
    rng = np.random.default_rng(31)
    spike = (np.abs(world.score - 0.5) < 0.35) & (rng.random(N) < 0.9)
    return np.where(spike, SPIKE_DAY, rng.integers(0, DAYS, N))


@pytest.fixture(scope="module")
def cells(world, days):
    """Population cells by day, and the day of each."""
    p = np.full(N, RATE)
    parts = [
        Population.from_rows(predicted=world.predicted[rows], score=world.score[rows], pi=p[rows])
        for rows in (days == day for day in range(DAYS))
    ]
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])}
    return Population(**joined), np.repeat(np.arange(DAYS), [len(part.n) for part in parts])


def draw(days, rng):
    drawn = np.flatnonzero(poisson_draw(rng.random(N), np.full(N, RATE)))
    return drawn, rng.random(len(drawn)) < np.where(days[drawn] == SPIKE_DAY, REPLY_AT_SPIKE, REPLY)


def band(bins):
    """Near the threshold or not, by score bin: what cells know too."""
    return (np.abs(np.asarray(bins) - 100) < 17).astype(int)


def accuracies(world, days, cells):
    population, day_of_cell = cells
    rng, found = np.random.default_rng(32), []
    for _ in range(REPLICATES):
        drawn, said = draw(days, rng)
        group, day = band(logit_bin(world.score[drawn])), days[drawn]
        blocks = merge_sparse_days(group, day, said)
        rates = response_rates(blocks.of(group, day), said)
        items = world.items(drawn[said], np.full(N, RATE), label=world.truth[drawn[said]])
        r_items = rates.of(blocks.of(group, day))[said]
        r_cells = rates.of(blocks.of(band(population.bin), day_of_cell))
        estimator = BinaryEstimator(population.with_response(r_cells), items.with_response(r_items))
        found.append(estimator.estimate("accuracy"))
    return found


def test_response_by_day_and_score_band_covers_the_truth(world, days, cells):
    truth = evaluate("accuracy", confusion_of(world.predicted, world.truth))
    found = accuracies(world, days, cells)
    values = [figure.value for figure in found]
    assert sum(figure.low <= truth <= figure.high for figure in found) >= 89
    assert np.mean(values) == pytest.approx(truth, abs=4 * np.std(values) / np.sqrt(REPLICATES))


def test_answered_items_alone_are_off_by_their_response(world, days):
    """Closed form: the accuracy weighted by each prediction's chance of an answer, 3.3 points above the truth."""
    right = world.predicted == world.truth
    chance = np.where(days == SPIKE_DAY, REPLY_AT_SPIKE, REPLY)
    expected = float((chance * right).sum() / chance.sum())
    rng, values = np.random.default_rng(33), []
    for _ in range(20):
        drawn, said = draw(days, rng)
        rows = drawn[said]
        figure = uncorrected_figure("accuracy", predicted=world.predicted[rows], truth=world.truth[rows])
        values.append(figure.value)
    assert np.mean(values) == pytest.approx(expected, abs=4 * np.std(values) / np.sqrt(20))
    assert expected - right.mean() > 0.03


def test_cells_adjusted_by_their_rate_equal_cells_of_adjusted_rows(world):
    p = np.full(N, 0.02)
    adjusted = world.population(p).with_response(np.full(len(world.population(p).n), 0.4))
    from_rows = world.population(p * 0.4)
    assert adjusted.sum_odds == pytest.approx(from_rows.sum_odds, rel=1e-9)
    assert adjusted.sum_pi == pytest.approx(from_rows.sum_pi, rel=1e-9)
    assert adjusted.sum_amount2_odds == pytest.approx(from_rows.sum_amount2_odds, rel=1e-9)


def test_a_class_that_nobody_answered_has_no_number(world):
    p = np.full(N, 0.02)
    cells = world.population(p)
    silent = cells.with_response(np.where(cells.predicted == 1, 0.0, 0.8))
    rows = np.flatnonzero(world.predicted == 0)[:500]
    estimator = BinaryEstimator(silent, world.items(rows, p * 0.8, label=world.truth[rows]))
    assert estimator.estimate("accuracy").code == "no_response"
    assert estimator.estimate("accuracy").value is None
