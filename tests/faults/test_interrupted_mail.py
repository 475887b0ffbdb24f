"""A worker is killed while it mails: what it had in hand is mailed once its lease has run out, and only then."""

import pytest
from django.core import mail

from apps.notifications.models import Notice
from apps.notifications.services import mailing
from tests.factories import make_member, make_project
from tests.faults.workers import stuck_worker
from tests.notifications.people import pass_time, prefers, tell

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

# Hangs where the mail server would take the message.
HANGING_WORKER = """
import django, time
django.setup()
from apps.notifications.services import mailing

def hang(claimed):
    print("in the middle", flush=True)
    time.sleep(600)

mailing._send = hang
mailing.mail_due()
"""


def test_what_a_killed_worker_had_in_hand_is_mailed_once() -> None:
    anna = make_member(make_project())
    prefers(anna, "mail")
    for number in range(3):
        tell(anna, str(number))
    with stuck_worker(HANGING_WORKER):
        assert mailing.mail_due() == 0
    assert mailing.mail_due() == 0
    pass_time(days=1)
    assert mailing.mail_due() == 1
    assert mailing.mail_due() == 0
    assert [each.subject for each in mail.outbox] == [f"3 notices about {anna.project.name}"]
    assert not Notice.objects.filter(mailed_at=None).exists()
