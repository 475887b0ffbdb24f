"""Queries over resolutions and ledgers."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.db.models import QuerySet

from apps.accounts.querysets import ProjectScopedQuerySet

if TYPE_CHECKING:
    from apps.registry.models import MonitoredModel


class ResolutionQuerySet(ProjectScopedQuerySet):
    project_path = "model__project"

    def as_of(self, seq: int) -> Self:
        """Keep each prediction's latest row up to this number."""
        return self.filter(seq__lte=seq).order_by("prediction_id", "-seq").distinct("prediction_id")

    def predicted_between(self, start: datetime, end: datetime) -> Self:
        """Keep the rows about predictions made in [start, end)."""
        return self.filter(prediction__predicted_at__gte=start, prediction__predicted_at__lt=end)

    def last_seq(self, *, at: datetime | None = None) -> int:
        """Return the newest number, now or at a past moment; 0 before the first."""
        rows = self if at is None else self.filter(resolved_at__lte=at)
        return rows.order_by("-seq").values_list("seq", flat=True).first() or 0


class LedgerQuerySet(QuerySet[Any]):
    def of(self, model: "MonitoredModel") -> Any:
        return self.get_or_create(model=model)[0]
