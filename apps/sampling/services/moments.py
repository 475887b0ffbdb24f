"""Moments between draws: whatever was drawn until such a moment is committed, and nothing is added to it later."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Q, QuerySet

from apps.common.clock import database_now
from apps.common.locks import wait_longer
from apps.predictions.models import BatchStage, Stage
from apps.registry.models import MonitoredModel

# Cells are folded once their draw is older than this: until then any moment can still become a mark.
KEPT = timedelta(minutes=5)
# A draw of 50,000 predictions takes seconds.
DRAW_SECONDS = 20


def join_draws(model: MonitoredModel) -> None:
    """Take part in drawing until this transaction ends; waits while somebody holds the draws off."""
    _lock("pg_advisory_xact_lock_shared", model.pk)


def hold_off_draws(model: MonitoredModel) -> datetime:
    """Wait for the draws under way, hold off all others until this transaction ends, and return the present moment."""
    wait_longer(DRAW_SECONDS)
    _lock("pg_advisory_xact_lock", model.pk)
    return database_now()


def hour_of(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return the start of the clock hour in this time zone."""
    local = moment.astimezone(zone)
    return moment - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)


def drawn_batches(model: MonitoredModel, *, by: datetime) -> QuerySet[BatchStage, int]:
    """Return the ids of the batches drawn until this moment."""
    return BatchStage.objects.filter(batch__model=model, stage=Stage.DRAW, done_at__lte=by).values_list("batch")


def undrawn_batches(model: MonitoredModel, *, at: datetime) -> int:
    """Count the batches received and not drawn at this moment."""
    late = Q(done_at=None) | Q(done_at__gt=at)
    received = BatchStage.objects.filter(batch__model=model, stage=Stage.DRAW, batch__received_at__lte=at)
    return received.filter(late).count()


def _lock(function: str, model_id: int) -> None:
    # The queue for an advisory lock is fair; draws that share a row's lock could keep a mark waiting for ever.
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(hashtext('draws'), %s)", [model_id])
