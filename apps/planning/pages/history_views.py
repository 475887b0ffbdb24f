"""Every version of a model's sampling so far, two of them side by side, and one taken up again."""

import json
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import prefetch_related_objects
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import Role
from apps.accounts.services.access import ProjectRequest, member_page
from apps.common.errors import NotFoundError
from apps.common.exports import STREAMED, streamed
from apps.planning.models import Draft
from apps.planning.pages import version_words
from apps.planning.services import versions
from apps.planning.services.versions import DRAFT, SAVED
from apps.registry.models import MonitoredModel
from apps.registry.services.finding import find_model
from apps.sampling.services import policies

PER_PAGE = 50
LONGEST_SEARCH = 100
FORMATS = {renderer.format: renderer for renderer in STREAMED}


@require_safe
@member_page(Role.ENGINEER)
def history_page(request: ProjectRequest, model: str) -> HttpResponse:
    """List the versions of the sampling, newest first."""
    monitored = _model(request, model)
    text = _text(request)
    page = Paginator(versions.history(monitored, text=text), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "model": monitored,
        "tab": "sampling",
        "text": text,
        "page": page,
        "lines": version_words.lines(monitored, list(page.object_list)),
        "number": policies.current_number(monitored),
        "has_draft": Draft.objects.filter(model=monitored, owner=request.user).exists(),
        "formats": list(FORMATS),
    }
    return render(request, "planning/history.html", context)


@require_safe
@member_page(Role.ENGINEER)
def history_file(request: ProjectRequest, model: str, form: str) -> HttpResponseBase:
    """Download the versions that the list shows, with their documents."""
    monitored = find_model(request.project, model)
    if form not in FORMATS:
        raise NotFoundError("There is no such format.")
    found = list(versions.history(monitored, text=_text(request)))
    rows = version_words.rows(monitored, found)
    return streamed([rows], version_words.KINDS, renderer=FORMATS[form](), name=f"{monitored.slug}-sampling")


@require_safe
@member_page(Role.ENGINEER)
def compare_page(request: ProjectRequest, model: str) -> HttpResponse:
    """Show two versions side by side: what is in force, the person's draft, or any earlier one."""
    monitored = _model(request, model)
    has_draft = Draft.objects.filter(model=monitored, owner=request.user).exists()
    number = policies.current_number(monitored)
    to = request.GET.get("to") or (DRAFT if has_draft else SAVED)
    earlier = request.GET.get("from") or (SAVED if to == DRAFT else str(max(1, number - 1)))
    pair = [versions.find(monitored, key, by=request.user) for key in (earlier, to)]
    before, after = pair
    context = {
        "model": monitored,
        "tab": "sampling",
        "sides": [version_words.side(monitored, each, number=number) for each in pair],
        "changes": version_words.changes(monitored, before.document, after.document),
        "choices": _choices(monitored, has_draft=has_draft),
        "labels": [("from", "From"), ("to", "To")],
        "chosen": {"from": earlier, "to": to},
        "documents": [json.dumps(each.document, indent=2, ensure_ascii=False) for each in pair],
        "number": number,
        "has_draft": has_draft,
    }
    return render(request, "planning/compare.html", context)


@require_POST
@member_page(Role.ENGINEER)
def version_take(request: ProjectRequest, model: str, number: int) -> HttpResponse:
    """Make a version the person's draft."""
    monitored = find_model(request.project, model)
    versions.take_as_draft(monitored, number, by=request.user)
    messages.success(request, f"Version {number} is your draft now. Nothing is drawn by it until you save it.")
    return redirect("sampling", request.project.slug, monitored.slug)


def _model(request: ProjectRequest, slug: str) -> MonitoredModel:
    found = find_model(request.project, slug)
    # The sentences of all policies name queues.
    prefetch_related_objects([found.champion], "own_queues")
    return found


def _text(request: ProjectRequest) -> str:
    return request.GET.get("q", "").strip()[:LONGEST_SEARCH]


def _choices(model: MonitoredModel, *, has_draft: bool) -> list[tuple[str, str]]:
    """Return what can be compared: the draft, what is in force, and the versions, newest first."""
    found: Any = versions.history(model).values_list("number", flat=True)
    own = [(DRAFT, "Your draft")] if has_draft else []
    return [*own, (SAVED, "In force"), *((str(number), f"Version {number}") for number in found)]
