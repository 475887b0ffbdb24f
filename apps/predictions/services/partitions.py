"""Monthly partitions of the payloads: made ahead by a sweep or on demand by a push, and dropped after a while.

Every figure comes from tables that are kept, so dropping payloads changes none.
"""

from datetime import UTC, date, datetime, timedelta

import structlog
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper

from apps.predictions.models import BatchStage

log = structlog.get_logger(__name__)

# Dropping a partition waits for its readers and makes pushes wait meanwhile, so not for long.
LOCK_TIMEOUT = "2s"


def day_of(moment: datetime) -> date:
    """The day in UTC; months begin at UTC midnight."""
    return moment.astimezone(UTC).date()


def month_of(moment: datetime) -> date:
    """The first day of a moment's month."""
    return day_of(moment).replace(day=1)


def name_of(month: date) -> str:
    """The name of a month's partition."""
    return f"predictions_payload_{month:%Y_%m}"


def months() -> list[date]:
    """The months that have a partition, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = 'predictions_payload'::regclass"
        )
        names = [name for (name,) in cursor.fetchall()]
    return sorted(datetime.strptime(name[-7:], "%Y_%m").replace(tzinfo=UTC).date() for name in names)


def next_month(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)


def ensure_month(moment: datetime) -> None:
    """Make the partition of this moment unless it exists."""
    _make(month_of(moment))


def make_ahead(now: datetime) -> None:
    """Make the partitions of this month and the next two."""
    month = month_of(now)
    for _ in range(3):
        with transaction.atomic():
            _make(month)
        month = next_month(month)


def _make(month: date) -> None:
    with connection.cursor() as cursor:
        if not _is_there(cursor, name_of(month)):
            # The tables' owner makes it: the application's own role may not be allowed to.
            cursor.execute("SELECT make_payload_month(%s)", [month])


def _is_there(cursor: CursorWrapper, name: str) -> bool:
    # Not to_regclass: it caches a miss until the transaction ends.
    cursor.execute("SELECT EXISTS (SELECT FROM pg_class WHERE relname = %s AND relkind = 'r')", [name])
    return bool(cursor.fetchone()[0])


def drop_old_payloads(now: datetime) -> list[date]:
    """Drop the months that ended more than PAYLOAD_DAYS ago, and return them.

    A month stays for now if some stage still has to read a batch of it.
    """
    if not settings.PAYLOAD_DAYS:
        return []
    limit = now - timedelta(days=settings.PAYLOAD_DAYS)
    old = [month for month in months() if next_month(month) <= day_of(limit)]
    return [month for month in old if not _is_due(month) and _drop(month)]


def _is_due(month: date) -> bool:
    """Whether a stage still has to consume a batch of the month, even one given up after many attempts."""
    start, end = (datetime(day.year, day.month, 1, tzinfo=UTC) for day in (month, next_month(month)))
    due = BatchStage.objects.filter(done_at=None, batch__received_at__gte=start, batch__received_at__lt=end).exists()
    if due:
        log.warning("payloads_kept", month=str(month), why="batches of this month are still due")
    return due


def _drop(month: date) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
            cursor.execute("SELECT drop_payload_month(%s)", [month])
    except OperationalError as error:
        log.warning("payloads_kept", month=str(month), why=str(error).strip())
        return False
    log.info("payloads_dropped", month=str(month))
    return True
