"""Queries over batches, predictions and outcomes."""

from typing import TYPE_CHECKING, Any, Self

from django.db.models import Count, F, OuterRef, QuerySet, Sum, Value
from django.db.models.functions import Abs, Greatest

from apps.accounts.querysets import ProjectScopedQuerySet
from apps.common.jobs import JobQuerySet
from apps.common.leases import LeaseQuerySet
from apps.stats.tolerance import ROUNDING

if TYPE_CHECKING:
    from apps.accounts.models import Project
    from apps.predictions.models import Batch
    from apps.registry.models import ModelVersion, MonitoredModel


class BatchQuerySet(ProjectScopedQuerySet):
    project_path = "model__project"

    def lacking(self, *slices: str) -> Self:
        """Drawn batches whose rows do not hold all of these slices."""
        drawn = self.filter(stages__stage="draw", stages__done_at__isnull=False)
        return drawn.exclude(slices__contains=list(slices))


class BatchStageQuerySet(LeaseQuerySet):
    def of_active_models(self) -> Self:
        return self.filter(batch__model__archived_at=None)

    def due(self, stage: str) -> Self:
        """Batches that the stage has not consumed yet, oldest first; those of archived models wait."""
        return self.of_active_models().filter(stage=stage, done_at=None).select_related("batch").order_by("batch_id")

    def due_by_stage(self) -> dict[str, int]:
        """How many batches each stage still has to consume."""
        return self.filter(done_at=None).count_by_stage()

    def count_by_stage(self) -> dict[str, int]:
        return dict(self.order_by().values_list("stage").annotate(n=Count("id")))


class PredictionQuerySet(ProjectScopedQuerySet):
    project_path = "model__project"

    def of_batch(self, batch: "Batch") -> Self:
        """The batch's rows, found by its range of ids: ids ascend, so no index on batch is needed."""
        return self.filter(id__gte=batch.first_id, id__lte=batch.last_id, batch=batch).order_by("id")

    def of_version(self, version: "ModelVersion | None") -> Self:
        """Keep the predictions of one version of the model; all without one."""
        return self if version is None else self.filter(version=version)

    def differing(self, model: "MonitoredModel") -> Self:
        """Keep those whose baseline is another answer; of numbers, further away than the model's tolerance."""
        return self._by_distance(model).filter(baseline__isnull=False, distance__gt=F("allowed"))

    def agreeing(self, model: "MonitoredModel") -> Self:
        """Keep those whose baseline is the same answer."""
        return self._by_distance(model).filter(distance__lte=F("allowed"))

    def _by_distance(self, model: "MonitoredModel") -> Self:
        own, other = F("predicted"), F("baseline")
        by, share = (model.tolerance, model.tolerance_share) if model.is_regression else (0.0, 0.0)
        allowed = Greatest(Value(by), Value(share) * Greatest(Abs(own), Abs(other))) * Value(ROUNDING)
        return self.alias(distance=Abs(own - other), allowed=allowed)


class ExportViewQuerySet(QuerySet[Any]):
    def holding(self, prediction: int | OuterRef, model: int) -> Self:
        """Exports whose range holds the model's prediction with this key."""
        return self.filter(model=model, first_prediction__lte=prediction, last_prediction__gte=prediction)


class RejectedRowQuerySet(ProjectScopedQuerySet):
    project_path = "model__project"

    def waiting(self) -> Self:
        """Rows that no replay has stored yet."""
        return self.filter(state="waiting")

    def newest(self) -> Self:
        return self.order_by("-id")

    def least_tried(self) -> Self:
        """Rows never tried again first, then by the time of the last try, oldest first."""
        return self.order_by(F("tried_at").asc(nulls_first=True), "id")

    def counts_by_code(self) -> list[dict[str, Any]]:
        """How many rows there are of each kind and code, most frequent first."""
        counts = self.order_by().values("kind", "code").annotate(rows=Count("id"))
        return list(counts.order_by("-rows", "kind", "code"))

    def left_out(self) -> int:
        """How many further rejected rows of their pushes were not kept."""
        return int(self.order_by().aggregate(n=Sum("left_out"))["n"] or 0)


class UploadQuerySet(JobQuerySet):
    def in_project(self, project: "Project") -> Self:
        return self.filter(model__project=project)

    def newest(self) -> Self:
        return self.order_by("-id")

    def due(self) -> Self:
        """Files of models that are not archived: new ones first, then by when their last turn ended."""
        due = super().due().filter(model__archived_at=None)
        return due.order_by(F("lease_expires_at").asc(nulls_first=True), "id")

    def unfinished(self) -> Self:
        """Confirmed uploads that are neither done nor failed."""
        return self.filter(confirmed_at__isnull=False, finished_at=None)
