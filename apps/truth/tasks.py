"""The bell that starts the resolver."""

from celery import shared_task

from apps.truth.services import resolving


@shared_task(name="resolve")
def resolve() -> None:
    resolving.resolve_due()
