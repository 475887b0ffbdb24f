"""Held cases come first in their queue: how many of them are answered says nothing about the others.

One in ten predictions waits for a verdict and is surely drawn; the model is right on half of them. Of the others, where
it is right on 85 %, a fifth is drawn, and a quarter of these answered. All held cases are answered but those whose time
ran out. Expected: the weighted share of right predictions is unbiased over 150 draws. With one response rate for both
kinds of cases, as if they were one queue, it is off by more than five points.
"""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from apps.reports.engine import response
from apps.stats.design.response import response_rates

pytestmark = pytest.mark.slow
N = 4_000
REPLICATES = 150
DAY = date(2026, 5, 12)
QUEUE = 7
UNKNOWN = pd.DataFrame({"truth": [], "received_day": [], "score_bin": [], "log_share": []}, dtype=object)


def window(rng: np.random.Generator) -> pd.DataFrame:
    is_held = rng.random(N) < 0.1
    is_right = rng.random(N) < np.where(is_held, 0.5, 0.85)
    return pd.DataFrame({"is_held": is_held, "is_right": is_right, "pi": np.where(is_held, 1.0, 0.2), "log_share": 1.0})


def drawn(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    draws = frame[rng.random(N) < frame["pi"]].reset_index(drop=True)
    is_answered = rng.random(len(draws)) < np.where(draws["is_held"], 0.9, 0.25)
    return draws.assign(
        # As `draws_frame` has it: held cases are a queue of their own.
        queue_id=2 * QUEUE + draws["is_held"],
        received_day=DAY,
        score_bin=0,
        label=draws["is_right"].where(is_answered).astype(float),
        adjudicated=np.nan,
        q=np.nan,
        is_chosen=False,
        is_ordered=False,
        is_skipped=False,
        is_open=True,
        is_blind=True,
        part="observed",
    )


def cells() -> pd.DataFrame:
    return pd.DataFrame(
        {"received_day": [DAY], "score_bin": [0], "n": [float(N)], "slice_name": [""], "is_open": [True]}
    ).assign(part="observed")


def share_right(draws: pd.DataFrame, rate: pd.Series) -> float:
    answered = draws["label"].notna()
    weight = 1 / (draws["pi"] * rate)[answered]
    return float((weight * draws["label"][answered]).sum() / weight.sum())


def test_held_cases_leave_the_figures_unbiased_and_pooled_they_would_not() -> None:
    rng = np.random.default_rng(3)
    apart, pooled = [], []
    for _ in range(REPLICATES):
        frame = window(rng)
        draws, truth = drawn(frame, rng), frame["is_right"].mean()
        kept = response.of_window(rows=UNKNOWN, draws=draws, cells=cells(), slices=cells().head(0))
        apart.append(share_right(kept.draws, kept.draws["rate"]) - truth)
        rate = response_rates(
            queue=np.zeros(len(draws)),
            band=np.zeros(len(draws)),
            day=np.zeros(len(draws)),
            answered=draws["label"].notna(),
            weight=1 / draws["pi"],
        )
        pooled.append(share_right(draws, pd.Series(rate)) - truth)
    error = np.std(apart) / REPLICATES**0.5
    assert abs(np.mean(apart)) < 3 * error < 0.015
    assert np.mean(pooled) < -0.05
