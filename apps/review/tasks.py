from celery import shared_task

from apps.review import services
from apps.review.services import verdicts


@shared_task(name="open_items")
def open_items() -> None:
    services.open_due_items()
    services.close_lapsed()
    services.free_abandoned()
    services.rekey_due()
    verdicts.end_due()
