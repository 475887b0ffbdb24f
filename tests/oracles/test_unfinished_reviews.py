"""Simulated windows whose reviews are not done: days not begun, days hardly begun, and a case that nobody opens.

In each of 100 draws of 3,000 cases one waits in a queue of its own, the newest three days are answered at 15 %, and
today's cases are not begun. The model fails most on the newest days, so that pooling days would show.
Expected: a figure every time, for the predictions of all days but today, that covers their truth.
"""

from datetime import date, timedelta
from functools import cache

import numpy as np
import pandas as pd
import pytest

from apps.reports.engine import response
from apps.stats.estimators.binary import BinaryEstimator
from apps.stats.estimators.confusion import confusion_of, evaluate
from apps.stats.estimators.population import Population
from apps.stats.estimators.sample import Sample
from tests.oracles.populations import N, poisson_draw, simulated

REPLICATES = 100
DRAWN = 3_000
DAYS = 20
TODAY = DAYS - 1
FIRST = date(2026, 5, 12)
KEYS = ["received_day", "predicted", "score_bin"]
METRICS = ("accuracy", "precision", "recall")
UNKNOWN = pd.DataFrame({"truth": [], "received_day": [], "score_bin": [], "log_share": []}, dtype=object)


@cache
def window():
    """Return every prediction with its day, and the probability of a draw of the recommended size."""
    world, rng = simulated("balanced"), np.random.default_rng(51)
    # The newest days hold twice as many of the errors as their share.
    is_wrong = world.predicted != world.truth
    newest = rng.random(N) < np.where(is_wrong, 0.4, 0.2)
    day = np.where(newest, rng.integers(DAYS - 4, DAYS, N), rng.integers(0, DAYS - 4, N))
    return pd.DataFrame(
        {
            "received_day": [FIRST + timedelta(days=int(n)) for n in day],
            "number": day,
            "predicted": world.predicted,
            "score": world.score,
            "score_bin": world.score_bins.place(world.score),
            "pi": world.probabilities(DRAWN),
            "truth": world.truth,
            "log_share": 1.0,
        }
    )


@cache
def cells():
    frame = window()
    odds = (1 - frame["pi"]) / frame["pi"]
    sums = frame.assign(n=1.0, sum_odds=odds, sum_odds2=odds**2 * (1 + odds), sum_score=frame["score"])
    summed = sums.groupby(KEYS, as_index=False)[["n", "pi", "sum_odds", "sum_odds2", "sum_score"]].sum()
    return summed.assign(slice_name="", is_open=True, sum_score2=0.0, part="observed")


def drawn_cases(rng):
    """Draw, and answer as the days allow; one case goes to a queue that nobody serves."""
    frame = window()
    draws = frame[poisson_draw(rng.random(N), frame["pi"].to_numpy())].reset_index(drop=True)
    day = draws["number"]
    reply = np.select([day == TODAY, day >= DAYS - 4], [0.0, 0.15], 0.9)
    is_other = draws.index == rng.choice(np.flatnonzero(day < TODAY))
    is_answered = (rng.random(len(draws)) < reply) & ~is_other
    return draws.assign(
        queue_id=is_other.astype(int),
        label=draws["truth"].where(is_answered).astype(float),
        adjudicated=np.nan,
        q=np.nan,
        is_chosen=False,
        is_ordered=False,
        is_skipped=False,
        is_open=True,
        is_blind=True,
        part="observed",
    )


def answered_window(rng):
    return response.of_window(rows=UNKNOWN, draws=drawn_cases(rng), cells=cells(), slices=cells().head(0))


def estimator_of(kept):
    known = kept.draws[kept.draws["is_answered"]]
    population = Population.of(
        predicted=kept.cells["predicted"],
        bin=kept.cells["score_bin"],
        n=kept.cells["n"],
        sum_pi=kept.cells["pi"],
        sum_odds=kept.cells["sum_odds"],
        sum_odds2=kept.cells["sum_odds2"],
        sum_score=kept.cells["sum_score"],
        score_bins=simulated("balanced").score_bins,
    )
    columns = {"predicted": "predicted", "score": "score", "pi": "pi", "label": "first_label"}
    answers = {name: known[column] for name, column in columns.items()}
    items = Sample.of(**answers, score_bins=simulated("balanced").score_bins)
    return BinaryEstimator(population.with_response(kept.cells["rate"]), items.with_response(known["rate"]))


@pytest.fixture(scope="module")
def reports():
    rng, made = np.random.default_rng(52), []
    for _ in range(REPLICATES):
        kept = answered_window(rng)
        estimator = estimator_of(kept)
        made.append((kept, {metric: estimator.estimate(metric) for metric in METRICS}))
    return made


@pytest.mark.slow
def test_every_report_has_figures_and_they_cover_the_truth_of_the_days_begun(reports):
    begun = window()[window()["number"] < TODAY]
    for metric in METRICS:
        truth = evaluate(metric, confusion_of(begun["predicted"], begun["truth"]))
        figures = [made[metric] for _, made in reports]
        assert all(figure.value is not None for figure in figures), metric
        covered = sum(figure.low <= truth <= figure.high for figure in figures)
        assert covered >= 0.92 * REPLICATES, metric


def test_only_today_leaves(reports):
    today = FIRST + timedelta(days=TODAY)
    for kept, _ in reports:
        assert kept.left.open_days == {today}
        assert set(kept.left.draws["received_day"]) == {today}
        assert kept.cells["n"].sum() + kept.left.cells["n"].sum() == N


def test_the_answered_cases_stand_for_all_predictions_of_the_days_begun(reports):
    """Σ 1/(πr) over the answered cases estimates N, and Σ (1−πr)/(πr)² the same sum of odds as the cells."""
    totals, odds_of_items, odds_of_cells = [], [], []
    for kept, _ in reports:
        pi = (kept.draws["pi"] * kept.draws["rate"])[kept.draws["is_answered"]]
        totals.append((1 / pi).sum())
        odds_of_items.append(((1 - pi) / pi**2).sum())
        odds_of_cells.append(estimator_of(kept).population.sum_odds.sum())
    noise = 4 * np.std(totals) / np.sqrt(REPLICATES)
    assert np.mean(totals) == pytest.approx((window()["number"] < TODAY).sum(), abs=noise)
    noise = 4 * np.std(odds_of_items) / np.sqrt(REPLICATES)
    assert np.mean(odds_of_items) == pytest.approx(np.mean(odds_of_cells), abs=noise)
