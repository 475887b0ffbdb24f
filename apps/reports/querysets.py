"""Queries over report jobs and reports."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.db.models import BooleanField, Count, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from apps.accounts.querysets import ProjectScopedQuerySet
from apps.common.jobs import JobQuerySet

if TYPE_CHECKING:
    from apps.accounts.models import Project

ALL_CLOSED = Q(document__cohorts__maturing=0, document__cohorts__provisional=0)


class _InTurnsQuerySet(JobQuerySet):
    """Jobs of models that are worked on for one project after the other."""

    # Fields that come before the turns of the projects.
    before_turns: ClassVar[tuple[str, ...]] = ()

    def due(self) -> Self:
        """Keep the due jobs of models that are not archived. Projects take turns: many jobs of one stop no other."""
        earlier = self.model.objects.unfinished().filter(
            model__project=OuterRef("model__project"), pk__lt=OuterRef("pk")
        )
        before = earlier.order_by().values("model__project").annotate(n=Count("pk")).values("n")
        due = super().due().filter(model__archived_at=None)
        return due.order_by(*self.before_turns, Coalesce(Subquery(before), 0), "id")

    def in_project(self, project: "Project") -> Self:
        return self.filter(model__project=project)


class ReportJobQuerySet(_InTurnsQuerySet):
    # Those that people asked for come first.
    before_turns = ("is_refresh",)

    def of_same_window(self, report: Any) -> Self:
        """Keep jobs for reports of the same kind on the same window and version."""
        return self.filter(**_window_of(report))


class ComparisonJobQuerySet(_InTurnsQuerySet):
    pass


class ComparisonQuerySet(ProjectScopedQuerySet):
    project_path = "model__project"


class ReportQuerySet(ProjectScopedQuerySet):
    project_path = "model__project"

    def foremost(self) -> Self:
        """Keep one report of every model and kind: of the latest day, on the longest window up to it, the newest.

        Whoever makes a report on an earlier or shorter window, or on one version, changes nothing for others.
        """
        return self.filter(version=None).order_by("model", "kind", "-end", "start", "-id").distinct("model", "kind")

    def final(self) -> Self:
        """Keep reports of which every day is closed."""
        return self.filter(ALL_CLOSED)

    def listed(self) -> Self:
        """Add what a list says of reports, without reading their documents: `is_final`, and `job` to read them by."""
        jobs = self.model.jobs.field.model._default_manager.filter(report=OuterRef("pk")).order_by("-id")
        is_final = ExpressionWrapper(ALL_CLOSED, output_field=BooleanField())
        return (
            self.annotate(job=Subquery(jobs.values("pk")[:1]), is_final=is_final)
            .select_related("version")
            .defer("document", "settings")
        )

    def of_same_window(self, report: Any) -> Self:
        """Keep reports of the same kind on the same window and version, with any configuration."""
        return self.filter(**_window_of(report))

    def up_to_date(self) -> Self:
        """Keep reports on what was known when they ran, not at an earlier moment; the newest first."""
        earlier = self.model.jobs.field.model._default_manager.filter(report=OuterRef("pk"))
        asked = earlier.filter(as_of=None)
        return self.filter(Exists(asked) | ~Exists(earlier)).order_by("-id")

    def ending_before(self, report: Any) -> Self:
        """Keep reports of the same kind and version on the days that end where this report begins."""
        return self.filter(
            model=report.model, kind=report.kind, version=report.version_id, end=report.start
        ).up_to_date()

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


class FollowedWindowQuerySet(QuerySet[Any, Any]):
    def due(self, now: datetime) -> Self:
        """Keep those that may be looked into, the one longest left alone first."""
        kept = self.filter(model__archived_at=None, kept_until__gt=now)
        return kept.filter(Q(quiet_until=None) | Q(quiet_until__lte=now)).order_by(
            F("checked_at").asc(nulls_first=True), "pk"
        )
