"""Overdue parked outcomes: one open incident per model while outcomes wait longer than the horizon."""

from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from apps.common.isolation import one_by_one
from apps.predictions.models import Batch, BatchKind
from apps.registry.models import Incident, IncidentKind, MonitoredModel
from apps.registry.services import incidents

# Leave out those that were already overdue when the incident was last closed.
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
    """Check every model that has outcomes older than its horizon."""
    one_by_one(MonitoredModel.objects.active().order_by("pk"), _check, name="watch_parked")


def _check(model: MonitoredModel) -> None:
    old = Batch.objects.filter(model=model, kind=BatchKind.OUTCOMES, received_at__lt=Now() - model.horizon)
    if old.exists():
        note_overdue(model)


@transaction.atomic
def note_overdue(model: MonitoredModel) -> None:
    """Open, update or close the model's incident about outcomes without a prediction."""
    model = MonitoredModel.objects.locked(model.pk)
    rows, first_at, last_at = _overdue(model)
    incidents.note_parked(model, rows=rows, first_at=first_at, last_at=last_at)


def _overdue(model: MonitoredModel) -> tuple[int, datetime | None, datetime | None]:
    """Count the overdue outcomes; return when the first and the last became overdue."""
    closed = Incident.objects.closed().filter(model=model, kind=IncidentKind.OUTCOMES_PARKED).order_by("-closed_at")
    closed_at = closed.values_list("closed_at", flat=True).first()
    horizon = model.horizon
    parameters: dict[str, Any] = {"model": model.pk, "horizon": horizon, "closed_at": closed_at}
    with connection.cursor() as cursor:
        cursor.execute(OVERDUE, parameters)
        rows, first_at, last_at = cursor.fetchone()
    if not rows:
        return 0, None, None
    return rows, first_at + horizon, last_at + horizon
