from celery import shared_task

from apps.planning.services import recommending, replaying


@shared_task(name=recommending.BELL)
def fit_recommended() -> None:
    recommending.fit_due()


@shared_task(name="replay")
def replay() -> None:
    replaying.replay_due()
