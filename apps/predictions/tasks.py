from celery import shared_task
from django.utils import timezone

from apps.predictions import partitions


@shared_task(name="make_partitions")
def make_partitions() -> None:
    partitions.make_ahead(timezone.now())
