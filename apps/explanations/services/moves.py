"""What moves a model: how much each feature contributes over a window of days, with the range of every figure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt

import numpy as np
from django.db.models import Max, Min, QuerySet, Sum

from apps.explanations.models import AttributionDay, PushBins
from apps.explanations.services.day_tables import CELL, CELLS, MOST_PLACES, PLACE, PUSH_BINS, SUMS, VALUE_BINS, summed
from apps.registry.models import MonitoredModel
from apps.stats.arrays import FloatArray

# Half a range of 95 %, in standard errors.
Z = 1.959964
# A spread holds the middle of so much.
INNER = (0.1, 0.9)
WEEK = 7


@dataclass(frozen=True)
class Window:
    """The days in [start, end), of one version or all."""

    start: date
    end: date
    version: int | None = None

    @property
    def before(self) -> "Window":
        """As many days, just before."""
        return Window(self.start - (self.end - self.start), self.start, self.version)

    @property
    def days(self) -> int:
        return (self.end - self.start).days


@dataclass(frozen=True)
class Mean:
    """A weighted mean with its standard error, of so many rows."""

    value: float
    se: float
    rows: int

    @property
    def low(self) -> float:
        return max(0.0, self.value - Z * self.se)

    @property
    def high(self) -> float:
        return self.value + Z * self.se


@dataclass(frozen=True)
class Change:
    """The difference of two means, with its range."""

    value: float
    low: float
    high: float

    @property
    def is_certain(self) -> bool:
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class OfValue:
    """The contributions where the feature has the values of one bin: their mean, and the middle 80 % of them."""

    weight: float
    mean: float
    low: float
    high: float


def all_bins(model: MonitoredModel) -> list[PushBins]:
    """Return the model's sets of bins, one for each method and unit, those with most rows first."""
    return list(PushBins.objects.filter(model=model, rows__gt=0).order_by("-rows"))


def days_of(bins: PushBins) -> tuple[date, date] | None:
    """Return the first and the last day with contributions."""
    found = AttributionDay.objects.filter(bins=bins).aggregate(first=Min("day"), last=Max("day"))
    return None if found["first"] is None else (found["first"], found["last"])


def importance(bins: PushBins, window: Window) -> dict[str, Mean]:
    """Return the mean |φ| of each feature, the largest first."""
    totals = _days(bins, window).order_by().exclude(feature="").values_list("feature")
    sums = totals.annotate(*(Sum(name) for name in SUMS))
    found = {feature: _mean(amounts) for feature, *amounts in sums}
    return dict(sorted(found.items(), key=lambda pair: (-pair[1].value, pair[0])))


def change(now: Mean, before: Mean) -> Change:
    """Return by how much a mean differs from another one of other rows."""
    half = Z * sqrt(now.se**2 + before.se**2)
    difference = now.value - before.value
    return Change(difference, difference - half, difference + half)


def cells(bins: PushBins, window: Window, features: Iterable[str]) -> dict[str, FloatArray]:
    """Return Σw and Σw|φ| of each feature: value bins × bins of contributions × 2."""
    stored: dict[str, list[bytes]] = {feature: [] for feature in features}
    rows = _days(bins, window).filter(feature__in=stored).values_list("feature", "cells")
    for feature, table in rows:
        stored[feature].append(bytes(table))
    return {
        feature: summed(CELL, tables, size=CELLS).reshape(VALUE_BINS, PUSH_BINS, 2)
        for feature, tables in stored.items()
    }


def by_week(bins: PushBins, window: Window, feature: str) -> list[tuple[date, Mean]]:
    """Return the mean |φ| by week, each named by its first day."""
    weeks: dict[date, FloatArray] = {}
    for day, *amounts in _days(bins, window).filter(feature=feature).values_list("day", *SUMS):
        week = window.start + timedelta((day - window.start).days // WEEK * WEEK)
        weeks[week] = weeks.get(week, np.zeros(len(amounts))) + np.array(amounts, dtype=np.float64)
    return [(week, _mean(weeks[week].tolist())) for week in sorted(weeks)]


def by_slice(bins: PushBins, window: Window, feature: str) -> dict[tuple[str, str], Mean]:
    """Return the mean |φ| by slice key and value."""
    tables = [bytes(each) for each in _days(bins, window).filter(feature=feature).values_list("slices", flat=True)]
    sums = summed(PLACE, tables, size=MOST_PLACES)
    return {
        (key, value): _mean(sums[place].tolist())
        for place, (key, value) in enumerate(bins.places)
        if sums[place, 0] > 0
    }


def by_value(bins: PushBins, found: FloatArray) -> dict[int, OfValue]:
    """Return the contributions by bin of values; `found` are the cells of the feature."""
    middles, signs = middles_of(bins), np.where(np.arange(PUSH_BINS) < PUSH_BINS // 2, -1.0, 1.0)
    made = {}
    for value, (weights, sizes) in enumerate(zip(found[..., 0], found[..., 1], strict=True)):
        total = float(weights.sum())
        if total > 0:
            # Exact: no bin of contributions crosses 0.
            mean = float((signs * sizes).sum()) / total
            shares = np.cumsum(weights) / total
            low, high = (float(middles[np.searchsorted(shares, share)]) for share in INNER)
            made[value] = OfValue(total, mean, min(low, mean), max(high, mean))
    return made


def middles_of(bins: PushBins) -> FloatArray:
    """Return the middle of each bin of contributions; the open ones are as wide as their neighbors."""
    edges = all_edges(bins)
    return (edges[:-1] + edges[1:]) / 2


def all_edges(bins: PushBins) -> FloatArray:
    """Return the edges of the bins of contributions, with an end for the open ones."""
    positive = np.array(bins.edges, dtype=np.float64)
    last = positive[-1] + (positive[-1] - positive[-2])
    return np.concatenate([[-last], -positive[::-1], [0.0], positive, [last]])


def _days(bins: PushBins, window: Window) -> QuerySet[AttributionDay]:
    found = AttributionDay.objects.filter(bins=bins, day__gte=window.start, day__lt=window.end)
    return found if window.version is None else found.filter(version=window.version)


def _mean(sums: Sequence[float]) -> Mean:
    """The mean of |φ| by the SUMS, as a ratio of weighted sums; its variance by Taylor linearization."""
    rows, weight, weight2, size, size2, square2 = sums
    if weight <= 0:
        return Mean(0.0, 0.0, 0)
    mean = size / weight
    variance = max(0.0, square2 - 2 * mean * size2 + mean**2 * weight2) / weight**2
    return Mean(mean, sqrt(variance), int(rows))


def versions_of(bins: PushBins) -> Mapping[int, str]:
    """Return the versions with contributions, the newest first."""
    found = AttributionDay.objects.filter(bins=bins, feature="").order_by("-version").distinct()
    return dict(found.values_list("version", "version__name"))
