"""The page on which engineers see what was rejected and why, and try it again."""

from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.models import Role
from apps.accounts.services.access import ProjectRequest, member_page
from apps.predictions.models import BatchKind, RejectedRow
from apps.predictions.pages.forms import RejectedForm
from apps.predictions.services import quarantine, replaying
from apps.registry.models import MonitoredModel
from apps.registry.services.finding import find_model

ROWS_SHOWN = 25


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Role.ENGINEER)
def rejected(request: ProjectRequest, model: str) -> HttpResponse:
    """The waiting rows, by code and newest first; POST tries those of a code and kind again."""
    found = find_model(request.project, model)
    if request.method == "POST":
        return _tried_again(request, found)
    asked = RejectedForm.read(request.GET)
    waiting = quarantine.chosen(found)
    chosen = quarantine.chosen(found, code=asked["code"], kind=asked["kind"])
    rows, following = quarantine.page(chosen, before=asked["cursor"], limit=ROWS_SHOWN)
    filters = {name: asked[name] for name in ("code", "kind") if asked[name]}
    context = {
        "model": found,
        "tab": "model",
        "counts": waiting.counts_by_code(),
        "left_out": RejectedRow.objects.filter(model=found).left_out(),
        "rows": rows,
        "following": urlencode(filters | {"cursor": following}) if following else "",
        "filters": filters,
        "query": urlencode(filters),
        "is_later_page": asked["cursor"] is not None,
        "days": settings.QUARANTINE_DAYS,
    }
    return render(request, "predictions/rejected.html", context)


def _tried_again(request: ProjectRequest, model: MonitoredModel) -> HttpResponse:
    asked = RejectedForm.read(request.POST)
    kinds = [BatchKind(asked["kind"])] if asked["kind"] else list(BatchKind)
    answer = replaying.replay(model, kinds=kinds, code=asked["code"])
    stored = answer.accepted + answer.duplicates
    if stored:
        messages.success(request, f"{stored:,} stored.")
    if answer.rejected:
        messages.warning(request, f"{len(answer.rejected):,} still rejected; they wait on, each with its reason.")
    if answer.remaining:
        messages.warning(request, f"{answer.remaining:,} are still to be tried; try again for the next ones.")
    if not (stored or answer.rejected):
        messages.info(request, "Nothing is waiting any more.")
    return redirect(reverse("rejected", args=[request.project.slug, model.slug]))


@require_safe
@member_page(Role.ENGINEER)
def rejected_lines(request: ProjectRequest, model: str) -> StreamingHttpResponse:
    """The waiting rows as a file, each with its reason and the text as it was sent."""
    found = find_model(request.project, model)
    asked = RejectedForm.read(request.GET)
    rows = quarantine.chosen(found, code=asked["code"], kind=asked["kind"])
    answer = StreamingHttpResponse(quarantine.lines(rows), content_type="application/x-ndjson")
    answer["Content-Disposition"] = f'attachment; filename="{found.slug}-rejected.ndjson"'
    return answer
