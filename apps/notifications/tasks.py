"""The bells that write events and deliver them, that tell people, and that send reports."""

from celery import shared_task

from apps.notifications.services import (
    alerting,
    awaiting,
    delivering,
    letters,
    mailing,
    notices,
    noticing,
    publishing,
    pulse,
    telling,
)


@shared_task(name="tell")
def tell() -> None:
    telling.tell_due()


@shared_task(name=telling.BELL)
def deliver() -> None:
    delivering.deliver_due()


@shared_task(name="notice")
def notice() -> None:
    noticing.notice_due()


@shared_task(name=notices.BELL)
def mail() -> None:
    mailing.mail_due()


@shared_task(name=publishing.BELL)
def publish() -> None:
    publishing.open_due()
    awaiting.look_due()


@shared_task(name=awaiting.BELL)
def send_letters() -> None:
    letters.send_due()


@shared_task(name="forget_letters")
def forget_letters() -> None:
    letters.forget_old()


@shared_task(name="look_at_rules")
def look_at_rules() -> None:
    alerting.look_due()


@shared_task(name="pulse")
def give_pulse() -> None:
    pulse.beat()
