from celery import shared_task
from django.utils import timezone

from apps.predictions.services import loading, partitions, quarantine, stuck, uploads


@shared_task(name="make_partitions")
def make_partitions() -> None:
    partitions.make_ahead(timezone.now())


@shared_task(name="expire_rejected")
def expire_rejected() -> None:
    quarantine.expire()


@shared_task(name="drop_payloads")
def drop_payloads() -> None:
    partitions.drop_old_payloads(timezone.now())


@shared_task(name="load_uploads")
def load_uploads() -> None:
    loading.load_due()


@shared_task(name="expire_uploads")
def expire_uploads() -> None:
    uploads.expire()


@shared_task(name="watch_batches")
def watch_batches() -> None:
    stuck.watch()
