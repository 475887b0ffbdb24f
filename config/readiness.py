"""`/readyz`: the database, the broker, and how long the oldest due work of each stage has waited."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog
from celery import current_app
from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError

from apps.common.clock import database_now
from apps.predictions.services import stages, uploads
from apps.reports import services as reports

log = structlog.get_logger(__name__)

States = dict[str, dict[str, Any]]


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001  # every view takes the request
    """Answer 200, or 503 with the parts that are down and the stages that are late."""
    states = _part("database", _stages) | _part("broker", _broker)
    is_ready = all(state["ok"] for state in states.values())
    return JsonResponse(
        {"status": "ready" if is_ready else "not ready", **states},
        status=200 if is_ready else 503,
    )


def _part(name: str, ask: Callable[[], States]) -> States:
    """Ask a part, and return its state with those that it tells of."""
    started = time.monotonic()
    try:
        told, is_up = ask(), True
    except (DatabaseError, OperationalError, OSError) as error:
        log.warning("not_ready", part=name, error=str(error))
        told, is_up = {}, False
    return {name: {"ok": is_up, "ms": round(1000 * (time.monotonic() - started), 1)}, **told}


def _stages() -> States:
    now = database_now()
    since = stages.waiting_since() | {"uploads": uploads.waiting_since(), "reports": reports.waiting_since()}
    return {stage: _waits(began, now) for stage, began in since.items()}


def _waits(since: datetime | None, now: datetime) -> dict[str, Any]:
    """Judge a stage by how long its oldest due work has waited for a worker."""
    seconds = max((now - since).total_seconds(), 0.0) if since else 0.0
    return {"ok": seconds <= settings.LATE_SECONDS, "waits_s": round(seconds, 1)}


def _broker() -> States:
    with current_app.connection_for_read() as broker:
        broker.ensure_connection(max_retries=0, timeout=1)
    return {}
