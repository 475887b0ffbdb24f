"""The sessions of a person: where they are signed in, and how to end that."""

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from apps.accounts.models import User


def living_sessions(user: User) -> list[UserSession]:
    """Return the sessions that still open pages, the latest used first."""
    sessions: list[UserSession] = UserSession.objects.purge_and_list(user)
    return sorted(sessions, key=lambda each: each.last_seen_at, reverse=True)


def end_sessions(user: User, *, but: str | None) -> int:
    """End the person's sessions, except the one with the key `but`; return how many."""
    ended = list(UserSession.objects.filter(user=user).exclude(session_key=but or ""))
    for session in ended:
        session.end()
    return len(ended)


def forget_expired() -> None:
    """Delete expired sessions, and the counts and codes that the shared cache needs no longer."""
    now = timezone.now()
    Session.objects.filter(expire_date__lt=now).delete()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM common_cache WHERE expires < %s", [now])
