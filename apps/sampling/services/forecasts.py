"""Cases to expect on the next days, for the policies in force and for drafts."""

from collections.abc import Sequence
from datetime import date

import numpy as np

from apps.sampling.engine.forecasts import Cases, at_a_budget, at_a_rate
from apps.sampling.engine.traffic import Floats, Ints
from apps.sampling.services.rates import RatedPolicy

EPOCH = date(1970, 1, 1).toordinal()


def cases_ahead(
    rated: RatedPolicy, days: Sequence[date], mass: Floats, *, ahead: Sequence[date], most: float = 1.0
) -> list[Cases]:
    """Forecast the cases that a policy draws on the days ahead, each with the range that holds on 19 of 20 days.

    `days` are whole days without a gap, at most the last 28, and `mass` is Σ shape of each. `most` is the highest mean
    rate of a budget, as `Shapes.most`.
    """
    per_day = rated.policy.per_day
    if per_day is None:
        return at_a_rate(_numbers(days), mass, ahead=_numbers(ahead), factor=rated.factor)
    return at_a_budget(per_day, _numbers(days), mass, ahead=_numbers(ahead), most=most)


def _numbers(days: Sequence[date]) -> Ints:
    return np.array([each.toordinal() - EPOCH for each in days], dtype=np.int64)
