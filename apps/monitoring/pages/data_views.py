"""The page *Data*: what came in, whether it is like the weeks before, and what its changes cost."""

from pathlib import PurePath
from types import ModuleType
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import Role
from apps.accounts.services.access import ProjectRequest, get_or_404, member_page
from apps.common.errors import DomainError, NotFoundError
from apps.common.exports import STREAMED, streamed
from apps.common.media_types import ARROW, JSON, NDJSON, PARQUET
from apps.common.numerals import count
from apps.monitoring.models import DataEvent
from apps.monitoring.services import references, uploaded
from apps.monitoring.services.day_counting import ENOUGH, waiting_rows
from apps.registry.models import MonitoredModel
from apps.registry.services.finding import find_model

# Digits of a key that PostgreSQL can hold, and one more.
LONGEST_KEY = 19
FORMATS = {renderer.format: renderer for renderer in STREAMED}
UPLOADED = {".json": JSON, ".ndjson": NDJSON[0], ".parquet": PARQUET[0], ".arrow": ARROW[0]}
KINDS = {"day": "text", "stage": "text", "name": "text", "bin": "text", "rows": "integer", "sum": "number"}


@require_safe
@member_page(Role.ENGINEER)
def data_page(request: ProjectRequest, model: str) -> HttpResponse:
    monitored = find_model(request.project, model)
    contents = _contents().page(
        monitored,
        now=timezone.now(),
        event=_event(request),
        wanted=request.GET.get("q", "").strip(),
        shows_all="all" in request.GET,
    )
    shown = _waiting(monitored) if contents is None else contents | {"formats": list(FORMATS)}
    return render(request, "monitoring/data.html", {"model": monitored, "tab": "data", **shown})


@require_safe
@member_page(Role.ENGINEER)
def data_feature(request: ProjectRequest, model: str) -> HttpResponse:
    """One feature opened: its answers then and now, and the same at each stage."""
    monitored = find_model(request.project, model)
    name = request.GET.get("name", "")
    opened = _contents().feature(monitored, name, now=timezone.now(), event=_event(request))
    return render(request, "monitoring/_feature.html", {"model": monitored, **opened})


@require_POST
@member_page(Role.ENGINEER)
def data_normal(request: ProjectRequest, model: str) -> HttpResponse:
    """Call the days of an event normal: they become the reference."""
    monitored = find_model(request.project, model)
    try:
        event: DataEvent = get_or_404(DataEvent.objects.filter(model=monitored), pk=request.POST.get("event"))
        references.call_normal(event, by=request.user)
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, "These days are the reference now. The audit record says who called them normal.")
    return redirect("data", request.project.slug, monitored.slug)


@require_POST
@member_page(Role.ENGINEER)
def data_reference(request: ProjectRequest, model: str) -> HttpResponse:
    """Make the rows of an uploaded file the reference."""
    monitored = find_model(request.project, model)
    file = request.FILES.get("file")
    content_type = UPLOADED.get(PurePath(file.name or "").suffix.lower(), "") if file else ""
    if file is None or not content_type:
        messages.error(request, f"Choose a file that ends in {', '.join(UPLOADED)}.")
        return redirect("data", request.project.slug, monitored.slug)
    try:
        made = uploaded.upload(monitored, file.chunks(), content_type=content_type, by=request.user)
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"{count(made.rows)} rows are the reference now.")
    return redirect("data", request.project.slug, monitored.slug)


@require_safe
@member_page(Role.ENGINEER)
def data_file(request: ProjectRequest, model: str, form: str) -> HttpResponseBase:
    """All day counts of the last 26 weeks, one line for each day, series and bin."""
    monitored = find_model(request.project, model)
    if form not in FORMATS:
        raise NotFoundError(f"There is no format {form!r}.")
    lines = _contents().lines(monitored, now=timezone.now())
    return streamed(lines, KINDS, renderer=FORMATS[form](), name=f"{monitored.slug}-days")


def _waiting(model: MonitoredModel) -> dict[str, Any]:
    rows = waiting_rows(model)
    return {
        "waiting": rows,
        "waiting_title": f"{count(rows)} predictions are here",
        "enough_text": count(ENOUGH),
    }


def _event(request: ProjectRequest) -> int | None:
    """Return the event that is asked for."""
    chosen = request.GET.get("event", "")
    return int(chosen) if chosen.isdecimal() and len(chosen) < LONGEST_KEY else None


def _contents() -> ModuleType:
    # Loads scipy, which few requests need.
    from apps.monitoring.pages import data_contents  # noqa: PLC0415  # see above

    return data_contents
