"""How long a transaction waits for the locks of others."""

from django.db import connection


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
