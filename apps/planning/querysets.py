"""Queries over drafts and replays."""

from typing import TYPE_CHECKING, Self

from apps.accounts.querysets import ProjectScopedQuerySet
from apps.common.jobs import JobQuerySet

if TYPE_CHECKING:
    from apps.accounts.models import Project


class DraftQuerySet(ProjectScopedQuerySet):
    project_path = "model__project"

    def proposed(self) -> Self:
        """Keep what waits for a second person, oldest first."""
        return self.filter(proposed_at__isnull=False).order_by("proposed_at")


class ReplayQuerySet(JobQuerySet):
    def in_project(self, project: "Project") -> Self:
        return self.filter(model__project=project)
