from celery import shared_task
from django.utils import timezone

from apps.predictions import partitions, quarantine


@shared_task(name="make_partitions")
def make_partitions() -> None:
    partitions.make_ahead(timezone.now())


@shared_task(name="expire_rejected")
def expire_rejected() -> None:
    quarantine.expire()
