"""A model's days as matrices: one row a day, one column a bin."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import numpy as np
from django.db.models import Max, Min

from apps.monitoring.models import DayCount, Series, Stage
from apps.monitoring.services.placing import Layout
from apps.registry.models import MonitoredModel
from apps.stats.arrays import FloatArray, IntArray

DAY = timedelta(days=1)
# Half a year and the weeks before it.
MOST_DAYS = 26 * 7 + 28


@dataclass(frozen=True, eq=False)
class History:
    """Counts and sums of consecutive days in [start, end), shape (days, bins); empty days are zero."""

    layout: Layout
    start: date
    counts: IntArray
    sums: FloatArray

    @property
    def days(self) -> list[date]:
        return [self.start + DAY * position for position in range(len(self.counts))]

    @property
    def end(self) -> date:
        return self.start + DAY * len(self.counts)

    @cached_property
    def weekday(self) -> IntArray:
        return (self.start.weekday() + np.arange(len(self.counts))) % 7

    @cached_property
    def rows(self) -> IntArray:
        """Predictions by day."""
        cell = self.layout.get(Stage.CELL)
        return np.zeros(len(self.counts), dtype=np.int64) if cell is None else self.of(cell).sum(axis=1)

    def of(self, series: Series) -> IntArray:
        """Rows of one series by day and bin."""
        return self.counts[:, series.within]

    def sums_of(self, series: Series) -> FloatArray:
        return self.sums[:, series.within]

    def between(self, start: date, end: date) -> "History":
        """Keep the days in [start, end)."""
        first, last = (min(max((day - self.start).days, 0), len(self.counts)) for day in (start, end))
        return History(self.layout, self.start + DAY * first, self.counts[first:last], self.sums[first:last])


def span(model: MonitoredModel) -> tuple[date, date] | None:
    """Return the first and the last day that has counts."""
    found = DayCount.objects.filter(model=model).aggregate(first=Min("day"), last=Max("day"))
    return None if found["first"] is None else (found["first"], found["last"])


def history(model: MonitoredModel, *, start: date, end: date, layout: Layout | None = None) -> History:
    """Read the days in [start, end), all versions together."""
    days = _empty(layout or Layout.of(model), start, end)
    for row in DayCount.objects.filter(model=model).between(start, end).iterator(chunk_size=200):
        _add(days, row)
    return days


def histories(model: MonitoredModel, *, start: date, end: date, layout: Layout) -> dict[int, History]:
    """Read the days in [start, end) of each version."""
    found: dict[int, History] = {}
    for row in DayCount.objects.filter(model=model).between(start, end).iterator(chunk_size=200):
        if row.version_id not in found:
            found[row.version_id] = _empty(layout, start, end)
        _add(found[row.version_id], row)
    return found


def _empty(layout: Layout, start: date, end: date) -> History:
    size = max((end - start).days, 0)
    return History(layout, start, np.zeros((size, layout.size), dtype=np.int64), np.zeros((size, layout.size)))


def _add(days: History, row: DayCount) -> None:
    at = (row.day - days.start).days
    add_stored(days.counts[at], row.counts)
    add_stored(days.sums[at], row.sums)


def add_stored(vector: Any, stored: "bytes | memoryview[int]") -> None:
    """Add a stored vector; series that came later lie beyond its end."""
    found = np.frombuffer(stored, dtype=vector.dtype)
    vector[: len(found)] += found


def newest(model: MonitoredModel, *, before: date) -> History | None:
    """Read the newest days, without those that are not over; None before anything is counted."""
    found = span(model)
    if found is None or found[0] >= before:
        return None
    end = min(found[1] + DAY, before)
    return history(model, start=max(found[0], end - DAY * MOST_DAYS), end=end)
