"""Queries over daily counts."""

from datetime import date
from typing import Any, Self

from django.db.models import Q, QuerySet, Sum

# Columns of FeatureDay; `services.shape.Counts` has one field for each, in this order.
COUNTS = ("rows", "missing", "nulls", "unexpected_type", "out_of_range", "unseen_category")


class FeatureDayQuerySet(QuerySet[Any]):
    def between(self, start: date, end: date) -> Self:
        """Keep the days in [start, end)."""
        return self.filter(day__gte=start, day__lt=end)

    def by_feature(self) -> dict[str, dict[str, int]]:
        """Sum the counts of each feature over all days and versions in the set."""
        sums = self.order_by().values("feature").annotate(**{name: Sum(name) for name in COUNTS})
        return {row.pop("feature"): row for row in sums}


class DayCountQuerySet(QuerySet[Any]):
    def between(self, start: date, end: date) -> Self:
        """Keep the days in [start, end)."""
        return self.filter(day__gte=start, day__lt=end)


class DataEventQuerySet(QuerySet[Any]):
    def overlapping(self, first: date, last: date) -> Self:
        """Keep those with a day in [first, last]."""
        return self.filter(Q(last_day=None) | Q(last_day__gte=first), first_day__lte=last)
