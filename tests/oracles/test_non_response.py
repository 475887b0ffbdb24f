"""Simulated non-response: hard cases are answered less often, and a day with a spike hardly at all.

Expected: π·r by class gives the truth of the population, and π alone does not. Measured in 100 replicates: 95 intervals
cover with rates by day and score band, 4 without a correction.
"""

import numpy as np
import pytest

from apps.stats.design.response import response_rates
from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.confusion import confusion_of, evaluate
from apps.stats.estimators.exact import uncorrected_figure
from apps.stats.estimators.population import Population
from tests.oracles.populations import N, poisson_draw, simulated

REPLICATES = 100
DAYS, SPIKE_DAY = 10, 5
RATE = 0.01
REPLY, REPLY_AT_SPIKE = 0.9, 0.25


@pytest.fixture(scope="module")
def world():
    return simulated("balanced")


@pytest.fixture(scope="module")
def days(world):
    """Return days with a spike of harder cases: nine of ten predictions near the threshold come that day."""
    rng = np.random.default_rng(31)
    spike = (np.abs(world.score - 0.5) < 0.35) & (rng.random(N) < 0.9)
    return np.where(spike, SPIKE_DAY, rng.integers(0, DAYS, N))


@pytest.fixture(scope="module")
def failing_days(world):
    """Return days with a spike on which the model fails at any score: half of its errors and a tenth of the rest."""
    rng = np.random.default_rng(34)
    spike = rng.random(N) < np.where(world.predicted == world.truth, 0.1, 0.5)
    return np.where(spike, SPIKE_DAY, rng.integers(0, DAYS, N))


@pytest.fixture(scope="module")
def cells(world, days):
    return cells_by_day(world, days)


def cells_by_day(world, days):
    """Return population cells by day, and the day of each."""
    p = np.full(N, RATE)
    parts = [
        Population.from_rows(
            predicted=world.predicted[rows], score=world.score[rows], pi=p[rows], score_bins=world.score_bins
        )
        for rows in (days == day for day in range(DAYS))
    ]
    columns = set(vars(parts[0])) - {"score_bins"}
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in columns}
    day_of_cell = np.repeat(np.arange(DAYS), [len(part.n) for part in parts])
    return Population(**joined, score_bins=world.score_bins), day_of_cell


def draw(days, rng):
    drawn = np.flatnonzero(poisson_draw(rng.random(N), np.full(N, RATE)))
    return drawn, rng.random(len(drawn)) < np.where(days[drawn] == SPIKE_DAY, REPLY_AT_SPIKE, REPLY)


def band(world, bins):
    """Return whether each score bin is near the threshold; cells know their bins too."""
    return (np.abs(world.score_bins.centers[bins]) < 1.7).astype(int)


def accuracies(world, days, cells, *, is_by_day=True):
    """Estimate accuracy with response rates by day and score band, or by score band alone."""
    population, day_of_cell = cells
    day_of_cell, days_seen = (day_of_cell, days) if is_by_day else (day_of_cell * 0, days * 0)
    rng, figures = np.random.default_rng(32), []
    for _ in range(REPLICATES):
        drawn, is_answered = draw(days, rng)
        group, day = band(world, world.score_bins.place(world.score[drawn])), days_seen[drawn]
        one_queue = {"queue": 0 * drawn, "weight": np.full(len(drawn), 1 / RATE)}
        rate = response_rates(band=group, day=day, answered=is_answered, **one_queue)
        of_class = np.full((2, DAYS), is_answered.mean())  # where nothing was drawn
        of_class[group, day] = rate
        items = world.items(drawn[is_answered], np.full(N, RATE), label=world.truth[drawn[is_answered]])
        r_cells = of_class[band(world, population.bin), day_of_cell]
        estimator = BinaryEstimator(population.with_response(r_cells), items.with_response(rate[is_answered]))
        figures.append(estimator.estimate("accuracy"))
    return figures


def alone(world, days):
    """Estimate accuracy from the answered items without a correction."""
    rng, figures = np.random.default_rng(33), []
    for _ in range(REPLICATES):
        drawn, is_answered = draw(days, rng)
        rows = drawn[is_answered]
        figures.append(uncorrected_figure("accuracy", predicted=world.predicted[rows], truth=world.truth[rows]))
    return figures


def covered(figures, truth):
    return sum(figure.low <= truth <= figure.high for figure in figures)


def mean_and_noise(figures):
    values = [figure.value for figure in figures]
    return np.mean(values), 4 * np.std(values) / np.sqrt(len(values))


@pytest.mark.slow
def test_response_by_day_and_score_band_covers_the_truth(world, days, cells):
    truth = evaluate("accuracy", confusion_of(world.predicted, world.truth))
    figures = accuracies(world, days, cells)
    mean, noise = mean_and_noise(figures)
    assert covered(figures, truth) >= 89
    assert mean == pytest.approx(truth, abs=noise)


@pytest.mark.slow
def test_pooled_days_hide_a_day_on_which_the_model_failed_and_few_answered(world, failing_days):
    """Measured: pooled days are 2.7 points too high and 3 of 100 intervals cover; by day 95 cover."""
    truth = evaluate("accuracy", confusion_of(world.predicted, world.truth))
    cells = cells_by_day(world, failing_days)
    figures, pooled = (accuracies(world, failing_days, cells, is_by_day=by_day) for by_day in (True, False))
    (mean, noise), (mean_pooled, _) = mean_and_noise(figures), mean_and_noise(pooled)
    assert covered(figures, truth) >= 89
    assert mean == pytest.approx(truth, abs=noise)
    assert mean_pooled - truth > 0.02
    assert covered(pooled, truth) <= 20


def test_answered_items_alone_are_off_by_their_response(world, days):
    """Closed form: accuracy weighted by each prediction's probability of an answer, 3.3 points above the truth."""
    right = world.predicted == world.truth
    chance = np.where(days == SPIKE_DAY, REPLY_AT_SPIKE, REPLY)
    expected = float((chance * right).sum() / chance.sum())
    figures = alone(world, days)
    mean, noise = mean_and_noise(figures)
    assert mean == pytest.approx(expected, abs=noise)
    assert expected - right.mean() > 0.03
    assert covered(figures, right.mean()) <= 5


def test_cells_adjusted_by_their_rate_equal_cells_of_adjusted_rows(world):
    p = np.full(N, 0.02)
    adjusted = world.population(p).with_response(np.full(len(world.population(p).n), 0.4))
    from_rows = world.population(p * 0.4)
    assert adjusted.sum_odds == pytest.approx(from_rows.sum_odds, rel=1e-9)
    assert adjusted.sum_pi == pytest.approx(from_rows.sum_pi, rel=1e-9)
    assert adjusted.sum_amount2_odds == pytest.approx(from_rows.sum_amount2_odds, rel=1e-9)


def test_a_class_without_an_answer_has_no_number(world):
    p = np.full(N, 0.02)
    cells = world.population(p)
    silent = cells.with_response(np.where(cells.predicted == 1, 0.0, 0.8))
    rows = np.flatnonzero(world.predicted == 0)[:500]
    estimator = BinaryEstimator(silent, world.items(rows, p * 0.8, label=world.truth[rows]))
    assert estimator.estimate("accuracy").code == "no_response"
    assert estimator.estimate("accuracy").value is None
