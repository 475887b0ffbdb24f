"""Cases a day to expect, from those of the last weeks."""

from collections.abc import Sequence
from datetime import date

import numpy as np

from apps.sampling.engine.forecasts import at_a_rate
from apps.sampling.services.columns import Floats

WEEK = 7
EPOCH = date(1970, 1, 1).toordinal()


def between(days: Sequence[date], cases: Floats) -> tuple[int, int]:
    """Return between what numbers 19 of 20 of the next seven days will lie, after days with these expected cases."""
    if not len(days):
        return 0, 0
    known = np.array([each.toordinal() - EPOCH for each in days], dtype=np.int64)
    ahead = known[-1] + 1 + np.arange(WEEK)
    week = at_a_rate(known, cases, ahead=ahead, factor=1.0)
    return min(each.low for each in week), max(each.high for each in week)
