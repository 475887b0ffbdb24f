"""What accounts do differently from allauth: no sign-up, limits at sign-in and news after it, mail that never waits."""

from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import ratelimit
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.internal.ratelimit import get_ip
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import AbstractBaseUser
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from apps.accounts.models import User
from apps.accounts.pages.audit_record import help_told
from apps.accounts.services import recovery
from apps.common import mail

# An account knows an address for this long after a sign-in from it.
KNOWN_SECONDS = 90 * 24 * 3600


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no type information
    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002  # allauth's signature
        """Owners invite people, and the setup link makes the first owner."""
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

    def login(self, request: HttpRequest, user: User) -> None:
        """Tell people at sign-in what owners or the operator did to their account since the last one."""
        since = user.last_login
        super().login(request, user)
        for text in help_told(recovery.help_since(user, since)):
            messages.warning(request, text)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Answer at once: the time an answer takes must not tell whether the address has an account."""
        mail.post(self.render_mail(template_prefix, email, {"request": self.request, **context}))

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Name the installation's own address, whatever host the request named."""
        return f"{settings.ORIGIN}{urlsplit(super().get_reset_password_from_key_url(key)).path}"


def _account(credentials: dict[str, Any]) -> str:
    return str(credentials.get("email", "")).lower()
