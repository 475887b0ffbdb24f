"""What was sent is dropped after a while, a month at a time: every figure is made of what is kept."""

from datetime import UTC, date, datetime, timedelta

import structlog
from django.conf import settings
from django.db import OperationalError, connection, transaction

from apps.predictions.models import BatchStage
from apps.predictions.services import partitions

log = structlog.get_logger(__name__)

# Dropping a partition waits for whoever reads it, and makes pushes wait meanwhile: not for long.
LOCK_TIMEOUT = "2s"


def drop_old_payloads(now: datetime) -> list[date]:
    """Drop the months that ended longer ago than the setting says; which ones.

    A month with batches that some stage has still to read is left for later.
    """
    if not settings.PAYLOAD_DAYS:
        return []
    limit = now - timedelta(days=settings.PAYLOAD_DAYS)
    old = [month for month in partitions.months() if partitions.next_month(month) <= partitions.day_of(limit)]
    return [month for month in old if not _is_due(month) and _drop(month)]


def _is_due(month: date) -> bool:
    """Whether a stage has still to consume a batch of the month, given up after many attempts or not."""
    start, end = (datetime(day.year, day.month, 1, tzinfo=UTC) for day in (month, partitions.next_month(month)))
    due = BatchStage.objects.filter(done_at=None, batch__received_at__gte=start, batch__received_at__lt=end).exists()
    if due:
        log.warning("payloads_kept", month=str(month), why="batches of this month are still due")
    return due


def _drop(month: date) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
            cursor.execute(f"DROP TABLE IF EXISTS {partitions.name_of(month)}")
    except OperationalError as error:
        log.warning("payloads_kept", month=str(month), why=str(error).strip())
        return False
    log.info("payloads_dropped", month=str(month))
    return True
