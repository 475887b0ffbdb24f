"""Telling people: a notice for each who wants it, once, and a mail where they want one."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Membership, Project, User
from apps.common import doorbell
from apps.notifications.models import USUAL, How, Notice, NoticeKind, Preference
from apps.notifications.models.notices import LONGEST_TITLE
from apps.registry.models import MonitoredModel

BELL = "mail"
# A digest comes in the morning, in the project's time zone.
DIGEST_HOUR = 7
AT_ONCE = 1_000
INSIDE = re.compile(r"/(?![/\\])")


@dataclass(frozen=True)
class News:
    """Something that one person should know."""

    user: User
    kind: NoticeKind
    # What it is about: told twice, it is one notice.
    key: str
    title: str
    # A path inside the site.
    url: str
    project: Project
    model: MonitoredModel | None = None
    text: str = ""
    is_urgent: bool = False


def tell(
    users: Iterable[User],
    *,
    kind: NoticeKind,
    key: str,
    title: str,
    text: str = "",
    url: str,
    project: Project,
    model: MonitoredModel | None = None,
    is_urgent: bool = False,
) -> int:
    """Tell these people the same, each as they prefer. Returns how many did not know yet."""
    return tell_each(
        News(user, kind, key, title, url, project, model=model, text=text, is_urgent=is_urgent) for user in users
    )


@transaction.atomic
def tell_each(news: Iterable[News]) -> int:
    """Tell each person their news; whoever has left the project or has no open account is left out.

    Returns how many did not know yet.
    """
    wanted = [(each, how) for each, how in _with_preferences(list(news)) if how != How.OFF]
    told = set(
        Notice.objects.filter(
            user__in={each.user for each, _ in wanted}, key__in={each.key for each, _ in wanted}
        ).values_list("user", "key")
    )
    now = timezone.now()
    rows = [_row(each, how, now=now) for each, how in wanted if (each.user.pk, each.key) not in told]
    # Another worker may tell the same at this moment.
    Notice.objects.bulk_create(rows, batch_size=AT_ONCE, ignore_conflicts=True)
    if any(row.mail_due_at and row.mail_due_at <= now for row in rows):
        doorbell.ring_on_commit(BELL)
    return len(rows)


def _with_preferences(news: list[News]) -> list[tuple[News, How]]:
    """Return the news of those who may be told, each with how its person wants to be told."""
    users = {each.user for each in news}
    members = Membership.objects.filter(
        project__in={each.project for each in news}, user__in=users, user__is_active=True, user__is_simulated=False
    )
    here = set(members.values_list("user", "project"))
    chosen = {
        (user, kind): How(how)
        for user, kind, how in Preference.objects.filter(user__in=users).values_list("user", "kind", "how")
    }
    return [
        (each, _at_once(chosen.get((each.user.pk, each.kind), USUAL[each.kind]), is_urgent=each.is_urgent))
        for each in news
        if (each.user.pk, each.project.pk) in here
    ]


def _at_once(how: How, *, is_urgent: bool) -> How:
    """Return how to tell what may be urgent: a mail does not wait until the morning then."""
    return How.MAIL if is_urgent and how == How.DIGEST else how


def _row(news: News, how: How, *, now: datetime) -> Notice:
    due = {How.MAIL: now, How.DIGEST: next_digest(now, zone=news.project.zone)}
    return Notice(
        user=news.user,
        project=news.project,
        model=news.model,
        kind=news.kind,
        key=news.key,
        title=one_line(news.title)[:LONGEST_TITLE],
        text=news.text,
        url=inside(news.url),
        mail_due_at=due.get(how),
    )


def next_digest(now: datetime, *, zone: ZoneInfo) -> datetime:
    """Return when the next daily mail goes out."""
    local = now.astimezone(zone)
    today = local.replace(hour=DIGEST_HOUR, minute=0, second=0, microsecond=0)
    return today if today > local else today + timedelta(days=1)


def one_line(text: str) -> str:
    """Return text of people as one line without control characters, fit for the subject of a mail."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def inside(url: str) -> str:
    """Return a path without the installation's own in front. Raises ValueError for what may lead elsewhere."""
    path = url.removeprefix(settings.PATH) if url.startswith(f"{settings.PATH}/") else url
    if not INSIDE.match(path):
        raise ValueError(f"A notice leads into the site, not to {url!r}.")
    return path
