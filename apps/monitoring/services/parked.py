"""Outcomes whose prediction has not come within the model's horizon: one incident, as long as there are any."""

from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from apps.predictions.models import Batch, BatchKind
from apps.registry.models import Incident, IncidentKind, MonitoredModel
from apps.registry.services import incidents

# Those that were overdue when the incident was last closed are known.
OVERDUE = """
SELECT count(DISTINCT external_id), min(received_at), max(received_at)
FROM predictions_outcome AS outcome
WHERE model_id = %(model)s
  AND received_at < statement_timestamp() - %(horizon)s
  AND (%(closed_at)s::timestamptz IS NULL OR received_at > %(closed_at)s::timestamptz - %(horizon)s)
  AND NOT EXISTS (
    SELECT FROM predictions_prediction AS prediction
    WHERE prediction.model_id = %(model)s AND prediction.external_id = outcome.external_id
  )
"""


def watch() -> None:
    """Look after every model that has outcomes old enough."""
    for model in MonitoredModel.objects.order_by("pk"):
        old = Batch.objects.filter(model=model, kind=BatchKind.OUTCOMES, received_at__lt=Now() - model.horizon)
        if old.exists():
            note_overdue(model)


@transaction.atomic
def note_overdue(model: MonitoredModel) -> None:
    """Open, update or close the model's incident of outcomes without prediction."""
    model = MonitoredModel.objects.locked(model.pk)
    rows, first_at, last_at = _overdue(model)
    incidents.note_parked(model, rows=rows, first_at=first_at, last_at=last_at)


def _overdue(model: MonitoredModel) -> tuple[int, datetime | None, datetime | None]:
    """How many there are, and since and until when such have become overdue."""
    past = Incident.objects.closed().filter(model=model, kind=IncidentKind.OUTCOMES_PARKED).order_by("-closed_at")
    closed_at = past.values_list("closed_at", flat=True).first()
    horizon = model.horizon
    asked: dict[str, Any] = {"model": model.pk, "horizon": horizon, "closed_at": closed_at}
    with connection.cursor() as cursor:
        cursor.execute(OVERDUE, asked)
        rows, first_at, last_at = cursor.fetchone()
    if not rows:
        return 0, None, None
    return rows, first_at + horizon, last_at + horizon
