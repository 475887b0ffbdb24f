"""Which bins of a series grew or shrank most."""

from dataclasses import dataclass

import numpy as np

from apps.stats.drift.day_effects import Window, merged
from apps.stats.estimate import Estimate
from apps.stats.intervals import wilson_interval

SHOWN_BINS = 3


@dataclass(frozen=True)
class Move:
    """One bin that grew or shrank.

    Attributes
    ----------
    bin : int
        Its index.
    before, now : Estimate
        Share of the weeks before, weekdays matched, and from the first day until it was found.
    """

    bin: int
    before: Estimate
    now: Estimate


def moves_of(window: Window) -> tuple[Move, ...]:
    """Return the bins whose share moved most, largest move first; ranges widen with the variation between days."""
    inflation = float(merged(window).inflation[0])
    m, n = float(window.m[0]) / inflation, float(window.n[0]) / inflation
    now, before = window.now[0], window.before[0]
    largest = np.argsort(-np.abs(now - before), kind="stable")[:SHOWN_BINS].tolist()
    return tuple(
        Move(place, _share(before[place], n), _share(now[place], m)) for place in largest if now[place] != before[place]
    )


def _share(value: float, n: float) -> Estimate:
    share = min(max(float(value), 0.0), 1.0)
    low, high = wilson_interval(share * n, n)
    return Estimate(share, low, high, "wilson", round(n))
