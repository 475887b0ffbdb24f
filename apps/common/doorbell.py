"""The doorbell: tells the workers that rows are due. It carries nothing, and losing it loses nothing."""

import structlog
from celery import Task, current_app
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from apps.common import broker

log = structlog.get_logger(__name__)

# A bell that is not answered for so long is rung again.
PENDING_MS = 1_000


class BellTask(Task):  # type: ignore[type-arg]  # its parameters are a task's own
    """A task that is rung for: before it looks for rows it takes the bell as answered."""

    def before_start(self, _task_id: str, _args: tuple[object, ...], _kwargs: dict[str, object]) -> None:
        answer(self.name)


def ring(bell: str) -> None:
    """Send the task named `bell`, unless it is on its way: it will see whatever is committed by now.

    A broker that is down is logged: the beat sweep rings again anyway.
    """
    try:
        if broker.client(settings.CELERY_BROKER_URL).set(_pending(bell), 1, nx=True, px=PENDING_MS):
            current_app.send_task(bell, retry=False, expires=settings.SWEEP_SECONDS)
    except (OperationalError, RedisError, OSError) as error:
        log.warning("doorbell_unheard", bell=bell, error=str(error))


def answer(bell: str) -> None:
    """Whoever commits rows from now on rings again."""
    try:
        broker.client(settings.CELERY_BROKER_URL).delete(_pending(bell))
    except (RedisError, OSError) as error:
        log.warning("doorbell_not_answered", bell=bell, error=str(error))


def ring_on_commit(bell: str) -> None:
    """Ring once the rows that are due can be seen by others."""
    transaction.on_commit(lambda: ring(str(bell)))


def _pending(bell: str) -> str:
    return f"countersign:bell:{bell}"
