from celery import shared_task

from apps.planning.services import recommending


@shared_task(name=recommending.BELL)
def fit_recommended() -> None:
    recommending.fit_due()
