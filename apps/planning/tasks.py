from celery import shared_task

from apps.planning.services import replaying


@shared_task(name="replay")
def replay() -> None:
    replaying.replay_due()
