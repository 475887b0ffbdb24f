"""The Celery application: it carries doorbells only, so a lost or repeated message does no harm."""

import os
import time
from typing import Any

import structlog
from celery import Celery
from celery.signals import heartbeat_sent, setup_logging, worker_process_init, worker_ready

from config.local import deathsig

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("countersign", task_cls="apps.common.doorbell:BellTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

HEARTBEAT_SECONDS = 10
log = structlog.get_logger(__name__)
_last_beat = {"at": 0.0}


@setup_logging.connect
def keep_our_logging(**_: Any) -> None:
    """Celery leaves the logging of Django's settings alone."""


@worker_process_init.connect
def die_with_parent(**_: Any) -> None:
    """A pool process does not outlive its worker, however that ends."""
    deathsig.die_with_parent()


@worker_ready.connect
@heartbeat_sent.connect
def tell_that_we_live(sender: Any = None, **_: Any) -> None:
    """Write the heartbeat that /readyz reads, at most every ten seconds."""
    from django.db import DatabaseError, connection  # noqa: PLC0415  # settings must be loaded first

    from apps.common.models import Heartbeat  # noqa: PLC0415  # apps must be loaded first

    if time.monotonic() - _last_beat["at"] < HEARTBEAT_SECONDS:
        return
    _last_beat["at"] = time.monotonic()
    try:
        Heartbeat.objects.beat(getattr(sender, "hostname", None) or "worker")
    except DatabaseError as error:
        log.warning("heartbeat_not_written", error=str(error))
    finally:
        connection.close()
