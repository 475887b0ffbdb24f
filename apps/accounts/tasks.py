"""Background work of accounts."""

from celery import shared_task

from apps.accounts.services import sessions


@shared_task(name="forget_expired")
def forget_expired() -> None:
    """Delete expired sessions and limits."""
    sessions.forget_expired()
