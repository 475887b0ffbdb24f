"""People who are told, and the passing of time."""

from datetime import timedelta
from typing import Any

from django.db.models import F

from apps.accounts.models import Membership, User
from apps.notifications.models import Notice, NoticeKind, Preference
from apps.notifications.services import notices


def tell(member: Membership, key: str = "drift 1", **changes: Any) -> int:
    """Tell a member of an alert."""
    news: dict[str, Any] = {
        "kind": NoticeKind.ALERT,
        "key": key,
        "title": "Loans has drifted.",
        "url": f"/p/{member.project.slug}/",
        "project": member.project,
    }
    return notices.tell([member.user], **(news | changes))


def prefers(member: Membership, how: str, kind: NoticeKind = NoticeKind.ALERT) -> User:
    """Let a member choose how to be told; return the person."""
    Preference.objects.update_or_create(user=member.user, kind=kind, defaults={"how": how})
    return member.user


def pass_time(days: float = 1) -> None:
    """Move the clock on: mails and leases lie further back."""
    by = timedelta(days=days)
    Notice.objects.update(mail_due_at=F("mail_due_at") - by, lease_expires_at=F("lease_expires_at") - by)
