"""Letters: each is sent once, with what its reader may see at that moment, and can be ended without signing in."""

import re
import smtplib
from datetime import timedelta
from email.message import Message
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db.models import F

from apps.accounts.models import Membership, Role
from apps.notifications.models import Letter
from apps.notifications.services import letters, subscribing
from apps.notifications.services.composing import compose
from apps.notifications.services.retrying import MAX_ATTEMPTS
from apps.notifications.services.subscribing import Wanted
from apps.registry.models import ValueModel
from apps.reports.models import Report
from apps.reports.services import headlines
from tests.factories import make_member
from tests.notifications.subscribers import letter_to, make_edition, send, subscribe
from tests.reports.documents import END, START, document, figure
from tests.reports.stored import make_report, report_model
from tests.threads import at_once

pytestmark = pytest.mark.django_db


class Server:
    """A mail server that takes messages, or fails for some addresses."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.errors: dict[str, Exception] = {}
        take = EmailBackend.send_messages

        def send_messages(backend: EmailBackend, messages: Any) -> int:
            (message,) = messages
            if error := self.errors.get(message.to[0]) or self.errors.get("*"):
                raise error
            return take(backend, messages)

        monkeypatch.setattr(EmailBackend, "send_messages", send_messages)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    return Server(monkeypatch)


def parts(message: Any) -> dict[str, Message]:
    return {each.get_content_type(): each for each in message.message().walk()}


def test_a_letter_says_the_sentence_three_figures_and_how_to_stop_it() -> None:
    member, _ = letter_to()
    assert send() == 1
    assert send() == 0
    (message,) = mail.outbox
    assert message.to == [member.user.email]
    # No figures where others may read them.
    assert message.subject == f"{Report.objects.get().model.name}: value report, last 28 days"
    body = message.body.replace("\xa0", " ")
    assert "From 25 May to 27 September 2026, the model earned" in body
    assert "Gain over the baseline: $1,320,000\n  counted" in body
    assert "Preliminary: final through" in message.body
    assert "Stop these mails: http" in message.body
    assert Letter.objects.get().is_preliminary


def test_the_picture_stands_in_the_mail_and_its_words_beside_it() -> None:
    letter_to()
    send()
    found = parts(mail.outbox[0])
    assert found["image/png"]["Content-ID"] == "<picture>"
    picture = found["image/png"].get_payload(decode=True)
    assert isinstance(picture, bytes)
    assert picture.startswith(b"\x89PNG")
    html = found["text/html"].get_payload(decode=True)
    assert isinstance(html, bytes)
    assert b'src="cid:picture" alt="25 to 31 May 2026' in html


def test_a_mail_program_ends_it_with_one_click(client: Any) -> None:
    letter_to()
    send()
    headers = mail.outbox[0].message()
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = re.sub(r"^<https?://[^/]+|>$", "", headers["List-Unsubscribe"])
    client.handler.enforce_csrf_checks = True
    assert client.post(address, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert Letter.objects.get().subscription.left_at is not None


def test_the_pdf_is_attached_where_that_was_chosen_and_linked_elsewhere() -> None:
    letter_to(attaches_pdf=True)
    letter_to()
    send()
    attached, linked = mail.outbox
    assert parts(attached)["application/pdf"].get_filename() == "-".join(
        [Report.objects.order_by("pk").first().model.slug, "value-2026-05-25-2026-11-22.pdf"]
    )
    assert "report.pdf" not in attached.body
    assert "/report.pdf" in linked.body


@pytest.mark.parametrize(("role", "names_sex"), [(Role.STAKEHOLDER, False), (Role.ENGINEER, True)])
def test_a_reader_sees_what_their_role_may_see_at_that_moment(role: Role, names_sex: bool) -> None:
    member, edition = letter_to(Role.REVIEWER, attaches_pdf=True)
    Membership.objects.filter(pk=member.pk).update(role=role)
    sensitive = make_report(edition.report.model, "performance", seq=900)
    edition.schedule.kind = "performance"
    edition.report = sensitive
    shown = compose(edition, role=role)
    from apps.reports.services.visible import visible

    assert ("sex" in str(visible(sensitive, role=role).document)) is names_sex
    assert shown.attached is not None


def test_a_report_is_laid_out_once_for_each_view_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    model = report_model()
    for role in [Role.STAKEHOLDER, Role.REVIEWER, Role.ENGINEER, Role.OWNER] * 3:
        made = subscribe(make_member(model.project, role), model)
    make_edition(made.schedule, make_report(model))
    laid_out: list[Role] = []

    def counted(edition: Any, *, role: Role) -> Any:
        laid_out.append(role)
        return compose(edition, role=role)

    monkeypatch.setattr(letters, "compose", counted)
    assert send() == 12
    assert len(laid_out) == 2


def test_somebody_who_has_left_the_project_gets_nothing() -> None:
    member, _ = letter_to()
    member.delete()
    assert send() == 0
    assert Letter.objects.get().said == letters.GONE
    assert not mail.outbox


def test_somebody_who_has_unsubscribed_gets_nothing_that_waits() -> None:
    member, _ = letter_to()
    subscribing.leave(member.user.subscriptions.get(), by=member.user)
    assert send() == 0
    assert Letter.objects.get().said == subscribing.LEFT


def test_what_changed_since_the_last_mail_is_told() -> None:
    model = report_model()
    made = subscribe(make_member(model.project), model)
    make_edition(made.schedule, make_report(model))
    moved = document("value")
    moved["sections"]["all"]["value_difference"] = figure(52_000.0, 4_000.0)
    edition = make_edition(made.schedule, make_report(model, seq=900, document=moved))
    text = compose(edition, role=Role.STAKEHOLDER).text.replace("\xa0", " ")
    assert re.search(r"Gain over the baseline: we told you .*; now it is \$52,000 \(95 % range", text)


def test_what_is_not_as_usual_is_told_first() -> None:
    _, edition = letter_to()
    edition.missed, edition.is_stale = 2, True
    text = compose(edition, role=Role.STAKEHOLDER).text
    assert "Our workers were stopped, and 2 mails were left out; this is the newest." in text
    assert "This report is as of 20 November 2026: a newer one was not ready when this mail had to go." in text


def test_a_time_without_predictions_is_a_mail_that_says_so() -> None:
    model = report_model()
    made = subscribe(make_member(model.project), model)
    edition = make_edition(made.schedule)
    assert "There were no predictions in this time." in compose(edition, role=Role.STAKEHOLDER).text


def test_all_models_are_one_mail_with_a_total_whose_range_adds_variances() -> None:
    first = report_model()
    second = report_model(first.project)
    made = subscribing.subscribe(
        first.project, Wanted("weekly", "last_28_days", day=1, hour=8), user=make_member(first.project).user
    )
    for model, half in ((first, 30_000.0), (second, 40_000.0)):
        ValueModel.objects.create(model=model, version=1, matrix={}, currency="USD")
        shown = document("value")
        shown["sections"]["all"]["value_difference"] = figure(500_000.0, half)
        headlines.record(make_report(model, document=shown))
    edition = make_edition(made.schedule, start=START, end=END)
    text = compose(edition, role=Role.STAKEHOLDER).text.replace("\xa0", " ")
    # The half-width of the sum: the root of 30,000² + 40,000².
    assert "2 models together gained $1,000,000 over what they replaced (95 % range $950,000 to $1,050,000)." in text
    assert text.count("the model earned about") == 2
    assert "Preliminary: not all days are final." in text


def test_an_address_that_is_refused_fails_alone_and_is_sent_again(server: Server) -> None:
    first, edition = letter_to()
    other = subscribe(make_member(edition.schedule.project), edition.schedule.model)
    Letter.objects.create(edition=edition, subscription=other, next_try_at=edition.due_at)
    server.errors[first.user.email] = smtplib.SMTPRecipientsRefused({first.user.email: (550, b"unknown")})
    assert send() == 1
    waiting = Letter.objects.get(subscription__user=first.user)
    assert "unknown" in waiting.said
    assert (waiting.attempts, waiting.failed_at) == (1, None)
    Letter.objects.filter(pk=waiting.pk).update(attempts=MAX_ATTEMPTS - 1)
    assert send() == 0
    assert Letter.objects.failed().get() == waiting
    server.errors.clear()
    assert letters.send_again(Letter.objects.failed()) == 1
    assert letters.send_due() == 1
    assert not Letter.objects.failed().exists()


def test_a_mail_server_that_is_away_makes_no_letter_fail(server: Server) -> None:
    letter_to()
    letter_to()
    server.errors["*"] = ConnectionRefusedError("refused")
    assert send() == 0
    assert set(Letter.objects.values_list("attempts", "failed_at", "lease_token")) == {(0, None, None)}
    server.errors.clear()
    assert send() == 2


def test_what_a_dead_worker_held_is_sent_once_its_lease_is_over() -> None:
    letter_to()
    Letter.objects.update(next_try_at=F("next_try_at") - timedelta(days=1))
    Letter.objects.due().claim(seconds=120)
    assert letters.send_due() == 0
    Letter.objects.update(lease_expires_at=F("lease_expires_at") - timedelta(days=1))
    assert letters.send_due() == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_each_letter_once() -> None:
    model = report_model()
    for _ in range(20):
        made = subscribe(make_member(model.project, Role.STAKEHOLDER), model)
    make_edition(made.schedule, make_report(model))
    assert sum(at_once(letters.send_due, letters.send_due)) == 20
    assert len({message.to[0] for message in mail.outbox}) == len(mail.outbox) == 20
