"""The Celery application. Its messages are doorbells only, so a lost or repeated one does no harm."""

import os
import time
from typing import Any

import structlog
from celery import Celery
from celery.signals import heartbeat_sent, setup_logging, worker_process_init, worker_ready

from config.local import launch

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("countersign", task_cls="apps.common.doorbell:BellTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

HEARTBEAT_SECONDS = 10
log = structlog.get_logger(__name__)
_last_heartbeat = {"at": 0.0}


@setup_logging.connect
def keep_django_logging(**_: Any) -> None:
    """Keep Celery from replacing the logging of Django's settings; a receiver of this signal is enough."""


@worker_process_init.connect
def die_with_parent(**_: Any) -> None:
    """Let no pool process outlive its worker, however the worker ends."""
    launch.die_with_parent()


@worker_ready.connect
@heartbeat_sent.connect
def write_heartbeat(sender: Any = None, **_: Any) -> None:
    """Write the heartbeat that /readyz reads, at most every ten seconds."""
    from django.db import DatabaseError, connection  # noqa: PLC0415  # settings must be loaded first

    from apps.common.models import Heartbeat  # noqa: PLC0415  # apps must be loaded first

    if time.monotonic() - _last_heartbeat["at"] < HEARTBEAT_SECONDS:
        return
    _last_heartbeat["at"] = time.monotonic()
    try:
        Heartbeat.objects.beat(getattr(sender, "hostname", None) or "worker")
    except DatabaseError as error:
        log.warning("heartbeat_not_written", error=str(error))
    finally:
        connection.close()
