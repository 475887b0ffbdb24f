"""Queries over models, their queues and incidents."""

from typing import TYPE_CHECKING, Any, Self

from django.db.models import F

from apps.accounts.querysets import ProjectScopedQuerySet

if TYPE_CHECKING:
    from apps.registry.models import MonitoredModel


class MonitoredModelQuerySet(ProjectScopedQuerySet):
    def locked(self, pk: int) -> "MonitoredModel":
        """The model as it is now, not to be changed by others before the transaction ends.

        Whoever judges by its schema and whoever changes the schema come one after the other; pushes,
        which only refer to the model, do not wait.
        """
        found: MonitoredModel = self.select_related("project").select_for_update(no_key=True, of=("self",)).get(pk=pk)
        return found


class ReviewQueueQuerySet(ProjectScopedQuerySet):
    project_path = "model__project"

    def to_be_ordered(self) -> Self:
        """Those whose open work is kept in another order than the present one."""
        return self.exclude(order=F("kept_order"))


class GuidelineQuerySet(ProjectScopedQuerySet):
    project_path = "queue__model__project"


class ValueModelQuerySet(ProjectScopedQuerySet):
    project_path = "model__project"


class IncidentQuerySet(ProjectScopedQuerySet):
    project_path = "model__project"

    def open(self) -> Self:
        return self.filter(closed_at=None)

    def closed(self) -> Self:
        return self.filter(closed_at__isnull=False)

    def newest(self) -> Self:
        """Open ones first, each group by when it was last seen; with what is shown of each."""
        when_closed: Any = F("closed_at").desc(nulls_first=True)
        return self.select_related("version", "closed_by").order_by(when_closed, "-last_seen_at", "id")
