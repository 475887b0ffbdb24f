"""Runs of answers too fast to have been thought about."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from apps.registry.models import MonitoredModel

# At least this many answers in a row that agree with the model …
STREAK_LENGTH = 10
# … each faster than this share of the queue's median time.
STREAK_SHARE = 0.2


@dataclass(frozen=True)
class Streak:
    """Consecutive answers by one person that agree with the model, each far faster than its queue's median.

    `seconds` is the run's median time.
    """

    start: datetime
    length: int
    seconds: float


def streaks(model: MonitoredModel, answers: pd.DataFrame, *, median_times: Mapping[int, float]) -> list[Streak]:
    """Find the streaks in one person's answers, given in order. For a blind case, the answer kept at the end counts.

    An answer without a known time ends a streak.
    """
    medians = answers["queue"].map(dict(median_times)).to_numpy(dtype=np.float64)
    fast = answers["active_ms"].to_numpy() < STREAK_SHARE * medians
    agrees = model.agrees(answers["kept"].fillna(answers["value"]).to_numpy(), answers["predicted"].to_numpy())
    edges = np.diff(np.concatenate([[0], (fast & agrees).astype(np.int64), [0]]))
    runs = zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True)
    return [_streak(answers.iloc[first:end]) for first, end in runs if end - first >= STREAK_LENGTH]


def _streak(run: pd.DataFrame) -> Streak:
    start = datetime.fromtimestamp(float(run["decided_at"].iloc[0]), tz=UTC)
    return Streak(start, len(run), float(run["active_ms"].median()) / 1000)
