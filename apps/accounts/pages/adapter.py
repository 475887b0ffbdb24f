"""Sign-up is closed: owners create accounts, and the setup link creates the first owner. Sign-in has limits."""

from hashlib import sha256
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import ratelimit
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.internal.ratelimit import get_ip
from django.contrib.auth.models import AbstractBaseUser
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest

# An account knows an address for this long after a sign-in from it.
KNOWN_SECONDS = 90 * 24 * 3600


class ClosedSignupAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no type information
    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002  # allauth's signature
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Refuse after too many attempts; settings.ACCOUNT_RATE_LIMITS has the numbers.

        Failures count by account and address, so strangers elsewhere cannot lock a person out. A much higher limit on
        the whole account slows an attacker with many addresses. It does not apply to addresses that the account knows.
        """
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            raise ImmediateHttpResponse(ratelimit.respond_429(request)) from None
        if cache.get(self._known_key(request, credentials)):
            return
        if not ratelimit.consume(request, action="sign_in_anywhere", key=_account(credentials)):
            raise ImmediateHttpResponse(ratelimit.respond_429(request))

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        user: AbstractBaseUser | None = super().authenticate(request, **credentials)
        if user is not None:
            cache.set(self._known_key(request, credentials), True, KNOWN_SECONDS)
        return user

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        return f"{_account(credentials)} {get_ip(request)}"

    def _known_key(self, request: HttpRequest, credentials: dict[str, Any]) -> str:
        pair = self._get_login_attempts_cache_key(request, **credentials)
        return f"known:{sha256(pair.encode()).hexdigest()}"


def _account(credentials: dict[str, Any]) -> str:
    return str(credentials.get("email", "")).lower()
