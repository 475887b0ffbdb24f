"""Permissions of API views: a key may do what its scopes say."""

from typing import TYPE_CHECKING

from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from apps.accounts.models import ApiKey
from apps.common.errors import ForbiddenError

if TYPE_CHECKING:
    from rest_framework.views import APIView


class HasKey(BasePermission):
    """Admits any usable key."""

    def has_permission(self, request: Request, view: "APIView") -> bool:  # noqa: ARG002  # the framework's signature
        return isinstance(request.auth, ApiKey)


class HasScope(BasePermission):
    """Admits keys with the view's `required_scope`: one scope, or one for each method. Without one, no key enters."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if request.method not in view.allowed_methods:
            raise MethodNotAllowed(str(request.method))
        needed = getattr(view, "required_scope", None)
        if isinstance(needed, dict):
            needed = needed.get(request.method)
        key = request.auth
        if isinstance(key, ApiKey) and needed in key.scopes:
            return True
        raise ForbiddenError(f"The key lacks the scope {needed}.", code="scope_missing")
