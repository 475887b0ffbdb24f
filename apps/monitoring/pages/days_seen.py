"""What the page *Data* shows: the days of a model, what is usual for it, and the event in question."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import pairwise

import numpy as np

from apps.monitoring.models import DataEvent, DayCount, Series, WeakSearch
from apps.monitoring.services.events import foremost
from apps.monitoring.services.expecting import Expectation, known_share, measured, what_is_usual
from apps.monitoring.services.history import DAY, History, newest_rows, summed
from apps.monitoring.services.naming import Names
from apps.monitoring.services.placing import Layout
from apps.monitoring.services.references import Usual
from apps.registry.models import MonitoredModel
from apps.stats.arrays import FloatArray, IntArray
from apps.stats.estimate import Estimate, missing

WEEKS = 26
WEEK = 7 * DAY
RECENT = WEEK


@dataclass(frozen=True, eq=False)
class Seen:
    """The days of a model that are over, the last 26 weeks of them at most, with what is usual."""

    model: MonitoredModel
    days: History
    usual: Usual | None
    expectation: Expectation | None
    events: Sequence[DataEvent]
    event: DataEvent | None
    # The stored days, each of one version
    rows: Sequence[DayCount]

    @classmethod
    def of(cls, model: MonitoredModel, *, now: datetime, event: int | None) -> "Seen | None":
        """Read what the page shows; None before any day is over and counted."""
        rows = newest_rows(model, before=now.astimezone(model.zone).date())
        if not rows:
            return None
        days = summed(rows, Layout.of(model), start=rows[0].day, end=rows[-1].day + DAY)
        usual, expectation = what_is_usual(model, days)
        shown = days.between(days.end - WEEK * WEEKS, days.end)
        events = DataEvent.objects.filter(model=model).overlapping(shown.start, shown.end).order_by("-first_day")
        listed = list(events.select_related("normal_by"))
        asked = next((each for each in listed if each.pk == event), None)
        chosen = asked or foremost([each for each in listed if each.normal_at is None])
        return cls(model, shown, usual, expectation, listed, chosen, rows)

    @property
    def layout(self) -> Layout:
        return self.days.layout

    @property
    def series(self) -> dict[tuple[str, str], Series]:
        return self.layout.series

    @property
    def weak_search(self) -> WeakSearch | None:
        if self.usual is not None:
            return getattr(self.usual.reference.model, "weak_search", None)
        return WeakSearch.objects.filter(model=self.model).first()

    @cached_property
    def by_version(self) -> dict[str, History]:
        """The days shown of each version, newest version first."""
        rows: dict[str, list[DayCount]] = {}
        for row in sorted(self.rows, key=lambda row: -row.version_id):
            if row.day >= self.days.start:
                rows.setdefault(row.version.name, []).append(row)
        return {
            name: summed(each, self.layout, start=self.days.start, end=self.days.end) for name, each in rows.items()
        }

    @cached_property
    def names(self) -> Names:
        return Names(self.model)

    @cached_property
    def now(self) -> History:
        """The days in question: those of the event, or the last week."""
        if self.event is None:
            return self.days.between(self.days.end - RECENT, self.days.end)
        last = self.event.last_day
        return self.days.between(self.event.first_day, self.days.end if last is None else last + DAY)

    @cached_property
    def now_counts(self) -> IntArray:
        """Rows of the days in question by bin, all series together."""
        return np.asarray(self.now.counts.sum(axis=0), dtype=np.int64)

    @cached_property
    def usual_counts(self) -> IntArray:
        """The same of the reference, or of all days before while there is none."""
        if self.usual is not None:
            return self.usual.counts
        before = self.days.between(self.days.start, self.now.start)
        return np.asarray(before.counts.sum(axis=0), dtype=np.int64)

    @cached_property
    def weeks(self) -> "list[Week]":
        """The weeks shown, oldest first, without the days of the event, which stand between them."""
        found = []
        for back in range(-(-len(self.days.counts) // 7), 0, -1):
            start = self.days.end - WEEK * back
            found += self._parts(max(start, self.days.start), start + WEEK)
        return [each for each in found if each.days.rows.sum() > 0]

    def _parts(self, start: date, end: date) -> "list[Week]":
        """Cut a week at the ends of the event."""
        event = (self.now.start, self.now.end) if self.event is not None else (end, end)
        edges = sorted({start, end, *(each for each in event if start < each < end)})
        parts = [Week(self, self.days.between(*each)) for each in pairwise(edges)]
        return [each for each in parts if not (event[0] <= each.start < event[1])] + (
            [Week(self, self.now, is_event=True)] if self.event is not None and start <= self.now.start < end else []
        )


@dataclass(frozen=True, eq=False)
class Week:
    """A week, or what an event left of it, or the event itself."""

    seen: Seen
    days: History
    is_event: bool = False

    @property
    def start(self) -> date:
        return self.days.start

    @property
    def rows(self) -> int:
        return int(self.days.rows.sum())

    @property
    def middle(self) -> float:
        """Days from the first shown day to its middle."""
        return (self.start - self.seen.days.start) / timedelta(days=1) + len(self.days.counts) / 2

    @cached_property
    def expected(self) -> Estimate:
        expectation = self.seen.expectation
        return missing("no_reference") if expectation is None else expectation.of_days(self.days)

    @cached_property
    def measured(self) -> Estimate:
        return measured(self.seen.layout, self.days)

    @cached_property
    def known_share(self) -> float:
        return known_share(self.seen.layout, self.days) or 0.0

    def share_of(self, series: Series, bins: Sequence[int]) -> float | None:
        """Return the share of some bins of a series; None without rows."""
        counts = self.days.of(series).sum(axis=0)
        rows = counts.sum()
        return float(counts[list(bins)].sum() / rows) if rows else None

    def percentile(self, series: Series, share: float) -> float | None:
        return percentile(series, self.days, share)


def shares(counts: IntArray) -> FloatArray:
    """Return each bin's share of the rows; zeros without rows."""
    return np.asarray(counts / max(counts.sum(), 1), dtype=np.float64)


def percentile(series: Series, days: History, share: float) -> float | None:
    """Return a percentile of numbers counted on fine bins, interpolated within its bin; None without rows."""
    counts = days.of(series).sum(axis=0)[:-1]
    if counts.sum() <= 0:
        return None
    reached = np.cumsum(counts) / counts.sum()
    place = int(np.searchsorted(reached, share))
    edges = np.array(getattr(series.frozen, "edges", ()))
    if len(edges) == 0:
        return None
    low, high = edges[max(place - 1, 0)], edges[min(place, len(edges) - 1)]
    before = reached[place - 1] if place else 0.0
    within = (share - before) / max(reached[place] - before, 1e-12)
    return float(low + (high - low) * within)
