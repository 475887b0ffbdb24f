"""Queries over what is believed true."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from apps.accounts.querysets import ProjectScopedQuerySet
from apps.common.leases import LeaseQuerySet

if TYPE_CHECKING:
    from apps.registry.models import MonitoredModel


class ResolutionQuerySet(ProjectScopedQuerySet):
    project_path = "model__project"

    def as_of(self, seq: int) -> Self:
        """The latest of each prediction up to this number of the record."""
        return self.filter(seq__lte=seq).order_by("prediction_id", "-seq").distinct("prediction_id")

    def predicted_between(self, start: datetime, end: datetime) -> Self:
        """Those about predictions made in [start, end)."""
        return self.filter(prediction__predicted_at__gte=start, prediction__predicted_at__lt=end)

    def last_seq(self, *, at: datetime | None = None) -> int:
        """The newest number, or the newest at that moment; 0 before the first."""
        known = self if at is None else self.filter(resolved_at__lte=at)
        return known.order_by("-seq").values_list("seq", flat=True).first() or 0


class LedgerQuerySet(LeaseQuerySet):
    def of(self, model: "MonitoredModel") -> Any:
        return self.get_or_create(model=model)[0]
