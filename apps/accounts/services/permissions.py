"""Permissions of API views: a key may do what its scopes say, within the role of the person it acts for."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from apps.accounts.models import ApiKey, Role, Scope
from apps.accounts.services.access import READING, for_method, member_of, require_role, require_scope
from apps.common.errors import ForbiddenError

if TYPE_CHECKING:
    from rest_framework.views import APIView

# Only a key that acts for a person can use these.
PERSONAL_SCOPES = frozenset({Scope.REVIEWS_WRITE})


@dataclass(frozen=True)
class Needs:
    """What a call needs: one of the scopes and the role of the person that the key acts for, if any."""

    scopes: tuple[Scope, ...]
    role: Role
    # About the person themselves, such as what is sent to them.
    is_personal: bool = False

    @property
    def needs_person(self) -> bool:
        """True if a key that acts for nobody may not do this: reviewing, what only an owner decides, and findings."""
        is_theirs = self.is_personal or PERSONAL_SCOPES.issuperset(self.scopes)
        return is_theirs or self.role in {Role.OWNER, Role.VALIDATOR}


def needs_of(view: "APIView", method: str | None) -> Needs | None:
    """Return what a view's `required_scope` and `required_role` say of a method; None where one of them is missing.

    A view about the person that the key acts for says so by `is_personal`.
    """
    scopes = for_method(getattr(view, "required_scope", None), method)
    role = for_method(getattr(view, "required_role", None), method)
    if scopes is None or role is None:
        return None
    is_personal = getattr(view, "is_personal", False)
    return Needs((scopes,) if isinstance(scopes, Scope) else tuple(scopes), role, is_personal)


class HasAccess(BasePermission):
    """Admits a key with the view's `required_scope` whose person, if any, reaches its `required_role`."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if request.method not in view.allowed_methods:
            raise MethodNotAllowed(str(request.method))
        key, needs = request.auth, needs_of(view, request.method)
        if needs is None or not isinstance(key, ApiKey):
            raise ForbiddenError("No key may do this.")
        require_scope(key, *needs.scopes)
        if key.acts_for_id is not None or needs.needs_person:
            require_role(member_of(request), needs.role, reads=request.method in READING)
        return True
