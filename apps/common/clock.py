"""One clock for every machine: the database's."""

from datetime import datetime

from django.db import connection


def database_now() -> datetime:
    """The moment at which the database answers (not the start of its transaction)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    assert isinstance(now, datetime)
    return now
