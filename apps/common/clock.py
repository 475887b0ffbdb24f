"""The database's clock, the one that all machines share."""

from datetime import datetime

from django.db import connection


def database_now() -> datetime:
    """Return the database's current time: not the start of the transaction, which `Now()` gives."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    assert isinstance(now, datetime)
    return now
