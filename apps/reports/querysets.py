"""Queries over report jobs and reports."""

from typing import TYPE_CHECKING, Any, Self

from apps.accounts.querysets import ProjectScopedQuerySet
from apps.common.jobs import JobQuerySet

if TYPE_CHECKING:
    from apps.accounts.models import Project


class ReportJobQuerySet(JobQuerySet):
    def due(self) -> Self:
        """Keep the due jobs of models that are not archived."""
        return super().due().filter(model__archived_at=None)

    def in_project(self, project: "Project") -> Self:
        return self.filter(model__project=project)


class ReportQuerySet(ProjectScopedQuerySet):
    project_path = "model__project"

    def latest_of(self, kind: str, **filters: Any) -> Any:
        return self.filter(kind=kind, **filters).order_by("-id").first()

    def of_same_window(self, report: Any) -> Self:
        """Keep reports of the same kind on the same window, with any configuration."""
        return self.filter(model=report.model, kind=report.kind, start=report.start, end=report.end)

    def newest_by_window(self) -> Self:
        """Keep the newest report of every model, kind and window."""
        window = ("model", "kind", "start", "end")
        return self.order_by(*window, "-id").distinct(*window)
