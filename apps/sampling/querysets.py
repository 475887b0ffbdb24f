"""Queries over policies, draws and population cells."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from apps.accounts.querysets import ProjectScopedQuerySet

if TYPE_CHECKING:
    from apps.registry.models import ModelVersion


class SamplingPolicyQuerySet(ProjectScopedQuerySet):
    project_path = "model__project"

    def current(self) -> Self:
        return self.filter(ends_at=None).order_by("rank", "id")

    def with_budget(self) -> Self:
        """Keep the policies that draw so many cases a day, and are on."""
        return self.filter(settings__has_key="budget", is_on=True)


class DrawQuerySet(ProjectScopedQuerySet):
    project_path = "model__project"

    def of_version(self, version: "ModelVersion | None") -> Self:
        """Keep the draws of one version of the model; all without one."""
        return self if version is None else self.filter(prediction__version=version)


class PopulationCellQuerySet(ProjectScopedQuerySet):
    project_path = "model__project"

    def of_everyone(self) -> Self:
        return self.filter(slice_name="")

    def in_bins(self, version: int) -> Self:
        """Keep the counts in one version of the model's score bins: each version counts every prediction."""
        return self.filter(bins=version)

    def of_version(self, version: "ModelVersion | None") -> Self:
        """Keep the counts of one version of the model; all without one."""
        return self if version is None else self.filter(version=version)

    def drawn_by(self, moment: datetime) -> Self:
        """Keep what was drawn until this moment: a mark, or the end of a day."""
        return self.filter(drawn_from__lte=moment)

    def between(self, start: Any, end: Any) -> Self:
        """Keep the days in [start, end)."""
        return self.filter(day__gte=start, day__lt=end)
