from celery import shared_task

from apps.monitoring.services import inspecting, parked


@shared_task(name="inspect")
def inspect() -> None:
    inspecting.inspect_due()


@shared_task(name="watch_parked")
def watch_parked() -> None:
    parked.watch()
