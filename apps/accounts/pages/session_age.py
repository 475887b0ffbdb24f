"""The end of idle and of old sessions."""

import time
from collections.abc import Callable
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest
from django.http.response import HttpResponseBase

# A session in use is saved this often.
TOUCH_SECONDS = 300
STARTED, SEEN = "started_at", "seen_at"
# An open page sends it on its own.
HEARTBEAT = "slot_heartbeat"


class SessionAgeMiddleware:
    """Keeps sessions alive that a person uses, and ends those that are too old.

    A session that nobody saves expires after SESSION_COOKIE_AGE. What an open page fetches on its own does not save it,
    so a forgotten tab keeps nobody signed in.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, _view: Any, _args: Any, _kwargs: Any) -> None:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or not request.user.is_authenticated:
            return
        session, now = request.session, time.time()
        if now - session.setdefault(STARTED, now) > settings.SESSION_LONGEST_SECONDS:
            logout(request)
        elif now - session.get(SEEN, 0) > TOUCH_SECONDS and not _is_by_itself(request):
            session[SEEN] = now
            UserSession.objects.create_from_request(request)


def _is_by_itself(request: HttpRequest) -> bool:
    """Say whether an open page sent the request on its own: a heartbeat, or a fragment that it fetches now and then."""
    match, headers = request.resolver_match, request.headers
    is_fragment = "HX-Request" in headers or "X-Fragment" in headers
    return (match is not None and match.url_name == HEARTBEAT) or (request.method == "GET" and is_fragment)
