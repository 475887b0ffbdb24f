"""How long a transaction waits for the locks of others."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import Error, connection


def wait_longer(seconds: float) -> None:
    """Let this transaction wait this long for each lock, if its process would give up sooner.

    For locks whose holder works that long on what this transaction needs. A person waits for the answer meanwhile.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('lock_timeout', %(ms)s::text, true) FROM pg_settings"
            " WHERE name = 'lock_timeout' AND setting::int BETWEEN 1 AND %(ms)s",
            {"ms": round(1000 * seconds)},
        )


@contextmanager
def wait_at_most(seconds: float) -> Iterator[None]:
    """Let each statement of the block wait this long for a lock, and then fail, in every transaction of the block."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('lock_timeout'), set_config('lock_timeout', %s, false)", [f"{seconds}s"])
        before = cursor.fetchone()[0]
    try:
        yield
    finally:
        # A new connection has the setting of its process anyway.
        with suppress(Error), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [before])
