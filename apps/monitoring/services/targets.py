"""Whether the share of right decisions is below a target, safe under looks every day of a quarter."""

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from apps.monitoring.models import Stage
from apps.monitoring.services.expecting import NEARLY_ALL
from apps.monitoring.services.history import DAY, newest
from apps.registry.models import MonitoredModel
from apps.stats.drift.targets import below_target
from apps.stats.estimate import Estimate
from apps.stats.intervals import wilson_interval


@dataclass(frozen=True)
class BelowTarget:
    """The share of right decisions of a quarter with its sequence, and whether it is below the target."""

    start: date
    value: float
    low: float
    high: float
    is_below: bool


def of_quarter(model: MonitoredModel, *, now: datetime, target: float) -> BelowTarget | None:
    """Judge the newest quarter of which outcomes are known; None for a model of numbers, or before any outcome."""
    recent = newest(model, before=now.astimezone(model.zone).date())
    if recent is None or model.is_regression:
        return None
    days = recent.between(_quarter(recent.end - DAY), recent.end)
    loss = days.layout.get(Stage.LOSS)
    if loss is None:
        return None
    known = days.of(loss).sum(axis=1).clip(min=0)
    # Outcomes that come early may be of another kind: a day counts once nearly all of its own are in.
    known = np.where(known >= NEARLY_ALL * days.rows, known, 0)
    right = np.clip(known - days.sums_of(loss).sum(axis=1), 0, known)
    totals = np.cumsum(known), np.cumsum(right)
    looks = [_look(float(r), int(n)) for n, r, new in zip(*totals, known, strict=True) if new]
    if not looks:
        return None
    verdict = below_target(looks, target=target)
    figure = verdict.figure
    if figure.value is None or figure.low is None or figure.high is None:
        return None
    return BelowTarget(days.start, figure.value, figure.low, figure.high, verdict.is_below)


def _look(right: float, n: int) -> Estimate:
    low, high = wilson_interval(right, n)
    share = right / n
    smoothed = (right + 1) / (n + 2)
    return Estimate(share, low, high, "wilson", n, se=(smoothed * (1 - smoothed) / n) ** 0.5)


def _quarter(day: date) -> date:
    return date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)
