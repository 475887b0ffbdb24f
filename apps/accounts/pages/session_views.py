"""The page of a person's sessions, and the end of the others when the second step changes."""

from typing import Any

from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import User
from apps.accounts.services.access import get_or_404
from apps.accounts.services.sessions import end_sessions, living_sessions

# In this order: many browsers also call themselves by the names further down.
BROWSERS = {"Edg/": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
SYSTEMS = {
    "Windows": "Windows",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Mac OS X": "Mac",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


def device(user_agent: str) -> str:
    """Name the browser and the system, as far as they can be told."""
    browser, system = (
        next((name for mark, name in known.items() if mark in user_agent), "") for known in (BROWSERS, SYSTEMS)
    )
    return " on ".join(filter(None, (browser or (system and "A browser"), system))) or "Unknown device"


@require_safe
def sessions(request: HttpRequest) -> HttpResponse:
    """List where the person is signed in."""
    assert isinstance(request.user, User)
    rows = [(each, device(each.user_agent)) for each in living_sessions(request.user)]
    return render(request, "accounts/sessions.html", {"rows": rows, "current": request.session.session_key})


@require_POST
def session_end(request: HttpRequest, session: int) -> HttpResponse:
    get_or_404(UserSession.objects.filter(user=request.user), pk=session).end()
    messages.success(request, "That session has ended.")
    return redirect("sessions")


@require_POST
def sessions_end(request: HttpRequest) -> HttpResponse:
    """End all sessions but this one."""
    _end_others(request)
    messages.success(request, "All other sessions have ended.")
    return redirect("sessions")


def _end_others(request: HttpRequest) -> None:
    assert isinstance(request.user, User)
    end_sessions(request.user, but=request.session.session_key)


class _EndsOthers:
    request: HttpRequest

    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)  # type: ignore[misc]  # comes before a view
        _end_others(self.request)
        return response


class ActivateSecondStep(_EndsOthers, ActivateTOTPView):  # type: ignore[misc]  # allauth has no type information
    """Ends the other sessions: they began without the second step."""


class RemoveSecondStep(_EndsOthers, DeactivateTOTPView):  # type: ignore[misc]  # allauth has no type information
    """Ends the other sessions: an account that becomes easier to enter starts with nobody inside."""
