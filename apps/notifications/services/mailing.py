"""Mail notices: what is due for one person about one model goes out as one message.

A message may go out twice only where a worker dies between the mail server's acceptance and its own commit. Both then
have the same Message-ID.
"""

import smtplib
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

import structlog
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import Min
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.urls import reverse

from apps.accounts.models import User
from apps.common import doorbell
from apps.common.errors import storable
from apps.common.leases import RELEASED
from apps.common.numerals import count
from apps.notifications.models import Notice
from apps.notifications.services.notices import BELL, inside, one_line
from apps.notifications.services.retrying import MAX_ATTEMPTS, about, wait_after

log = structlog.get_logger(__name__)

# Longer than a mail server takes that answers each step at the last moment.
LEASE_SECONDS = 120
TURN_SECONDS = 30
# A mail server that is away is tried this often.
PAUSE_SECONDS = 60
# A storm is one mail, however large.
MOST_CLAIMED = 10_000
MOST_LISTED = 50
NAMESPACE = uuid5(NAMESPACE_URL, "countersign:notices")


def mail_due() -> int:
    """Send all mails that are due, and return how many were taken."""
    taken, until = 0, time.monotonic() + TURN_SECONDS
    while claimed := _claim():
        if not _is_held(claimed):
            continue
        error = _send(claimed)
        _note(claimed, error)
        taken += error is None
        if error is not None and is_away(error):
            _postpone()
            break
        if time.monotonic() > until:
            doorbell.ring(BELL)
            break
    return taken


def waiting_since() -> datetime | None:
    """Return since when the oldest mail waits that could be sent now; None without any."""
    due = Notice.objects.due().unleased().order_by()
    since: datetime | None = due.aggregate(since=Min("mail_due_at"))["since"]
    return since


@transaction.atomic
def _claim() -> list[Notice]:
    """Claim what the next message says; nothing where nothing is due, or another worker is at the same person.

    After a crash that is what the message said before: those under one expired token.
    """
    first = Notice.objects.due().unleased().first()
    if first is None:
        return []
    # Two workers would tear what belongs into one message apart.
    person = User.objects.filter(pk=first.user_id).select_for_update(no_key=True, skip_locked=True)
    if person.first() is None:
        return []
    together = Notice.objects.due().filter(
        user=first.user_id, project=first.project_id, model=first.model_id, lease_token=first.lease_token
    )
    claimed: list[Notice] = together.order_by("pk").claim(seconds=LEASE_SECONDS, limit=MOST_CLAIMED)
    return claimed


def _is_held(claimed: list[Notice]) -> bool:
    """Whether all of it is still ours just before it is sent."""
    held: int = _rows(claimed).count()
    if held < len(claimed):
        log.warning("mail_lease_lost", notices=len(claimed) - held)
    return held == len(claimed)


def _rows(claimed: Sequence[Notice]) -> Any:
    return Notice.objects.filter(pk__in=[each.pk for each in claimed]).held(claimed[0].lease_token)


def _send(claimed: list[Notice]) -> Exception | None:
    """Send one message; return why it was not taken."""
    try:
        message(claimed).send()
    except Exception as error:  # noqa: BLE001  # whatever it is, it concerns this message only
        log.warning("mail_not_sent", user=claimed[0].user_id, notices=len(claimed), error=str(error))
        return error
    return None


def is_away(error: Exception) -> bool:
    """True where the server itself does not answer or admits nobody, so that the next message would fail too."""
    says_of_message = isinstance(error, (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused))
    refuses_all = isinstance(error, (smtplib.SMTPConnectError, smtplib.SMTPAuthenticationError))
    return isinstance(error, OSError) and (refuses_all or not says_of_message)


def _postpone() -> None:
    """Let all that is due wait: it would fail too. A mail server that is away makes nothing late."""
    Notice.objects.due().unleased().order_by().update(mail_due_at=Now() + about(PAUSE_SECONDS))


@transaction.atomic
def _note(claimed: list[Notice], error: Exception | None) -> None:
    """Write down what became of a message, where its notices are still ours."""
    by_attempts = defaultdict(list)
    for each in claimed:
        by_attempts[each.attempts].append(each)
    noted = sum(
        _rows(rows).update(**RELEASED, **_changes(error, attempts=attempts)) for attempts, rows in by_attempts.items()
    )
    if noted < len(claimed):
        log.warning("mail_lease_lost", notices=len(claimed) - noted)


def _changes(error: Exception | None, *, attempts: int) -> dict[str, Any]:
    if error is None:
        return {"mailed_at": Now(), "said": ""}
    is_last = attempts >= MAX_ATTEMPTS
    ending = {"failed_at": Now()} if is_last else {"mail_due_at": Now() + wait_after(attempts)}
    return {"said": storable(error), **ending}


def message(notices: list[Notice]) -> EmailMultiAlternatives:
    """Return the message that tells a person of these notices, which are all of one project and model."""
    with notices[0].project.conventions():
        return _message(notices)


def _message(notices: list[Notice]) -> EmailMultiAlternatives:
    first = notices[0]
    about = first.model.name if first.model else first.project.name
    context = {
        "about": about,
        "project": first.project,
        "lines": [(each, _absolute(reverse("notice", args=[each.pk]))) for each in notices[:MOST_LISTED]],
        "more": max(len(notices) - MOST_LISTED, 0),
        "kinds": sorted({each.get_kind_display() for each in notices}),
        "list_url": _absolute(reverse("notices")),
        "settings_url": _absolute(reverse("notice_settings")),
    }
    subject = first.title if len(notices) == 1 else f"{count(len(notices))} notices about {about}"
    mail = EmailMultiAlternatives(
        one_line(subject),
        render_to_string("notifications/mail/notices.txt", context),
        to=[first.user.email],
        headers={"Message-ID": _message_id(notices), "Auto-Submitted": "auto-generated"},
    )
    mail.attach_alternative(render_to_string("notifications/mail/notices.html", context), "text/html")
    return mail


def _message_id(notices: list[Notice]) -> str:
    """Return the same id whenever the same notices are sent."""
    keys = "\x1f".join([str(notices[0].user_id), *sorted(each.key for each in notices)])
    return f"<{uuid5(NAMESPACE, keys)}@{urlsplit(settings.BASE_URL).hostname}>"


def _absolute(path: str) -> str:
    return f"{settings.BASE_URL}{inside(path)}"
