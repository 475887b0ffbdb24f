"""The bell at the top of every page."""

from collections.abc import Callable

from django.http import HttpRequest

from apps.accounts.models import User
from apps.notifications.services import inbox


def unread(request: HttpRequest) -> dict[str, Callable[[], int]]:
    """Give templates `unread_notices`, which counts when it is asked: a page without a bell runs no query."""

    def count() -> int:
        return inbox.unread(request.user) if isinstance(request.user, User) else 0

    return {"unread_notices": count}
