"""Queries over daily counts."""

from datetime import date
from typing import Any, Self

from django.db.models import QuerySet, Sum

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
