"""Selective labels: the parts of closed days whose outcomes the decision has removed, as cells and as a sample.

A closed day has up to three parts: predictions with their outcome (OBSERVED), predictions that chance let through with
a recorded probability although the decision was against it (EXPLORED: their outcomes stand for all that were subject to
it), and predictions without any outcome (HIDDEN), which only reviews speak for.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from apps.sampling.models import SUMS

OBSERVED, EXPLORED, HIDDEN = "observed", "explored", "hidden"
# Sums that follow from the rows themselves. The others depend on the probabilities of the draw.
OF_ROWS = (
    "n",
    "sum_score",
    "sum_score2",
    "sum_amount",
    "sum_unlogged",
    "sum_logging",
    "sum_amount2_logging",
)
# The queue of outcomes that chance let through: their answers are missing in a way of their own.
NO_QUEUE = 0


@dataclass(frozen=True, eq=False)
class Parts:
    """The predictions of closed days by what becomes known of them."""

    observed: pd.DataFrame
    explored: pd.DataFrame
    hidden: pd.DataFrame

    @classmethod
    def of(cls, rows: pd.DataFrame) -> "Parts":
        """Split rows with `is_hidden` and `explore_share`."""
        is_explored = rows["explore_share"].notna()
        is_hidden = rows["is_hidden"] & ~is_explored
        return cls(rows[~is_explored & ~is_hidden].reset_index(drop=True), rows[is_explored], rows[is_hidden])

    def sample(self) -> pd.DataFrame:
        """Return what chance let through, as draws: with the recorded probability, labelled by the outcome."""
        let_through = self.explored[~self.explored["is_hidden"]]
        return let_through.assign(
            prediction_id=let_through["pk"],
            queue_id=NO_QUEUE,
            is_blind=True,
            pi=let_through["explore_share"],
            label=let_through["truth"],
            adjudicated=np.nan,
            q=np.nan,
            is_chosen=False,
            resolution=np.nan,
            answers=0,
            is_skipped=False,
            is_ordered=False,
            is_by_chance=True,
            part=EXPLORED,
            is_open=True,
        ).drop(columns=["pk", "truth", "is_absent", "is_hidden", "explore_share", "predicted_at", "occurred_at"])


def summed(rows: pd.DataFrame, keys: Sequence[str], *, pi: pd.Series | float) -> pd.DataFrame:
    """Sum rows into cells, as if each had been drawn with its probability `pi`."""
    score, amount = rows["score"].fillna(0.0), rows["amount"]
    odds = (1 - pi) / pi
    # What each stands for, and what logging adds to the variance of their number
    weight, logging = 1 / rows["log_share"], (1 - rows["log_share"]) / rows["log_share"] ** 2
    frame = rows[list(keys)].assign(
        n=1.0,
        sum_score=weight * score,
        sum_score2=weight * score**2,
        sum_pi=pi,
        sum_odds=weight**2 * odds,
        sum_odds2=weight**4 * odds**2 * (1 + odds),
        sum_chance=pi,
        sum_amount=weight * amount,
        sum_amount2_odds=weight**2 * amount**2 * odds,
        sum_amount4_odds2=weight**4 * amount**4 * odds**2 * (1 + odds),
        n_uncovered=0.0,
        sum_unlogged=weight - 1,
        sum_logging=logging,
        sum_amount2_logging=amount**2 * logging,
    )
    return frame.groupby(list(keys), sort=False, as_index=False)[list(SUMS)].sum().astype(dict.fromkeys(SUMS, float))


def hidden_cells(stored: pd.DataFrame, rows: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Return the cells of hidden rows: what depends on the draw is their share of the whole cell.

    The probabilities of a cell are much alike, and they enter the expected variance alone: estimates take the recorded
    probability of each drawn case.
    """
    if rows.empty:
        return stored.head(0)
    counted = summed(rows, keys, pi=1.0)
    of_draw = [name for name in SUMS if name not in OF_ROWS]
    known = stored[[*keys, "n", *of_draw]].rename(columns={"n": "whole"})
    known = known.astype({name: counted[name].dtype for name in keys})
    merged = counted[[*keys, *OF_ROWS]].merge(known, on=list(keys), how="left")
    share = (merged["n"] / merged["whole"]).clip(upper=1.0)
    for name in of_draw:
        merged[name] = (merged[name] * share).fillna(merged["n"] if name == "n_uncovered" else 0.0)
    return merged.drop(columns="whole")
