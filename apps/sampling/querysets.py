"""Queries over policies, draws and population cells."""

from datetime import datetime
from typing import Any, Self

from apps.accounts.querysets import ProjectScopedQuerySet


class SamplingPolicyQuerySet(ProjectScopedQuerySet):
    project_path = "model__project"

    def current(self) -> Self:
        return self.filter(ends_at=None).order_by("rank", "id")


class DrawQuerySet(ProjectScopedQuerySet):
    project_path = "model__project"


class PopulationCellQuerySet(ProjectScopedQuerySet):
    project_path = "model__project"

    def of_everyone(self) -> Self:
        return self.filter(slice_name="")

    def in_bins(self, version: int) -> Self:
        """Keep the counts in one version of the model's score bins: each version counts every prediction."""
        return self.filter(bins=version)

    def drawn_by(self, moment: datetime) -> Self:
        """Keep what was drawn until this moment: a mark, or the end of a day."""
        return self.filter(drawn_from__lte=moment)

    def between(self, start: Any, end: Any) -> Self:
        """Keep the days in [start, end)."""
        return self.filter(day__gte=start, day__lt=end)
