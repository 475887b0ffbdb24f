"""A model's intake totals."""

from typing import Any

from django.db.models import Count, Max, Sum
from django.db.models.functions import Coalesce

from apps.predictions.models import BatchKind, BatchStage, RejectedRow
from apps.predictions.services import stages
from apps.registry.models import MonitoredModel


def intake_totals(model: MonitoredModel) -> dict[str, Any]:
    """Count what was received, by kind, and what still waits for a stage or was given up."""
    received = model.batches.values("kind").annotate(
        batches=Count("pk"),
        rows=Coalesce(Sum("accepted"), 0),
        duplicates=Coalesce(Sum("duplicates"), 0),
        rejected=Coalesce(Sum("rejected"), 0),
        last_at=Max("received_at"),
    )
    by_kind = {row["kind"]: row for row in received}
    pending = BatchStage.objects.filter(batch__model=model, done_at=None)
    return {
        "predictions": by_kind.get(BatchKind.PREDICTIONS),
        "outcomes": by_kind.get(BatchKind.OUTCOMES),
        "rejected": RejectedRow.objects.filter(model=model).waiting().count(),
        "waiting": pending.filter(attempts__lt=stages.MAX_ATTEMPTS).values("stage").annotate(n=Count("pk")),
        "given_up": stages.given_up().filter(batch__model=model).order_by("batch_id")[:20],
    }
