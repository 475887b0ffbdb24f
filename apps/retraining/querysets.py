"""Queries over studies and their jobs."""

from typing import TYPE_CHECKING, Self

from apps.accounts.querysets import ProjectScopedQuerySet
from apps.common.jobs import JobQuerySet

if TYPE_CHECKING:
    from apps.accounts.models import Project


class StudyJobQuerySet(JobQuerySet):
    def due(self) -> Self:
        """Keep the due jobs of models that are not archived."""
        return super().due().filter(model__archived_at=None)

    def in_project(self, project: "Project") -> Self:
        return self.filter(model__project=project)


class StudyQuerySet(ProjectScopedQuerySet):
    project_path = "model__project"
