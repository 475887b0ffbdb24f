"""Queries over models, their queues and incidents."""

from typing import TYPE_CHECKING, Any, Self

from django.db.models import F, Q

from apps.accounts.querysets import ProjectScopedQuerySet

if TYPE_CHECKING:
    from apps.registry.models import MonitoredModel


class MonitoredModelQuerySet(ProjectScopedQuerySet):
    def active(self) -> Self:
        return self.filter(archived_at=None)

    def archived(self) -> Self:
        return self.filter(archived_at__isnull=False)

    def locked(self, pk: int) -> "MonitoredModel":
        """Return the model, locked against changes until the transaction ends.

        This serializes those who judge by the schema and those who change it. Pushes only refer to the model, and
        do not wait.
        """
        model: MonitoredModel = self.select_related("project").select_for_update(no_key=True, of=("self",)).get(pk=pk)
        return model


class ReviewQueueQuerySet(ProjectScopedQuerySet):
    project_path = "model__project"

    def to_be_ordered(self) -> Self:
        """Queues whose open items are still stored in an earlier order."""
        return self.exclude(order=F("kept_order"))


class GuidelineQuerySet(ProjectScopedQuerySet):
    project_path = "queue__model__project"


class ValueModelQuerySet(ProjectScopedQuerySet):
    project_path = "model__project"


class FindingQuerySet(ProjectScopedQuerySet):
    project_path = "model__project"

    def in_state(self, state: str) -> Self:
        """Keep those that are open, closed, or all."""
        return self if state == "all" else self.filter(closed_at__isnull=state == "open")

    def saying(self, text: str) -> Self:
        """Keep those with this text in what was written or done."""
        return self.filter(
            Q(title__icontains=text) | Q(text__icontains=text) | Q(cause__icontains=text) | Q(action__icontains=text)
        )

    def with_people(self) -> Self:
        return self.select_related("model", "owner", "written_by", "closed_by")


class IncidentQuerySet(ProjectScopedQuerySet):
    project_path = "model__project"

    def open(self) -> Self:
        return self.filter(closed_at=None)

    def closed(self) -> Self:
        return self.filter(closed_at__isnull=False)

    def newest(self) -> Self:
        """Open incidents first, each group by when it was last seen, with their version and person loaded."""
        when_closed: Any = F("closed_at").desc(nulls_first=True)
        return self.select_related("version", "closed_by", "owner").order_by(when_closed, "-last_seen_at", "id")
