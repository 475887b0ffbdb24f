"""Pages of keys: owners create, replace and revoke them; a member sees and revokes those that act for them."""

from dataclasses import dataclass

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.models import ApiKey, Role, Scope
from apps.accounts.pages.forms import form_status
from apps.accounts.pages.key_forms import SCOPES, KeyFilterForm, KeyForm, RotateForm
from apps.accounts.services.access import ProjectRequest, get_or_404, member_page
from apps.accounts.services.keys import create_key, revoke_key, rotate_key

KEYS_SHOWN = 50


@dataclass(frozen=True)
class Made:
    """A key just made, with its text, which is shown this once."""

    key: ApiKey
    text: str
    replaced: ApiKey | None = None


@require_http_methods(["GET", "HEAD"])
@member_page(Role.STAKEHOLDER)
def api_keys(request: ProjectRequest) -> HttpResponse:
    """List the project's keys for its owners, and a member's own ones for the others."""
    return _render_keys(request, KeyForm(project=request.project))


@require_POST
@member_page(Role.OWNER)
def api_key_create(request: ProjectRequest) -> HttpResponse:
    """Create a key, and show its text this once."""
    form = KeyForm(request.POST, project=request.project)
    if not form.is_valid():
        return _render_keys(request, form)
    data = form.cleaned_data
    made = create_key(
        request.project,
        name=data["name"],
        scopes=data["scopes"],
        by=request.user,
        acts_for=data["acts_for"],
        lifetime=form.lifetime,
    )
    return _render_keys(request, KeyForm(project=request.project), made=Made(*made))


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Role.OWNER)
def api_key_rotate(request: ProjectRequest, key: int) -> HttpResponse:
    """Say what replacing a key does; POST replaces it, and shows the new text this once."""
    row = get_or_404(ApiKey.objects.in_project(request.project).select_related("project", "acts_for"), pk=key)
    form = RotateForm(request.POST or None)
    if form.is_valid():
        made = rotate_key(row, by=request.user, overlap=form.overlap)
        return _render_keys(request, KeyForm(project=request.project), made=Made(*made, replaced=row))
    context = {"key": row, "words": _words(row), "form": form}
    return render(request, "accounts/api_key_rotate.html", context, status=form_status(bound=form.is_bound))


@require_POST
@member_page(Role.STAKEHOLDER)
def api_key_revoke(request: ProjectRequest, key: int) -> HttpResponse:
    """End a key: any of the project for its owners, and for others one that acts for them."""
    row = get_or_404(ApiKey.objects.visible_to(request.membership), pk=key)
    revoke_key(row, by=request.user)
    messages.success(request, f"Key “{row.name}” is revoked.")
    return redirect("api_keys", request.project.slug)


def _render_keys(request: ProjectRequest, form: KeyForm, *, made: Made | None = None) -> HttpResponse:
    filters = KeyFilterForm(request.GET)
    keys = filters.chosen(ApiKey.objects.visible_to(request.membership)).with_usability().select_related("acts_for")
    page = Paginator(keys.order_by("-is_usable", "-id"), KEYS_SHOWN).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "filters": filters,
        "is_filtered": any(filters.cleaned_data.values()),
        "page": page,
        "rows": [(key, _words(key)) for key in page.object_list],
        "made": made,
        "is_owner": request.membership.reaches(Role.OWNER),
    }
    return render(request, "accounts/api_keys.html", context, status=form_status(bound=form.is_bound))


def _words(key: ApiKey) -> list[str]:
    return [SCOPES[Scope(scope)] for scope in key.scopes]
