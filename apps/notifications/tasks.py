"""The bells that write events and deliver them."""

from celery import shared_task

from apps.notifications.services import delivering, telling


@shared_task(name="tell")
def tell() -> None:
    telling.tell_due()


@shared_task(name=telling.BELL)
def deliver() -> None:
    delivering.deliver_due()
