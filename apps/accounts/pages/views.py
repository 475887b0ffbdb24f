"""Pages of accounts: the first owner, sign-in links, members."""

from allauth.account.utils import perform_login
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.models import Membership, Role
from apps.accounts.pages.forms import MemberForm, RoleForm, SetupForm
from apps.accounts.services.access import ProjectRequest, get_or_404, member_page
from apps.accounts.services.links import find_setup_link, hand_over_link, redeem_setup_link, redeem_sign_in_link
from apps.accounts.services.members import add_member, change_role, is_newcomer, remove_member
from apps.common.errors import ConflictError, NotFoundError

FORM_INVALID = 422


def form_status(*, bound: bool) -> int:
    """Return 422 for a page that shows a rejected form again, else 200."""
    return FORM_INVALID if bound else 200


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def setup(request: HttpRequest, token: str) -> HttpResponse:
    """Make the first owner. Only submitting the form spends the link; opening the page does not."""
    form = SetupForm(request.POST or None)
    try:
        find_setup_link(token)
        if form.is_valid():
            owner = redeem_setup_link(token, **form.cleaned_data)
            response: HttpResponse = perform_login(request, owner, redirect_url=resolve_url("home"))
            return response
    except NotFoundError:
        return render(request, "accounts/setup_spent.html", status=NotFoundError.status)
    except ConflictError as error:
        form.add_error("email" if error.code == "email_taken" else None, error.message)
    return render(request, "accounts/setup.html", {"form": form}, status=form_status(bound=form.is_bound))


@never_cache
@require_GET
def enter(request: HttpRequest, token: str) -> HttpResponse:
    """Sign in the link's person, who is still asked for a second factor where they have one."""
    try:
        user = redeem_sign_in_link(token)
    except NotFoundError:
        return render(request, "accounts/link_spent.html", status=NotFoundError.status)
    response: HttpResponse = perform_login(request, user, redirect_url=local_target(request))
    return response


def local_target(request: HttpRequest) -> str:
    """Return `?next=` where it stays on this site, else the home page."""
    target = request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if is_ours else resolve_url(settings.LOGIN_REDIRECT_URL)


@never_cache
@member_page(Role.OWNER)
@require_http_methods(["GET", "POST"])
def members(request: ProjectRequest) -> HttpResponse:
    """List the members; POST adds one."""
    form = MemberForm(request.POST or None)
    if form.is_valid():
        try:
            data = form.cleaned_data
            member = add_member(
                request.project, email=data["email"], name=data["name"], role=Role(data["role"]), by=request.user
            )
        except ConflictError as error:
            form.add_error("email", error.message)
        else:
            link = hand_over_link(member, by=request.user) if is_newcomer(member) else ""
            return render_members(request, MemberForm(), added=member, link=link)
    return render_members(request, form)


def render_members(
    request: ProjectRequest, form: MemberForm, *, added: Membership | None = None, link: str = ""
) -> HttpResponse:
    rows = list(
        Membership.objects.in_project(request.project).with_newness().select_related("user").order_by("created_at")
    )
    owners = [row for row in rows if row.role == Role.OWNER]
    context = {
        "form": form,
        "members": rows,
        "only_owner": owners[0] if len(owners) == 1 else None,
        "added": added,
        "link": link,
        "roles": Role,
    }
    return render(request, "accounts/members.html", context, status=form_status(bound=form.is_bound))


@never_cache
@member_page(Role.OWNER)
@require_POST
def member_link(request: ProjectRequest, member: int) -> HttpResponse:
    """Make a new first sign-in link for a member who has never signed in."""
    row = get_or_404(Membership.objects.in_project(request.project), pk=member)
    return render_members(request, MemberForm(), added=row, link=hand_over_link(row, by=request.user))


@member_page(Role.OWNER)
@require_POST
def member_role(request: ProjectRequest, member: int) -> HttpResponse:
    row = get_or_404(Membership.objects.in_project(request.project), pk=member)
    form = RoleForm(request.POST)
    if form.is_valid():
        role = Role(form.cleaned_data["role"])
        change_role(row, role=role, by=request.user)
        messages.success(request, f"{row.user.display_name} is now {role.label.lower()}.")
    return redirect("members", request.project.slug)


@member_page(Role.OWNER)
@require_POST
def member_remove(request: ProjectRequest, member: int) -> HttpResponse:
    row = get_or_404(Membership.objects.in_project(request.project), pk=member)
    remove_member(row, by=request.user)
    messages.success(request, f"{row.user.display_name} is no longer a member. What they reviewed stays.")
    return redirect("home") if row.user == request.user else redirect("members", request.project.slug)
