"""Health checks for supervisors and load balancers."""

import time
from collections.abc import Callable

import structlog
from celery import current_app
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from kombu.exceptions import OperationalError

from apps.common.models import Heartbeat

log = structlog.get_logger(__name__)
LONGEST_SILENCE_SECONDS = 45


def healthz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001  # every view takes the request
    """Answer 200: this process is alive."""
    return JsonResponse({"status": "alive"})


def _database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return True


def _broker() -> bool:
    with current_app.connection_for_read() as broker:
        broker.ensure_connection(max_retries=0, timeout=1)
    return True


def _worker() -> bool:
    return Heartbeat.objects.alive(within_seconds=LONGEST_SILENCE_SECONDS).exists()


CHECKS: dict[str, Callable[[], bool]] = {"database": _database, "broker": _broker, "worker": _worker}


def readyz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001  # every view takes the request
    """Report on the database, the broker and a worker's heartbeat; 503 while one is missing."""
    states = {}
    for name, check in CHECKS.items():
        started = time.monotonic()
        try:
            ok = check()
        except (DatabaseError, OperationalError, OSError) as error:
            log.warning("not_ready", part=name, error=str(error))
            ok = False
        states[name] = {"ok": ok, "ms": round(1000 * (time.monotonic() - started), 1)}
    ready = all(state["ok"] for state in states.values())
    return JsonResponse({"status": "ready" if ready else "not ready", **states}, status=200 if ready else 503)
