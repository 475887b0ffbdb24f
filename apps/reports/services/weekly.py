"""The course of a figure by calendar week, pooled from the days of reports; what few cases say is not among them.

A week across two months is in the reports of both, so that a stored week holds sums that add up.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from apps.reports.engine.document import Document
from apps.stats.independent import Ranged


@dataclass(frozen=True)
class Week:
    """Days of one week that have a figure: each counts by its predictions."""

    monday: date
    n: float
    # Σ n·value, Σ (n·(value − low))², Σ (n·(high − value))²
    values: float
    below: float
    above: float
    is_open: bool

    @property
    def figure(self) -> Ranged:
        value = self.values / self.n
        return Ranged(value, value - math.sqrt(self.below) / self.n, value + math.sqrt(self.above) / self.n)

    @property
    def stored(self) -> list[Any]:
        return [self.monday.isoformat(), self.n, self.values, self.below, self.above, self.is_open]

    @classmethod
    def read(cls, stored: list[Any]) -> "Week":
        return cls(date.fromisoformat(stored[0]), *stored[1:])


def weeks_of(document: Document, metric: str) -> list[Week]:
    """Pool the days of a document by week; none where it is not cut into days."""
    if document["step"] != "day":
        return []
    return pooled(week for point in document["series"] if (week := _of_day(point, metric)))


def pooled(weeks: Iterable[Week]) -> list[Week]:
    """Add up what falls into the same week, oldest first."""
    by_monday: dict[date, Week] = {}
    for week in weeks:
        other = by_monday.get(week.monday)
        by_monday[week.monday] = week if other is None else _sum(other, week)
    return sorted(by_monday.values(), key=lambda week: week.monday)


def _of_day(point: Mapping[str, Any], metric: str) -> Week | None:
    day, n, figure = date.fromisoformat(point["start"]), float(point["n"]), point["figures"].get(metric)
    if not n or figure is None or None in (figure["value"], figure["low"], figure["high"]):
        return None
    below, above = n * (figure["value"] - figure["low"]), n * (figure["high"] - figure["value"])
    monday = day - timedelta(days=day.weekday())
    return Week(monday, n, n * figure["value"], below**2, above**2, not point["is_closed"])


def _sum(one: Week, other: Week) -> Week:
    return Week(
        one.monday,
        one.n + other.n,
        one.values + other.values,
        one.below + other.below,
        one.above + other.above,
        one.is_open or other.is_open,
    )
