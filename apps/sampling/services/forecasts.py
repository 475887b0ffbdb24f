"""Cases to expect in the week ahead, for the policies in force and for drafts."""

from collections.abc import Sequence
from datetime import date

import numpy as np

from apps.sampling.engine.forecasts import at_a_budget, at_a_rate
from apps.sampling.services.columns import Floats

WEEK = 7
EPOCH = date(1970, 1, 1).toordinal()


def week_ahead(days: Sequence[date], cases: Floats, *, budget: float | None = None) -> tuple[int, int]:
    """Return between what numbers 19 of 20 of the next seven days will lie.

    `days` are whole days without a gap, at most the last 28, and `cases` the expected ones of each; with a budget a
    day, those that it could draw at most.
    """
    if not len(days):
        return 0, 0
    known = np.array([each.toordinal() - EPOCH for each in days], dtype=np.int64)
    ahead = known[-1] + 1 + np.arange(WEEK)
    if budget is None:
        week = at_a_rate(known, cases, ahead=ahead, factor=1.0)
    else:
        week = at_a_budget(budget, known, cases, ahead=ahead)
    return min(each.low for each in week), max(each.high for each in week)
