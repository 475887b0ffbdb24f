import time

import numpy as np
import pytest
from scipy import optimize

from apps.stats.delay.mixing import mixed_estimator
from apps.stats.delay.nowcast import count_outcomes, positive_share, share_known
from apps.stats.delay.weights import age_shares
from apps.stats.estimators.population import Population

HORIZON = 60


def window(rng, size, *, response=1.0):
    """Predictions of 100 days; positives are known after 1 to 59 days, negatives on day 60, some never."""
    score = rng.uniform(0.02, 0.98, size)
    truth = (rng.random(size) < score).astype(float)
    age = rng.integers(0, 100, size)
    delay = np.where(truth == 1, rng.integers(1, HORIZON, size), HORIZON)
    known = (delay <= age) & (rng.random(size) < response)
    rows = {"predicted": (score > 0.5).astype(int), "score": score}
    return rows, {
        "age": age,
        "outcome": np.where(known, truth, np.nan),
        "delay": np.where(known, delay, np.nan),
        "horizon": HORIZON,
        "response": response,
    }


def estimator_of(rows, state):
    known = ~np.isnan(state["outcome"])
    return mixed_estimator(
        Population.from_rows(**rows, pi=np.ones(len(known))),
        age_shares(state["age"], horizon=HORIZON, stratum=rows["predicted"]),
        **{name: column[known] for name, column in rows.items()},
        outcome=state["outcome"][known],
        delay=state["delay"][known],
        stratum=rows["predicted"][known],
        response=state["response"],
    )


def counts_of(rows, state):
    each = Population.of_each(**rows, pi=np.ones(len(state["age"])))
    return count_outcomes(estimator_of(rows, state), each, **state)


@pytest.mark.parametrize("response", [1.0, 0.95])
def test_the_weighted_table_is_that_of_the_estimator(response):
    rows, state = window(np.random.default_rng(1), 2_000, response=response)
    counts, estimator = counts_of(rows, state), estimator_of(rows, state)
    assert counts.n.sum() == 2_000
    assert counts.weighted(counts.n).corners == pytest.approx(estimator.confusion.corners, abs=1e-12)


def test_all_outcomes_known_leave_no_gap():
    rows, state = window(np.random.default_rng(2), 500)
    rng = np.random.default_rng(3)
    everything = state | {
        "age": np.full(500, 90),
        "outcome": (rng.random(500) < 0.4).astype(float),
        "delay": np.full(500, 20),
    }
    gaps = counts_of(rows, everything).gaps(rng)
    for gap in gaps.values():
        assert gap.weighted == pytest.approx(gap.nowcast, abs=1e-12)
        assert gap.sd == pytest.approx(0.0, abs=1e-9)


def test_the_nowcast_scales_each_week_by_the_share_known_at_its_age():
    """Every positive takes 30 days with certainty one half, 10 days otherwise; negatives are known on day 60.

    Of the week of ages 14 to 20 half of the positives are known: 10 known are 20. The mature weeks show theirs.
    """
    weeks = {17: (100, [(1, 10, 10)]), 80: (100, [(1, 10, 15), (1, 30, 15), (0, 60, 70)])}
    age, outcome, delay = [], [], []
    for days, (size, known) in weeks.items():
        for truth, wait, n in known:
            age += [days] * n
            outcome += [truth] * n
            delay += [wait] * n
        rest = size - sum(n for _, _, n in known)
        age += [days] * rest
        outcome += [np.nan] * rest
        delay += [np.nan] * rest
    rows = {"predicted": [1] * 200, "score": [0.5] * 200}
    state = {"age": age, "outcome": outcome, "delay": delay, "horizon": HORIZON, "response": 1.0}
    counts = counts_of(
        {name: np.array(column) for name, column in rows.items()},
        {name: np.array(column) if isinstance(column, list) else column for name, column in state.items()},
    )
    assert 200 * counts.nowcast(counts.n).tp == pytest.approx(20 + 30)


def test_the_share_known_is_that_of_a_sample_without_truncation():
    """Seed 4: delays of mean 20 days, seen only where they are over; F(t) within .02."""
    rng = np.random.default_rng(4)
    delay, age = rng.integers(1, 41, 20_000), rng.integers(0, 60, 20_000)
    seen = delay <= age
    share = share_known(np.bincount(delay[seen], minlength=41).astype(float), np.bincount(age[seen]).astype(float))
    assert share[[0, 10, 20, 39, 40, 59]] == pytest.approx([0, 0.25, 0.5, 39 / 40, 1, 1], abs=0.02)


@pytest.mark.parametrize("known", [(3, 8), (0, 5), (7, 0), (40, 60)])
@pytest.mark.parametrize("early", [(0.0, 0.4), (0.3, 0.31), (0.9, 0.2), (0.5, 0.5)])
def test_the_share_of_positives_is_the_likeliest(known, early):
    """By a search over the likelihood itself."""
    size = 200.0

    def unlikely(p):
        open_ones = size - sum(known)
        terms = known[1] * np.log(p) + known[0] * np.log(1 - p)
        return -terms - open_ones * np.log(1 - p * early[1] - (1 - p) * early[0])

    best = optimize.minimize_scalar(unlikely, bounds=(1e-9, 1 - 1e-9), method="bounded", options={"xatol": 1e-10})
    found = positive_share(
        np.array([size]), [np.array([float(n)]) for n in known], [np.array([share]) for share in early]
    )
    assert found[0] == pytest.approx(best.x, abs=1e-5)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_gaps_and_large_windows_stay_fast():
    """200,000 predictions: 4 s measured on one core."""
    rows, state = window(np.random.default_rng(5), 200_000)
    counts = counts_of(rows, state)
    began = time.process_time()
    gaps = counts.gaps(np.random.default_rng(6))
    assert time.process_time() - began < 20
    assert gaps["accuracy"].is_closed


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"age": [1.5]}, "age must hold whole numbers"),
        ({"outcome": [2.0]}, "outcome must be 0 or 1"),
        ({"delay": [np.nan]}, "delay holds nan"),
        ({"delay": [80]}, "delay must exceed neither"),
        ({"response": 0.0}, "response must be in"),
        ({"age": [90, 90]}, "age must have length 1"),
    ],
)
def test_bad_input_is_named(change, message):
    rows, state = window(np.random.default_rng(1), 200)
    one = {"age": [90], "outcome": [1.0], "delay": [20], "horizon": HORIZON}
    each = Population.of_each(predicted=[1], score=[0.5], pi=[1.0])
    with pytest.raises(ValueError, match=message):
        count_outcomes(estimator_of(rows, state), each, **(one | change))
