from celery import shared_task

from apps.review import services


@shared_task(name="open_items")
def open_items() -> None:
    services.open_due_items()
    services.close_lapsed()
    services.free_abandoned()
    services.rekey_due()
