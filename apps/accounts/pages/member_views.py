"""Pages of a project's members."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.models import Membership, Role
from apps.accounts.pages.forms import MemberForm, RoleForm, form_status
from apps.accounts.services.access import ProjectRequest, get_or_404, member_page
from apps.accounts.services.links import hand_over_link
from apps.accounts.services.members import add_member, change_role, is_newcomer, remove_member
from apps.common.errors import ConflictError


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
