"""Tasks that run report jobs and refresh outdated reports."""

from celery import shared_task

from apps.common import doorbell
from apps.reports import services


@shared_task(name="run_reports")
def run_reports() -> None:
    services.run_due()
    doorbell.ring("tell")


@shared_task(name="refresh_reports")
def refresh_reports() -> None:
    services.refresh_due()
    services.record_missing()
    services.explain_due()
    services.forget_evidence()
