"""Mails of notices: what belongs together is one message, sent once, tried again, given up with a reason."""

import smtplib
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone
from pytest_django import Settings

from apps.accounts.models import Membership, User
from apps.notifications.models import Notice, NoticeKind
from apps.notifications.services import inbox, mailing
from apps.notifications.services.notices import News, tell_each
from apps.notifications.services.retrying import MAX_ATTEMPTS, WAITS_SECONDS
from tests.factories import make_member, make_model, make_project
from tests.notifications.people import pass_time, prefers, tell
from tests.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def anna() -> Membership:
    """Somebody who wants a mail at once."""
    member = make_member(make_project())
    prefers(member, "mail")
    return member


class Server:
    """A mail server that takes messages, or fails."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.error: Exception | None = None
        self.tried = 0
        send = EmailMultiAlternatives.send

        def take(message: EmailMultiAlternatives, *arguments: Any) -> int:
            self.tried += 1
            if self.error:
                raise self.error
            return send(message, *arguments)

        monkeypatch.setattr(EmailMultiAlternatives, "send", take)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    return Server(monkeypatch)


def test_one_notice_reads_as_itself(anna: Membership, settings: Settings) -> None:
    settings.BASE_URL = "https://desk.example.org/tools"
    tell(anna, text="Look at <age>.")
    assert mailing.mail_due() == 1
    (sent,) = mail.outbox
    notice = Notice.objects.get()
    assert (sent.subject, sent.to) == ("Loans has drifted.", [anna.user.email])
    assert f"https://desk.example.org/tools/notices/{notice.pk}/" in sent.body
    assert "Look at <age>." in sent.body
    assert (
        f"You get this mail because you are a member of {anna.project.name} and are told by mail of: Alerts."
        in sent.body
    )
    assert "https://desk.example.org/tools/notices/settings/" in sent.body
    ((markup, kind),) = sent.alternatives
    assert kind == "text/html"
    assert "Look at &lt;age&gt;." in markup
    assert f'href="https://desk.example.org/tools/notices/{notice.pk}/"' in markup
    assert (notice.mailed_at is not None, notice.lease_token) == (True, None)
    assert mailing.mail_due() == 0
    assert len(mail.outbox) == 1


def test_what_is_due_for_one_person_about_one_model_is_one_message(anna: Membership) -> None:
    loans, cards = make_model(anna.project, name="Loans"), make_model(anna.project, name="Cards")
    ben = make_member(anna.project)
    prefers(ben, "mail")
    for member in (anna, ben):
        tell(member, "1", title="First.", model=loans)
        tell(member, "2", title="Second.", model=loans)
        tell(member, "3", title="Third.", model=cards)
        tell(member, "4", title="Fourth.")
    assert mailing.mail_due() == 6
    own = [each for each in mail.outbox if each.to == [anna.user.email]]
    assert sorted(each.subject for each in own) == ["2 notices about Loans", "Fourth.", "Third."]
    (digest,) = [each for each in own if each.subject.startswith("2")]
    assert digest.body.index("First.") < digest.body.index("Second.")


def test_a_daily_mail_waits_until_the_morning_and_has_all_of_the_day(anna: Membership) -> None:
    prefers(anna, "digest")
    for number in range(3):
        tell(anna, str(number), title=f"Drift {number}.")
    assert mailing.mail_due() == 0
    assert mailing.waiting_since() is None
    pass_time(days=1)
    assert mailing.waiting_since() is not None
    assert mailing.mail_due() == 1
    assert mail.outbox[0].subject == f"3 notices about {anna.project.name}"


def test_a_storm_of_one_model_is_one_mail(anna: Membership) -> None:
    model = make_model(anna.project, name="Loans")
    for_anna = partial(News, anna.user, NoticeKind.ALERT, url="/", project=anna.project, model=model)
    tell_each([for_anna(key=str(n), title=f"Feature {n} is missing.") for n in range(1_000)])
    assert mailing.mail_due() == 1
    (sent,) = mail.outbox
    assert sent.subject == "1,000 notices about Loans"
    assert sent.body.count("is missing") == mailing.MOST_LISTED
    assert "And 950 more:" in sent.body
    assert not Notice.objects.filter(mailed_at=None).exists()


def test_what_was_read_in_the_meantime_is_not_mailed(anna: Membership) -> None:
    tell(anna, "1")
    tell(anna, "2", title="Second.")
    inbox.open_notice(Notice.objects.get(key="1"))
    assert mailing.mail_due() == 1
    assert mail.outbox[0].subject == "Second."


def test_whoever_has_left_or_closed_their_account_gets_no_mail(anna: Membership) -> None:
    ben = make_member(anna.project)
    prefers(ben, "mail")
    tell(anna)
    tell(ben)
    Membership.objects.filter(pk=anna.pk).delete()
    User.objects.filter(pk=ben.user_id).update(is_active=False)
    assert mailing.mail_due() == 0
    assert mailing.waiting_since() is None


def test_a_title_cannot_add_a_header(anna: Membership) -> None:
    tell(anna)
    # However it came into the database.
    Notice.objects.update(title="Loans\r\nBcc: eve@example.org")
    assert mailing.mail_due() == 1
    sent = mail.outbox[0].message()
    assert sent["Subject"] == "Loans Bcc: eve@example.org"
    assert sent["Bcc"] is None


def test_a_mail_that_is_refused_is_tried_again_later_and_given_up_in_the_end(anna: Membership, server: Server) -> None:
    tell(anna)
    server.error = smtplib.SMTPDataError(550, b"Mailbox full")
    for attempt in range(1, MAX_ATTEMPTS + 1):
        assert mailing.mail_due() == 0
        notice = Notice.objects.get()
        assert (notice.attempts, notice.lease_token) == (attempt, None)
        assert "Mailbox full" in notice.said
        if attempt < MAX_ATTEMPTS:
            wait = (notice.mail_due_at - timezone.now()).total_seconds()
            assert 0.75 * WAITS_SECONDS[attempt - 1] - 2 < wait < 1.25 * WAITS_SECONDS[attempt - 1]
        pass_time(days=2)
    assert notice.failed_at is not None
    assert mailing.mail_due() == 0
    server.error = None
    assert inbox.mail_again(anna.user) == 1
    assert mailing.mail_due() == 1
    assert Notice.objects.get().said == ""


def test_a_server_that_is_away_is_asked_once_a_turn(anna: Membership, server: Server) -> None:
    server.error = ConnectionRefusedError("nobody listens")
    for number in range(3):
        tell(anna, str(number), model=make_model(anna.project))
    assert mailing.mail_due() == 0
    assert server.tried == 1
    # The others wait a minute, and are not late by that.
    assert mailing.waiting_since() is None
    assert list(Notice.objects.order_by("key").values_list("attempts", flat=True)) == [1, 0, 0]
    server.error = None
    pass_time(days=1)
    assert mailing.mail_due() == 3


def test_one_refused_address_does_not_stop_the_others(anna: Membership, server: Server) -> None:
    ben = make_member(anna.project)
    prefers(ben, "mail")
    tell(anna)
    tell(ben)
    server.error = smtplib.SMTPRecipientsRefused({"x": (550, b"unknown")})
    mailing.mail_due()
    assert server.tried == 2


def test_a_message_that_cannot_be_written_fails_alone(anna: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    ben = make_member(anna.project)
    prefers(ben, "mail")
    tell(anna)
    tell(ben)
    write = mailing.message

    def fail_for_anna(notices: list[Notice]) -> EmailMultiAlternatives:
        if notices[0].user_id == anna.user_id:
            raise ValueError("broken")
        return write(notices)

    monkeypatch.setattr(mailing, "message", fail_for_anna)
    assert mailing.mail_due() == 1
    assert Notice.objects.get(user=anna.user).said == "ValueError: broken"


def test_what_a_killed_worker_had_in_hand_is_sent_once(anna: Membership) -> None:
    tell(anna)
    assert len(mailing._claim()) == 1
    assert mailing.mail_due() == 0  # it is in hand
    pass_time(days=1)
    assert mailing.mail_due() == 1
    assert mailing.mail_due() == 0
    assert len(mail.outbox) == 1


def test_a_worker_killed_after_sending_repeats_the_same_message(
    anna: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(anna, "1")
    tell(anna, "2")

    def die(*_: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(mailing, "_note", die)
        with pytest.raises(SystemExit):
            mailing.mail_due()
    pass_time(days=1)
    # Neither what came later nor what was read changes the message.
    tell(anna, "3", title="Third.")
    inbox.open_notice(Notice.objects.get(key="1"))
    assert mailing.mail_due() == 2
    first, *others = mail.outbox
    (again,) = [each for each in others if each.subject == first.subject]
    assert again.extra_headers["Message-ID"] == first.extra_headers["Message-ID"]
    assert again.body == first.body
    assert len({each.extra_headers["Message-ID"] for each in mail.outbox}) == 2


def test_a_worker_whose_lease_was_taken_before_sending_sends_nothing(
    anna: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(anna)
    claim, taken = mailing._claim, uuid4()

    def claim_and_lose() -> list[Notice]:
        claimed = claim()
        if claimed:
            Notice.objects.update(lease_token=taken, lease_expires_at=timezone.now() + timedelta(minutes=1))
        return claimed

    monkeypatch.setattr(mailing, "_claim", claim_and_lose)
    assert mailing.mail_due() == 0
    assert mail.outbox == []
    assert Notice.objects.get().lease_token == taken


def test_a_late_worker_overwrites_nothing(anna: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(anna)
    claimed = mailing._claim()
    pass_time(days=1)
    assert mailing.mail_due() == 1
    before = Notice.objects.values().get()
    mailing._note(claimed, OSError("too late"))
    assert Notice.objects.values().get() == before
    assert mailing.mail_due() == 0


def test_the_message_id_depends_on_person_and_notices_alone(anna: Membership) -> None:
    ben = make_member(anna.project)
    prefers(ben, "mail")
    tell(anna)
    tell(ben)
    ids = [mailing.message([each]).extra_headers["Message-ID"] for each in Notice.objects.order_by("pk")]
    again = [mailing.message([each]).extra_headers["Message-ID"] for each in Notice.objects.order_by("pk")]
    assert ids == again
    assert len(set(ids)) == 2
    assert ids[0].endswith("@127.0.0.1>")


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_one_message() -> None:
    member = make_member(make_project())
    prefers(member, "mail")
    for number in range(200):
        tell(member, str(number), kind=NoticeKind.ALERT)
    assert sum(at_once(mailing.mail_due, mailing.mail_due)) == 1
    assert not Notice.objects.filter(mailed_at=None).exists()
