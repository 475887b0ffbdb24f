"""The database's settings: connections, their pool, and how long each kind of process waits for what."""

import os
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from config import env
from config.watched import WatchedConnection

# Set by gunicorn's configuration and by Celery's; management commands, migrations among them, set nothing.
KIND = "COUNTERSIGN_PROCESS"
# Seconds that a request waits for a connection of its process's pool, and that a connection may take to be made.
POOL_SECONDS = 0.75
CONNECT_SECONDS = 2


@dataclass(frozen=True)
class Limits:
    """Time-outs of the database server for one kind of process, in milliseconds. 0 waits for ever."""

    statement: int
    lock: int
    idle_in_transaction: int

    def as_options(self) -> str:
        """Return them in the form that PostgreSQL takes with a new connection."""
        settings = {
            "statement_timeout": self.statement,
            "lock_timeout": self.lock,
            "idle_in_transaction_session_timeout": self.idle_in_transaction,
        }
        return " ".join(f"-c {name}={value}" for name, value in settings.items())


def limits(kind: str) -> Limits:
    """Return the time-outs of a kind of process: web, worker, or a command, which waits for ever."""
    if kind == "web":
        return Limits(
            statement=1000 * env.integer("COUNTERSIGN_WEB_STATEMENT_SECONDS", 30),
            lock=env.integer("COUNTERSIGN_WEB_LOCK_MS", 750),
            idle_in_transaction=1000 * env.integer("COUNTERSIGN_WEB_IDLE_SECONDS", 60),
        )
    if kind == "worker":
        return Limits(
            statement=1000 * env.integer("COUNTERSIGN_WORKER_STATEMENT_SECONDS", 900),
            lock=1000 * env.integer("COUNTERSIGN_WORKER_LOCK_SECONDS", 300),
            idle_in_transaction=1000 * env.integer("COUNTERSIGN_WORKER_IDLE_SECONDS", 900),
        )
    return Limits(statement=0, lock=0, idle_in_transaction=0)


def options(url: str) -> dict[str, Any]:
    """Translate a postgresql:// URL into Django's settings; `?host=/folder` names a Unix socket."""
    kind = os.environ.get(KIND, "command")
    parts = urlsplit(url)
    given: dict[str, Any] = dict(parse_qsl(parts.query))
    host = given.pop("host", None) or parts.hostname or ""
    time_outs = {"options": f"{limits(kind).as_options()} {given.pop('options', '')}".strip()}
    settings: dict[str, Any] = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "OPTIONS": {"application_name": f"countersign {kind}", **_network(), **time_outs, **given},
    }
    if kind == "web":
        settings["OPTIONS"]["pool"] = _pool()
        settings["CONN_HEALTH_CHECKS"] = True
    return settings


def _network() -> dict[str, int]:
    """Notice within half a minute that the other machine is gone. A Unix socket ignores all but the first."""
    return {
        "connect_timeout": CONNECT_SECONDS,
        "keepalives": 1,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 25_000,
    }


def _pool() -> dict[str, Any]:
    """The pool of a web process. Celery's forked workers must not inherit one, so they have none."""
    return {
        "min_size": 1,
        "max_size": env.integer("COUNTERSIGN_DB_POOL_SIZE", 8),
        "timeout": POOL_SECONDS,
        # Never wait between attempts to connect: the next request makes the next attempt.
        "reconnect_timeout": 0,
        "connection_class": WatchedConnection,
    }
