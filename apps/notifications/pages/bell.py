"""The bell at the top of every page."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest

from apps.accounts.models import User
from apps.notifications.services import inbox, pulse


def unread(request: HttpRequest) -> dict[str, Callable[[], Any]]:
    """Give templates `unread_notices` and `workers_silent_since`, which ask when they are asked.

    A page without a bell runs no query.
    """

    def count() -> int:
        return inbox.unread(request.user) if isinstance(request.user, User) else 0

    return {"unread_notices": count, "workers_silent_since": pulse.silent_since}
