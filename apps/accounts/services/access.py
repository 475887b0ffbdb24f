"""Who may see what: pages by membership, the API by key. What is not yours does not exist for you."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.contrib.auth.decorators import login_required
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django_htmx.middleware import HtmxDetails
from rest_framework.request import Request

from apps.accounts.models import ApiKey, Membership, Project, Role, User
from apps.common.errors import ForbiddenError, NotFoundError

P = ParamSpec("P")
M = TypeVar("M", bound=Model)


class ProjectRequest(HttpRequest):
    """A page request of a signed-in member."""

    htmx: HtmxDetails
    user: User
    project: Project
    membership: Membership


def get_or_404(rows: QuerySet[M], **lookup: Any) -> M:
    """The one row; NotFoundError where it is absent or out of the set's project."""
    try:
        return rows.get(**lookup)
    except (ObjectDoesNotExist, ValueError, OverflowError):
        name = rows.model._meta.verbose_name
        raise NotFoundError(f"There is no such {name} in this project.") from None


def member_page(
    role: Role,
) -> Callable[[Callable[Concatenate[ProjectRequest, P], HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Let only members in whose role includes `role`; for others the project does not exist."""

    def decorate(view: Callable[Concatenate[ProjectRequest, P], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @login_required
        @wraps(view)
        def wrapper(request: Any, project: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            found = (
                Membership.objects.select_related("project").filter(project__slug=project, user=request.user).first()
            )
            if found is None:
                raise NotFoundError("There is no such project, or you are not a member of it.")
            request.project, request.membership = found.project, found
            if not found.reaches(role):
                raise ForbiddenError(f"This page is for the role {role.label.lower()} and above.")
            return view(request, *args, **kwargs)

        return wrapper

    return decorate


def key_of(request: Request) -> ApiKey:
    """The key with which the request came; authentication lets none pass without."""
    key: Any = request.auth
    assert isinstance(key, ApiKey)
    return key


def project_of(request: Request) -> Project:
    """The project of the request's key."""
    return key_of(request).project


def require_role(request: Request, role: Role) -> None:
    """Refuse a key that acts for somebody of a lesser role; the key of a system has its scopes alone."""
    if key_of(request).acts_for is not None:
        acting_member(request, role)


def acting_member(request: Request, role: Role) -> Membership:
    """The membership of the person for whom the key acts; that person's role counts."""
    key = key_of(request)
    if key.acts_for is None:
        raise ForbiddenError("This key acts for nobody; reviewing needs a key of a person.", code="key_acts_for_nobody")
    member: Membership | None = Membership.objects.in_project(key.project).filter(user=key.acts_for).first()
    if member is None or not member.reaches(role):
        raise ForbiddenError(f"The key's person is not {role.label.lower()} in this project.")
    # Both came with the key.
    member.user, member.project = key.acts_for, key.project
    return member
