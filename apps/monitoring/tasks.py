from celery import shared_task

from apps.monitoring import parked, services


@shared_task(name="inspect")
def inspect() -> None:
    services.inspect_due()


@shared_task(name="watch_parked")
def watch_parked() -> None:
    parked.watch()
