"""Pages of a project's members: owners invite, change roles, help with sign-in, and remove."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.models import Invitation, Membership, Role
from apps.accounts.pages import handing_over
from apps.accounts.pages.forms import InvitationForm, RoleForm, form_status
from apps.accounts.pages.handing_over import HandedLink
from apps.accounts.services import invitations, recovery
from apps.accounts.services.access import ProjectRequest, get_or_404, member_page
from apps.accounts.services.members import change_role, remove_member
from apps.common import mail
from apps.common.errors import ConflictError


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Role.OWNER)
def members(request: ProjectRequest) -> HttpResponse:
    """List the members and waiting invitations; POST invites somebody."""
    form = InvitationForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        data = form.cleaned_data
        try:
            invited = invitations.invite(request.project, email=data["email"], role=Role(data["role"]), by=request.user)
        except ConflictError as error:
            form.add_error("email", error.message)
        else:
            return _render_members(request, InvitationForm(), handed=handing_over.invitation(*invited))
    return _render_members(request, form)


def _render_members(request: ProjectRequest, form: InvitationForm, *, handed: HandedLink | None = None) -> HttpResponse:
    rows = Membership.objects.in_project(request.project)
    people = list(rows.with_second_step().select_related("user").order_by("created_at"))
    owners = [row for row in people if row.role == Role.OWNER]
    helped = set(rows.all_owned_by(request.user).values_list("pk", flat=True))
    waiting = Invitation.objects.in_project(request.project).waiting().with_usability()
    context = {
        "form": form,
        "members": people,
        "only_owner": owners[0] if len(owners) == 1 else None,
        "helped": helped,
        "is_used_elsewhere": any(row.user_id != request.user.pk and row.pk not in helped for row in people),
        "waiting": waiting.select_related("invited_by").order_by("created_at"),
        "handed": handed,
        "roles": Role,
        "has_mail": mail.is_configured(),
    }
    return render(request, "accounts/members.html", context, status=form_status(bound=form.is_bound))


@require_POST
@member_page(Role.OWNER)
def invitation_renew(request: ProjectRequest, invitation: int) -> HttpResponse:
    """Replace the link of a waiting invitation."""
    row = get_or_404(Invitation.objects.in_project(request.project), pk=invitation)
    token = invitations.renew(row, by=request.user)
    return _render_members(request, InvitationForm(), handed=handing_over.invitation(row, token))


@require_POST
@member_page(Role.OWNER)
def invitation_withdraw(request: ProjectRequest, invitation: int) -> HttpResponse:
    row = get_or_404(Invitation.objects.in_project(request.project), pk=invitation)
    invitations.withdraw(row, by=request.user)
    messages.success(request, f"The invitation of {row.email} is withdrawn.")
    return redirect("members", request.project.slug)


@require_POST
@member_page(Role.OWNER)
def member_link(request: ProjectRequest, member: int) -> HttpResponse:
    """Make a link with which a member who lost their password chooses a new one."""
    person = get_or_404(Membership.objects.in_project(request.project).select_related("user"), pk=member).user
    token = recovery.make_password_link(person, by=request.user)
    handed = handing_over.password_link(person, token, by=request.user)
    return _render_members(request, InvitationForm(), handed=handed)


@require_POST
@member_page(Role.OWNER)
def member_second_step(request: ProjectRequest, member: int) -> HttpResponse:
    """Remove the second step of a member who lost it."""
    person = get_or_404(Membership.objects.in_project(request.project).select_related("user"), pk=member).user
    recovery.remove_second_step(person, by=request.user)
    messages.success(
        request, f"{person.display_name} signs in with the password alone, and can set a second step again."
    )
    return redirect("members", request.project.slug)


@require_POST
@member_page(Role.OWNER)
def member_role(request: ProjectRequest, member: int) -> HttpResponse:
    row = get_or_404(Membership.objects.in_project(request.project), pk=member)
    form = RoleForm(request.POST)
    if form.is_valid():
        role = Role(form.cleaned_data["role"])
        change_role(row, role=role, by=request.user)
        messages.success(request, f"{row.user.display_name} is now {role.label.lower()}.")
    return redirect("members", request.project.slug)


@require_POST
@member_page(Role.OWNER)
def member_remove(request: ProjectRequest, member: int) -> HttpResponse:
    row = get_or_404(Membership.objects.in_project(request.project), pk=member)
    remove_member(row, by=request.user)
    messages.success(request, f"{row.user.display_name} is no longer a member. What they reviewed stays.")
    return redirect("home") if row.user == request.user else redirect("members", request.project.slug)
