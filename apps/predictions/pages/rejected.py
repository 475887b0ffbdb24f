"""The page of rejected rows: engineers see why, and try them again."""

from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.models import Role
from apps.accounts.services.access import ProjectRequest, member_page
from apps.common.numerals import count
from apps.predictions.models import BatchKind, RejectedRow
from apps.predictions.pages.forms import RejectedForm
from apps.predictions.services import quarantine, replaying
from apps.registry.models import MonitoredModel
from apps.registry.services.finding import find_model

ROWS_SHOWN = 25


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Role.ENGINEER)
def rejected(request: ProjectRequest, model: str) -> HttpResponse:
    """List the waiting rows, by code and newest first; POST tries rows of a code and kind again."""
    monitored = find_model(request.project, model)
    if request.method == "POST":
        return _tried_again(request, monitored)
    query = RejectedForm.read(request.GET)
    waiting = quarantine.chosen(monitored)
    chosen = quarantine.chosen(monitored, code=query["code"], kind=query["kind"])
    rows, following = quarantine.page(chosen, before=query["cursor"], limit=ROWS_SHOWN)
    filters = {name: query[name] for name in ("code", "kind") if query[name]}
    context = {
        "model": monitored,
        "tab": "model",
        "counts": waiting.counts_by_code(),
        "left_out": RejectedRow.objects.filter(model=monitored).left_out(),
        "rows": rows,
        "following": urlencode(filters | {"cursor": following}) if following else "",
        "filters": filters,
        "query": urlencode(filters),
        "is_later_page": query["cursor"] is not None,
        "days": settings.QUARANTINE_DAYS,
    }
    return render(request, "predictions/rejected.html", context)


def _tried_again(request: ProjectRequest, model: MonitoredModel) -> HttpResponse:
    choice = RejectedForm.read(request.POST)
    kinds = [BatchKind(choice["kind"])] if choice["kind"] else list(BatchKind)
    result = replaying.replay(model, kinds=kinds, code=choice["code"], told=request.user)
    stored = result.accepted + result.duplicates
    if stored:
        messages.success(request, f"{count(stored)} stored.")
    if result.rejected:
        messages.warning(request, f"{count(len(result.rejected))} still rejected, each with its reason.")
    if result.remaining:
        messages.warning(request, f"{count(result.remaining)} not tried yet. Try again for the next ones.")
    if not (stored or result.rejected):
        messages.info(request, "No rows are waiting.")
    return redirect(reverse("rejected", args=[request.project.slug, model.slug]))


@require_safe
@member_page(Role.ENGINEER)
def rejected_lines(request: ProjectRequest, model: str) -> StreamingHttpResponse:
    """Download the waiting rows, each with its reason and its text as sent."""
    monitored = find_model(request.project, model)
    query = RejectedForm.read(request.GET)
    rows = quarantine.chosen(monitored, code=query["code"], kind=query["kind"])
    answer = StreamingHttpResponse(quarantine.lines(rows), content_type="application/x-ndjson")
    answer["Content-Disposition"] = f'attachment; filename="{monitored.slug}-rejected.ndjson"'
    return answer
