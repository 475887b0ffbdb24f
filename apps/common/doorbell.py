"""The doorbell: tells the workers that rows are due. It carries nothing, and losing it loses nothing."""

import structlog
from celery import current_app
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)


def ring(bell: str) -> None:
    """Send the task named `bell`. A broker that is down is logged: the beat sweep rings again anyway."""
    try:
        current_app.send_task(bell, retry=False, expires=settings.SWEEP_SECONDS)
    except (OperationalError, OSError) as error:
        log.warning("doorbell_unheard", bell=bell, error=str(error))


def ring_on_commit(bell: str) -> None:
    """Ring once the rows that are due can be seen by others."""
    transaction.on_commit(lambda: ring(str(bell)))
