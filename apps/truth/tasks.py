"""The bell that starts the resolver."""

from celery import shared_task

from apps.common import doorbell
from apps.truth.services import resolving


@shared_task(name="resolve")
def resolve() -> None:
    if resolving.resolve_due():
        doorbell.ring("count_truth")
        doorbell.ring("tell")
