"""A model's days as matrices: one row a day, one column a bin."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import numpy as np
from django.db.models import DateField, ExpressionWrapper, F, OuterRef, Subquery

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


def history(model: MonitoredModel, *, start: date, end: date, layout: Layout | None = None) -> History:
    """Read the days in [start, end), all versions together."""
    rows = DayCount.objects.filter(model=model).between(start, end)
    return summed(rows.iterator(chunk_size=200), layout or Layout.of(model), start=start, end=end)


def newest_rows(model: MonitoredModel, *, before: date) -> list[DayCount]:
    """Read the newest days with their versions, without those that are not over; oldest first."""
    over = DayCount.objects.filter(model=model, day__lt=before)
    last = over.filter(model=OuterRef("model")).order_by("-day").values("day")[:1]
    rows = over.annotate(first=ExpressionWrapper(Subquery(last) - MOST_DAYS, output_field=DateField()))
    return list(rows.filter(day__gt=F("first")).select_related("version").order_by("day"))


def summed(rows: Iterable[DayCount], layout: Layout, *, start: date, end: date) -> History:
    """Add up stored days in [start, end)."""
    size = max((end - start).days, 0)
    counts, sums = np.zeros((size, layout.size), dtype=np.int64), np.zeros((size, layout.size))
    for row in rows:
        at = (row.day - start).days
        add_stored(counts[at], row.counts)
        add_stored(sums[at], row.sums)
    return History(layout, start, counts, sums)


def add_stored(vector: Any, stored: "bytes | memoryview[int]") -> None:
    """Add a stored vector; series that came later lie beyond its end."""
    found = np.frombuffer(stored, dtype=vector.dtype)
    vector[: len(found)] += found


def newest(model: MonitoredModel, *, before: date) -> History | None:
    """Read the newest days, without those that are not over; None before anything is counted."""
    rows = newest_rows(model, before=before)
    return summed(rows, Layout.of(model), start=rows[0].day, end=rows[-1].day + DAY) if rows else None
