"""Pages of the person who is invited: they accept with their account, or make one.

The page of the link remembers the invitation in the session, so that the next pages have no secret in their address.
"""

from allauth.account.utils import perform_login
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from apps.accounts.models import Invitation, Role, User
from apps.accounts.pages.entry_forms import InvitedForm
from apps.accounts.pages.entry_views import link_page
from apps.accounts.pages.forms import ROLES, form_status
from apps.accounts.services import invitations
from apps.accounts.services.keys import digest
from apps.common.errors import ConflictError, NotFoundError

OPENED = "invitation"


@link_page
def invitation_link(request: HttpRequest, token: str) -> HttpResponse:
    """Lead from the link to the invitation, by a button."""
    try:
        invitations.find(digest(token))
    except NotFoundError:
        return _spent(request)
    if request.method != "POST":
        return render(request, "accounts/invitation_link.html")
    request.session[OPENED] = digest(token).hex()
    return redirect("invitation")


@link_page
def invitation(request: HttpRequest) -> HttpResponse:
    """Show the opened invitation to the person whom it invites, and take their answer."""
    secret = bytes.fromhex(request.session.get(OPENED, ""))
    try:
        opened = invitations.find(secret)
        if isinstance(request.user, User):
            return _answer(request, opened, secret, request.user)
        if invitations.has_account(opened):
            messages.warning(request, f"Sign in as {opened.email} to answer the invitation.")
            return redirect_to_login(reverse("invitation"))
        return _make_account(request, opened, secret)
    except NotFoundError:
        return _spent(request)


@require_POST
def invitation_sign_out(request: HttpRequest) -> HttpResponse:
    """Sign out, and go on with the invitation."""
    opened = request.session.get(OPENED, "")
    logout(request)
    request.session[OPENED] = opened
    return redirect("invitation")


def _answer(request: HttpRequest, opened: Invitation, secret: bytes, user: User) -> HttpResponse:
    if user.email != opened.email:
        # Says nothing of the project: whoever this is, nobody invited this account.
        return render(request, "accounts/invitation_other.html", {"email": opened.email}, status=403)
    if request.method != "POST":
        return render(request, "accounts/invitation.html", _told(opened))
    if "accept" not in request.POST:
        invitations.decline(secret, user=user)
        messages.success(request, f"You declined the invitation to {opened.project.name}.")
        return redirect("home")
    member = invitations.accept(secret, user=user)
    messages.success(request, f"You are now {member.get_role_display().lower()} of {opened.project.name}.")
    return redirect("project", opened.project.slug)


def _make_account(request: HttpRequest, opened: Invitation, secret: bytes) -> HttpResponse:
    form = InvitedForm(request.POST if request.method == "POST" else None, initial={"email": opened.email})
    if form.is_valid():
        try:
            user = invitations.accept_with_new_account(
                secret, name=form.cleaned_data["name"], password=form.cleaned_data["password"]
            )
        except ConflictError as error:
            form.add_error(None, error.message)
        else:
            response: HttpResponse = perform_login(
                request, user, redirect_url=reverse("project", args=[opened.project.slug])
            )
            return response
    context = {"form": form, **_told(opened)}
    return render(request, "accounts/invitation_new.html", context, status=form_status(bound=form.is_bound))


def _told(opened: Invitation) -> dict[str, object]:
    return {"invitation": opened, "role": ROLES[Role(opened.role)]}


def _spent(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/invitation_spent.html", status=NotFoundError.status)
