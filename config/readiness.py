"""`/readyz`: the database, the broker, and how long the oldest due work of each stage has waited."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from apps.common import broker
from apps.common.clock import database_now
from apps.explanations.services import checking, trials
from apps.notifications.services import delivering, letters, mailing, pulse
from apps.predictions.services import stages, uploads
from apps.reports import services as reports
from apps.retraining import services as retraining
from apps.truth.services import resolving

log = structlog.get_logger(__name__)

States = dict[str, dict[str, Any]]


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:  # noqa: ARG001  # every view takes the request
    """Answer 200, or 503 with the parts that are down and the stages that are late."""
    states = _part("database", _stages) | _part("broker", _broker) | _part("workers", _workers)
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
    except (DatabaseError, RedisError, OSError) as error:
        log.warning("not_ready", part=name, error=str(error))
        told, is_up = {}, False
    return {name: {"ok": is_up, "ms": round(1000 * (time.monotonic() - started), 1)}, **told}


def _stages() -> States:
    """Tell how long the oldest due work of each stage waits, and how many batches no worker tries again."""
    now, given_up = database_now(), stages.given_up_by_stage()
    since = stages.waiting_since() | {
        "resolve_items": resolving.items_waiting_since(),
        "uploads": uploads.waiting_since(),
        "reports": reports.waiting_since(),
        "studies": retraining.waiting_since(),
        "deliveries": delivering.waiting_since(),
        "mails": mailing.waiting_since(),
        "letters": letters.waiting_since(),
        "file_checks": checking.waiting_since(),
        "trials": trials.waiting_since(),
    }
    told = {stage: _waits(began, now) for stage, began in since.items()}
    # They wait for a person, who has an incident about them: the others' work goes on.
    states = {stage: state | {"given_up": given_up.get(stage, 0)} for stage, state in told.items()}
    # Where the system has no seccomp, only limits hold a model file: it works, and people should know.
    return states | {"model_files": {"ok": True, "sealed": checking.sealed_with()}}


def _waits(since: datetime | None, now: datetime) -> dict[str, Any]:
    """Judge a stage by how long its oldest due work has waited for a worker."""
    seconds = max((now - since).total_seconds(), 0.0) if since else 0.0
    return {"ok": seconds <= settings.LATE_SECONDS, "waits_s": round(seconds, 1)}


def _workers() -> States:
    """Tell how long beat and the workers have given no sign of life, and tell people once if that is too long."""
    pulse.tell_if_silent()
    return {"workers": _waits(pulse.last(), database_now())}


def _broker() -> States:
    broker.client(settings.CELERY_BROKER_URL).ping()
    return {}
