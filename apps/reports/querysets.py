"""Queries over report jobs and reports."""

from typing import TYPE_CHECKING, Any, Self

from apps.accounts.querysets import ProjectScopedQuerySet
from apps.common.leases import LeaseQuerySet

if TYPE_CHECKING:
    from apps.accounts.models import Project


class ReportJobQuerySet(LeaseQuerySet):
    def in_project(self, project: "Project") -> Self:
        return self.filter(model__project=project)

    def due(self) -> Self:
        """Asked for and not finished, oldest first; those given up are left alone."""
        return self.filter(finished_at=None, attempts__lt=self.model.MAX_ATTEMPTS).order_by("id")


class ReportQuerySet(ProjectScopedQuerySet):
    project_path = "model__project"

    def latest_of(self, kind: str, **filters: Any) -> Any:
        return self.filter(kind=kind, **filters).order_by("-id").first()
