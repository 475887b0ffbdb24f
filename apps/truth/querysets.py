"""Queries over what is believed true."""

from typing import TYPE_CHECKING, Any, Self


from apps.accounts.querysets import ProjectScopedQuerySet
from apps.common.leases import LeaseQuerySet

if TYPE_CHECKING:
    from apps.registry.models import MonitoredModel


class ResolutionQuerySet(ProjectScopedQuerySet):
    project_path = "model__project"

    def as_of(self, seq: int) -> Self:
        """The latest of each prediction up to this moment of the record."""
        return self.filter(seq__lte=seq).order_by("prediction_id", "-seq").distinct("prediction_id")


class LedgerQuerySet(LeaseQuerySet):
    def of(self, model: "MonitoredModel") -> Any:
        return self.get_or_create(model=model)[0]


