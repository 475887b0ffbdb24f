"""Whether beat and the workers live. Their sign of life is a row; the web process sees it stop, and tells owners."""

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import F, Q
from django.db.models.functions import Now

from apps.accounts.models import Role, User
from apps.common import mail
from apps.notifications.models import Pulse

log = structlog.get_logger(__name__)
NAME = "sweep"
SUBJECT = "Countersign: no worker has given a sign of life"
TEXT = """\
No worker has given a sign of life since {since:%Y-%m-%d %H:%M} UTC. Predictions are still taken in and stored, but
nothing is drawn, counted or reported, and no alert is raised, until beat and the workers run again.

Look at {url}/readyz: it names the stages that wait.
"""


def beat() -> None:
    """Note that beat sent a task and a worker did it."""
    Pulse.objects.update_or_create(name=NAME, defaults={"at": Now()})


def last() -> datetime | None:
    """Return the last sign of life; None before the first."""
    at: datetime | None = Pulse.objects.filter(name=NAME).values_list("at", flat=True).first()
    return at


def silent_since() -> datetime | None:
    """Return the last sign of life if it is too long ago."""
    late = Now() - timedelta(seconds=settings.LATE_SECONDS)
    at: datetime | None = Pulse.objects.filter(name=NAME, at__lt=late).values_list("at", flat=True).first()
    return at


def tell_if_silent() -> bool:
    """Tell the owners of all projects, once for each silence, by this process's own mail. Returns whether it did."""
    late = Now() - timedelta(seconds=settings.LATE_SECONDS)
    silent = Pulse.objects.filter(Q(told_at=None) | Q(told_at__lt=F("at")), name=NAME, at__lt=late)
    if not silent.update(told_at=Now()):
        return False
    since = last()
    log.error("workers_silent", since=str(since))
    owners = User.objects.filter(memberships__role=Role.OWNER, is_active=True, is_simulated=False).distinct()
    for owner in owners:
        text = TEXT.format(since=since, url=settings.BASE_URL)
        mail.post(EmailMessage(SUBJECT, text, to=[owner.email]))
    return True
