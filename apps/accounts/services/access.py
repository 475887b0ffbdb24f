"""Access: to pages by membership, to the API by key. To outsiders, a project's objects do not exist."""

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
    """Return the one row. Raises NotFoundError where it is absent or belongs to another project."""
    try:
        return rows.get(**lookup)
    except (ObjectDoesNotExist, ValueError, OverflowError):
        name = rows.model._meta.verbose_name
        raise NotFoundError(f"There is no such {name} in this project.") from None


def member_page(
    role: Role,
) -> Callable[[Callable[Concatenate[ProjectRequest, P], HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Admit only members whose role includes `role`; for non-members the project does not exist."""

    def decorate(view: Callable[Concatenate[ProjectRequest, P], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @login_required
        @wraps(view)
        def wrapper(request: Any, project: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            member = (
                Membership.objects.select_related("project").filter(project__slug=project, user=request.user).first()
            )
            if member is None:
                raise NotFoundError("There is no such project, or you are not a member of it.")
            request.project, request.membership = member.project, member
            if not member.reaches(role):
                raise ForbiddenError(f"This page is for the role {role.label.lower()} and above.")
            return view(request, *args, **kwargs)

        return wrapper

    return decorate


def key_of(request: Request) -> ApiKey:
    """Return the request's key; authentication admits no request without one."""
    key: Any = request.auth
    assert isinstance(key, ApiKey)
    return key


def project_of(request: Request) -> Project:
    """Return the project of the request's key."""
    return key_of(request).project


def require_role(request: Request, role: Role) -> None:
    """Refuse a key whose person lacks the role. A key that acts for nobody is limited by its scopes alone."""
    if key_of(request).acts_for is not None:
        acting_member(request, role)


def acting_member(request: Request, role: Role) -> Membership:
    """Return the membership of the person the key acts for, whose role decides."""
    key = key_of(request)
    if key.acts_for is None:
        raise ForbiddenError(
            "This key acts for nobody; reviewing needs a key that acts for a person.", code="key_acts_for_nobody"
        )
    try:
        member: Membership | None = Membership.objects.in_project(key.project).get(user=key.acts_for)
    except Membership.DoesNotExist:
        member = None
    if member is None or not member.reaches(role):
        raise ForbiddenError(f"The key's person is not {role.label.lower()} in this project.")
    # The key has loaded both; this saves two queries.
    member.user, member.project = key.acts_for, key.project
    return member
