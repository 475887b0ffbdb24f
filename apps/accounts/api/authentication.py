"""`Authorization: Bearer <key>`. Each request looks the key up, so revoking one takes effect at once."""

from django.contrib.auth.models import AnonymousUser
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from apps.accounts.models import ApiKey, User
from apps.accounts.services import keys


class ApiKeyAuthentication(BaseAuthentication):
    """Sets `request.auth` to the key and `request.user` to the person it acts for, if any."""

    def authenticate(self, request: Request) -> tuple[User | AnonymousUser, ApiKey]:
        parts = get_authorization_header(request).split()
        if len(parts) != 2 or parts[0].lower() != b"bearer":
            raise AuthenticationFailed("Send the key as 'Authorization: Bearer <key>'.")
        key = keys.find_key(parts[1].decode("latin-1"))
        if key is None:
            raise AuthenticationFailed("This key is unknown, expired or revoked.")
        keys.note_use(key)
        return key.acts_for or AnonymousUser(), key

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002  # the framework's signature
        return "Bearer"
