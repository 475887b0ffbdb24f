"""The doorbell tells workers that rows are due. A message carries no data, so losing one loses nothing."""

import structlog
from celery import Task, current_app
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from apps.common import broker

log = structlog.get_logger(__name__)

# A bell that no worker has answered for this long may ring again.
PENDING_MS = 1_000


class BellTask(Task):  # type: ignore[type-arg]  # its parameters are a task's own
    """A task that a bell starts. It answers the bell before it looks for rows."""

    def before_start(self, _task_id: str, _args: tuple[object, ...], _kwargs: dict[str, object]) -> None:
        answer(self.name)


def ring(bell: str) -> None:
    """Send the task named `bell`, unless one is on its way: that one will see all that is committed so far.

    If the broker is down, only log it: beat rings every bell again anyway.
    """
    try:
        if broker.client(settings.CELERY_BROKER_URL).set(_pending(bell), 1, nx=True, px=PENDING_MS):
            current_app.send_task(bell, retry=False, expires=settings.SWEEP_SECONDS)
    except (OperationalError, RedisError, OSError) as error:
        log.warning("doorbell_not_sent", bell=bell, error=str(error))


def answer(bell: str) -> None:
    """Mark the bell as answered: rows committed from now on ring it again."""
    try:
        broker.client(settings.CELERY_BROKER_URL).delete(_pending(bell))
    except (RedisError, OSError) as error:
        log.warning("doorbell_not_answered", bell=bell, error=str(error))


def ring_on_commit(bell: str) -> None:
    """Ring as soon as the transaction commits and workers can see its rows."""
    transaction.on_commit(lambda: ring(str(bell)))


def _pending(bell: str) -> str:
    return f"countersign:bell:{bell}"
