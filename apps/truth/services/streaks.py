"""Answers that came too fast, one after the other, to have been thought about."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd

# So many answers in a row that agree with the model …
STREAK_LENGTH = 10
# … each within this share of the time that half of the queue's answers take.
STREAK_SHARE = 0.2


@dataclass(frozen=True)
class Streak:
    """Consecutive answers of one person that agree with the model, each far faster than usual in its queue."""

    start: datetime
    length: int
    seconds: float


def streaks(answers: pd.DataFrame, *, median_times: Mapping[int, float]) -> list[Streak]:
    """The runs among one person's answers, which come in their order; of a blind case the answer that was kept counts.

    An answer whose time is not known ends a run.
    """
    usual = answers["queue"].map(dict(median_times)).to_numpy(dtype=np.float64)
    fast = answers["active_ms"].to_numpy() < STREAK_SHARE * usual
    agrees = (answers["kept"].fillna(answers["value"]) == answers["predicted"]).to_numpy()
    edges = np.diff(np.concatenate([[0], (fast & agrees).astype(np.int64), [0]]))
    runs = zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True)
    return [_streak(answers.iloc[first:end]) for first, end in runs if end - first >= STREAK_LENGTH]


def _streak(run: pd.DataFrame) -> Streak:
    start = datetime.fromtimestamp(float(run["decided_at"].iloc[0]), tz=UTC)
    return Streak(start, len(run), float(run["active_ms"].median()) / 1000)
