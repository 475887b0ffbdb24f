"""Queries over report jobs and reports."""

from typing import TYPE_CHECKING, Any, Self

from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce

from apps.accounts.querysets import ProjectScopedQuerySet
from apps.common.jobs import JobQuerySet

if TYPE_CHECKING:
    from apps.accounts.models import Project


class ReportJobQuerySet(JobQuerySet):
    def due(self) -> Self:
        """Keep the due jobs of models that are not archived. Projects take turns: many reports of one stop no other."""
        earlier = self.model.objects.unfinished().filter(
            model__project=OuterRef("model__project"), pk__lt=OuterRef("pk")
        )
        before = earlier.order_by().values("model__project").annotate(n=Count("pk")).values("n")
        return super().due().filter(model__archived_at=None).order_by(Coalesce(Subquery(before), 0), "id")

    def in_project(self, project: "Project") -> Self:
        return self.filter(model__project=project)

    def of_same_window(self, report: Any) -> Self:
        """Keep jobs for reports of the same kind on the same window and version."""
        return self.filter(**_window_of(report))


class ReportQuerySet(ProjectScopedQuerySet):
    project_path = "model__project"

    def foremost(self) -> Self:
        """Keep one report of every model and kind: of the latest day, on the longest window up to it, the newest.

        Whoever makes a report on an earlier or shorter window, or on one version, changes nothing for others.
        """
        return self.filter(version=None).order_by("model", "kind", "-end", "start", "-id").distinct("model", "kind")

    def final(self) -> Self:
        """Keep reports of which every day is closed."""
        return self.filter(document__cohorts__maturing=0, document__cohorts__provisional=0)

    def of_same_window(self, report: Any) -> Self:
        """Keep reports of the same kind on the same window and version, with any configuration."""
        return self.filter(**_window_of(report))

    def newest_by_window(self) -> Self:
        """Keep the newest report of every model, kind, window and version."""
        window = ("model", "kind", "start", "end", "version")
        return self.order_by(*window, "-id").distinct(*window)


class HeadlineQuerySet(ProjectScopedQuerySet):
    project_path = "model__project"

    def of_same_window(self, headline: Any) -> Self:
        """Keep those of the same kind on the same window."""
        return self.filter(**{name: getattr(headline, name) for name in ("model_id", "kind", "start", "end")})

    def newest(self) -> Self:
        """Keep, of every model, kind and window, the one that knows most."""
        window = ("model", "kind", "start", "end")
        return self.filter(is_newest=True).order_by(*window, "-as_of", "-report").distinct(*window)


def _window_of(report: Any) -> dict[str, Any]:
    same = {"start": report.start, "end": report.end, "version": report.version_id}
    return {"model": report.model, "kind": report.kind, **same}
