"""The bell of truth."""

from celery import shared_task

from apps.truth import services


@shared_task(name="resolve")
def resolve() -> None:
    services.resolve_due()
