"""The task that makes studies."""

from celery import shared_task

from apps.retraining import services


@shared_task(name="study_retraining")
def study_retraining() -> None:
    services.run_due()
