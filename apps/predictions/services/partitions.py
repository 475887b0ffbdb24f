"""Monthly partitions of the payloads, made ahead by a sweep and on demand by a push."""

from datetime import UTC, date, datetime, timedelta

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper


def day_of(moment: datetime) -> date:
    """The day in UTC, by which months begin."""
    return moment.astimezone(UTC).date()


def month_of(moment: datetime) -> date:
    """The first day of the month in which it arrived."""
    return day_of(moment).replace(day=1)


def name_of(month: date) -> str:
    """The partition of a month."""
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
    """See to it that the partition of this moment is there."""
    _make(month_of(moment))


def make_ahead(now: datetime) -> None:
    """This month's and the next two months' partitions."""
    month = month_of(now)
    for _ in range(3):
        with transaction.atomic():
            _make(month)
        month = next_month(month)


def _make(month: date) -> None:
    name = name_of(month)
    with connection.cursor() as cursor:
        if _is_there(cursor, name):
            return
        # One maker at a time; attaching a finished table holds up readers less than making it in place.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('predictions_payload'))")
        if _is_there(cursor, name):
            return
        cursor.execute(f"CREATE TABLE {name} (LIKE predictions_payload INCLUDING DEFAULTS)")
        cursor.execute(
            f"ALTER TABLE predictions_payload ATTACH PARTITION {name} "
            f"FOR VALUES FROM ('{month} 00:00+00') TO ('{next_month(month)} 00:00+00')"
        )


def _is_there(cursor: CursorWrapper, name: str) -> bool:
    # By a query, not by to_regclass: that one remembers a miss until the transaction ends.
    cursor.execute("SELECT EXISTS (SELECT FROM pg_class WHERE relname = %s AND relkind = 'r')", [name])
    return bool(cursor.fetchone()[0])
