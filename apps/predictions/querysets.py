"""Queries over batches, predictions and outcomes."""

from typing import TYPE_CHECKING, Any, Self

from django.db.models import Count, QuerySet

from apps.accounts.querysets import ProjectScopedQuerySet
from apps.common.leases import LeaseQuerySet

if TYPE_CHECKING:
    from apps.predictions.models import Batch


class BatchQuerySet(ProjectScopedQuerySet):
    project_path = "model__project"


class BatchStageQuerySet(LeaseQuerySet):
    def due(self, stage: str) -> Self:
        """Batches that this stage has not consumed yet, oldest first."""
        return self.filter(stage=stage, done_at=None).select_related("batch").order_by("batch_id")

    def due_by_stage(self) -> dict[str, int]:
        """How many batches each stage has still to consume."""
        counts = self.filter(done_at=None).order_by().values_list("stage").annotate(n=Count("id"))
        return dict(counts)


class PredictionQuerySet(ProjectScopedQuerySet):
    project_path = "model__project"

    def of_batch(self, batch: "Batch") -> Self:
        """The batch's rows, by the range of ids that it took (ids ascend, so no index on batch is needed)."""
        return self.filter(id__gte=batch.first_id, id__lte=batch.last_id, batch=batch).order_by("id")


class OutcomeQuerySet(QuerySet[Any]):
    pass
