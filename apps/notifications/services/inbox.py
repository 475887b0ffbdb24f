"""A person's notices: what they read, and how they want to be told."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from apps.accounts.models import Project, User
from apps.common import doorbell
from apps.common.leases import RELEASED
from apps.notifications.models import USUAL, How, Notice, NoticeKind, Preference
from apps.notifications.querysets import NoticeQuerySet
from apps.notifications.services.notices import BELL

# The bell counts no further.
MOST_COUNTED = 100


@dataclass(frozen=True)
class Wanted:
    """Which notices to list; empty: any."""

    text: str = ""
    kind: str = ""
    project: Project | None = None
    state: str = ""


def listed(user: User, wanted: Wanted) -> NoticeQuerySet:
    """Select a person's notices, newest first."""
    rows = Notice.objects.of(user).select_related("project", "model").order_by("-pk")
    if wanted.text:
        rows = rows.filter(Q(title__icontains=wanted.text) | Q(text__icontains=wanted.text))
    if wanted.kind:
        rows = rows.filter(kind=wanted.kind)
    if wanted.project:
        rows = rows.filter(project=wanted.project)
    return rows.unread() if wanted.state == "unread" else rows


def unread(user: User) -> int:
    """Count what the person has not read, up to MOST_COUNTED."""
    return Notice.objects.of(user).unread()[:MOST_COUNTED].count()


def open_notice(notice: Notice) -> str:
    """Mark a notice read; return the path to which it leads."""
    Notice.objects.unread().filter(pk=notice.pk).update(read_at=Now())
    return notice.url


def read_all(user: User, *, until: datetime | None = None) -> int:
    """Mark all of the person's notices read, up to the moment at which they saw the list. Returns how many."""
    rows = Notice.objects.of(user).unread()
    return (rows.filter(created_at__lte=until) if until else rows).update(read_at=Now())


@transaction.atomic
def mail_again(user: User) -> int:
    """Try the mails that were given up once more. Returns of how many notices."""
    fresh: dict[str, Any] = {"attempts": 0, "failed_at": None, "mail_due_at": Now(), "said": ""}
    again = Notice.objects.of(user).failed().update(**fresh, **RELEASED)
    if again:
        doorbell.ring_on_commit(BELL)
    return again


def preferences(user: User) -> dict[NoticeKind, How]:
    """Return how the person is told of each kind."""
    chosen = {NoticeKind(kind): How(how) for kind, how in user.preferences.values_list("kind", "how")}
    return USUAL | chosen


@transaction.atomic
def prefer(user: User, choices: Mapping[NoticeKind, How]) -> None:
    """Store how the person wants to be told. What waits to be mailed, and is not wanted by mail any more, stays."""
    rows = [Preference(user=user, kind=kind, how=how) for kind, how in choices.items()]
    Preference.objects.bulk_create(rows, update_conflicts=True, unique_fields=["user", "kind"], update_fields=["how"])
    unwanted = [kind for kind, how in choices.items() if how in (How.PAGE, How.OFF)]
    Notice.objects.filter(user=user, kind__in=unwanted, mailed_at=None, lease_token=None).update(mail_due_at=None)
