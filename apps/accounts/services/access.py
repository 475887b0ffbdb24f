"""Access: to pages by membership, to the API by key. To outsiders, a project's objects do not exist.

Every page and every API view declares who may use it; what declares nothing opens to nobody.
"""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django_htmx.middleware import HtmxDetails
from rest_framework.request import Request

from apps.accounts.models import ApiKey, Membership, Project, Role, Scope, User
from apps.common.errors import ForbiddenError, NotFoundError

P = ParamSpec("P")
M = TypeVar("M", bound=Model)

# Routes open to everybody: setting up, joining, signing in and out, ending mails, the API's description, the demo.
PUBLIC_ROUTES = frozenset(
    {
        "setup",
        "enter",
        "invitation",
        "invitation_link",
        "invitation_sign_out",
        "account_login",
        "account_logout",
        "account_inactive",
        "account_signup",
        "account_reset_password",
        "account_reset_password_done",
        "account_reset_password_from_key",
        "account_reset_password_from_key_done",
        "mfa_authenticate",
        "schema",
        "unsubscribe",
        "demo_progress",
    }
)
# Routes open to every signed-in person: their projects, the glossary, their own account, what they are told.
PERSONAL_ROUTES = frozenset(
    {
        "home",
        "glossary",
        "account_reauthenticate",
        "account_change_password",
        "account_set_password",
        "sessions",
        "session_end",
        "sessions_end",
        "mfa_index",
        "mfa_reauthenticate",
        "mfa_activate_totp",
        "mfa_deactivate_totp",
        "mfa_view_recovery_codes",
        "mfa_generate_recovery_codes",
        "mfa_download_recovery_codes",
        "notices",
        "notices_csv",
        "notice",
        "notices_read",
        "notices_mail_again",
        "notice_settings",
        "subscriptions",
        "subscription_leave",
        "subscription_again",
    }
)

READING = frozenset({"GET", "HEAD"})


class ProjectRequest(HttpRequest):
    """A page request of a signed-in member."""

    htmx: HtmxDetails
    user: User
    project: Project
    membership: Membership


class AccessMiddleware:
    """Opens a route only if it is listed above, is a `member_page`, or is an API view that declares its needs."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], _args: Any, _kwargs: Any
    ) -> HttpResponseBase | None:
        route = request.resolver_match.url_name if request.resolver_match else None
        if route in PERSONAL_ROUTES and not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if route in PUBLIC_ROUTES | PERSONAL_ROUTES or hasattr(getattr(view, "cls", view), "required_role"):
            return None
        raise PermissionDenied(f"The route {route!r} does not declare who may use it.")


def get_or_404(rows: QuerySet[M], **lookup: Any) -> M:
    """Return the one row. Raises NotFoundError where it is absent or belongs to another project."""
    try:
        return rows.get(**lookup)
    except (ObjectDoesNotExist, ValueError, OverflowError):
        name = rows.model._meta.verbose_name
        raise NotFoundError(f"There is no such {name} in this project.") from None


def for_method(declared: Any, method: str | None) -> Any:
    """Return what a view declares for a method: one value for all of them, or one for each. HEAD goes with GET."""
    if isinstance(declared, Mapping):
        return declared.get("GET" if method == "HEAD" else method)
    return declared


def member_page(
    role: Role, *, post: Role | None = None, is_work: bool = False
) -> Callable[[Callable[Concatenate[ProjectRequest, P], HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Admit only members whose role includes `role`, or `post` to change something; to read alone, validators too.

    Pages of one's own work (`is_work`) are no reading. For non-members the project does not exist.
    """
    required = {"GET": role, "POST": post or role}

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
            needed = for_method(required, request.method) or Role.OWNER
            require_role(member, needed, reads=request.method in READING and not is_work)
            with member.project.conventions():
                return view(request, *args, **kwargs)

        wrapper.required_role = required  # type: ignore[attr-defined]  # AccessMiddleware and tests read it
        wrapper.is_work = is_work  # type: ignore[attr-defined]  # tests read it
        return wrapper

    return decorate


def require_role(member: Membership, role: Role, *, reads: bool = False) -> None:
    """Refuse a member whose role does not include `role`, or may not read what it may."""
    if not (member.reads(role) if reads else member.reaches(role)):
        raise ForbiddenError(f"This needs the role {role.label.lower()}.", code="role_missing")


def require_scope(key: ApiKey, *scopes: Scope) -> None:
    """Refuse a key that has none of the scopes."""
    if not set(scopes) & set(key.scopes):
        raise ForbiddenError(f"The key lacks the scope {' or '.join(scopes)}.", code="scope_missing")


def key_of(request: Request) -> ApiKey:
    """Return the request's key; authentication admits no request without one."""
    key: Any = request.auth
    assert isinstance(key, ApiKey)
    return key


def project_of(request: Request) -> Project:
    """Return the project of the request's key."""
    return key_of(request).project


def member_of(request: Request) -> Membership:
    """Return the membership of the person the key acts for."""
    member = key_of(request).membership
    if member is None:
        raise ForbiddenError(
            "This key acts for nobody; this needs a key that acts for a person.", code="key_acts_for_nobody"
        )
    return member
