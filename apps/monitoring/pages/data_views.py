"""The page *Data*: what came in, whether it is like the weeks before, and what its changes cost."""

import json
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import Role
from apps.accounts.services.access import ProjectRequest, get_or_404, member_page
from apps.common.errors import DomainError, NotFoundError
from apps.common.exports import STREAMED, streamed
from apps.common.media_types import ARROW, JSON, NDJSON, PARQUET
from apps.monitoring.models import DataEvent, WeakSearch
from apps.monitoring.pages import data_charts
from apps.monitoring.pages.days_seen import Seen
from apps.monitoring.pages.event_text import EventText
from apps.monitoring.pages.feature_rows import FeatureRow, feature_rows
from apps.monitoring.pages.feature_stages import stages_of
from apps.monitoring.pages.serving import serving
from apps.monitoring.pages.weak_rows import weak_rows
from apps.monitoring.pages.wholeness import wholeness
from apps.monitoring.services import drafting, judging, uploaded
from apps.monitoring.services.day_counting import ENOUGH, waiting_rows
from apps.monitoring.services.history import DAY
from apps.registry.models import MonitoredModel
from apps.registry.services.finding import find_model

SHOWN = 12
FORMATS = {renderer.format: renderer for renderer in STREAMED}
UPLOADED = {".json": JSON, ".ndjson": NDJSON[0], ".parquet": PARQUET[0], ".arrow": ARROW[0]}
KINDS = {"day": "text", "stage": "text", "name": "text", "bin": "text", "rows": "integer", "sum": "number"}


@require_safe
@member_page(Role.ENGINEER)
def data_page(request: ProjectRequest, model: str) -> HttpResponse:
    monitored = find_model(request.project, model)
    chosen = request.GET.get("event", "")
    seen = Seen.of(
        monitored, now=timezone.now(), event=int(chosen) if chosen.isdecimal() and len(chosen) < 19 else None
    )
    context: dict[str, Any] = {"model": monitored, "tab": "data", "seen": seen}
    if seen is None:
        return render(request, "monitoring/data.html", context | _waiting(monitored))
    found, wanted = feature_rows(seen), request.GET.get("q", "").strip()
    matching = [row for row in found if _matches(row, wanted)]
    shown = matching if wanted or request.GET.get("all") else _first(matching)
    context |= {
        "text": EventText(seen),
        "answers": data_charts.answers(seen),
        "cause": _cause_chart(seen),
        "rows": [(row, data_charts.spark(row)) for row in shown],
        "costs": data_charts.costs(shown),
        "left": len(matching) - len(shown),
        "wanted": wanted,
        "total": len(found),
        "weak": weak_rows(seen, WeakSearch.objects.filter(model=monitored).first()),
        "serving": serving(seen),
        "whole": wholeness(seen),
        "draft": _draft_address(request, seen),
        "formats": list(FORMATS),
        "last_day": seen.now.end - DAY,
    }
    return render(request, "monitoring/data.html", context)


@require_safe
@member_page(Role.ENGINEER)
def data_feature(request: ProjectRequest, model: str) -> HttpResponse:
    """One feature opened: its answers then and now, and the same at each stage."""
    monitored = find_model(request.project, model)
    chosen = request.GET.get("event", "")
    seen = Seen.of(
        monitored, now=timezone.now(), event=int(chosen) if chosen.isdecimal() and len(chosen) < 19 else None
    )
    name = request.GET.get("name", "")
    row = next((each for each in feature_rows(seen) if each.series.name == name), None) if seen else None
    if seen is None or row is None:
        return render(request, "monitoring/_feature.html", {"model": monitored})
    context = {"model": monitored, "row": row, "chart": data_charts.then_and_now(row), "stages": stages_of(row)}
    return render(request, "monitoring/_feature.html", context)


@require_POST
@member_page(Role.ENGINEER)
def data_normal(request: ProjectRequest, model: str) -> HttpResponse:
    """Call the days of an event normal: they become the reference."""
    monitored = find_model(request.project, model)
    try:
        event: DataEvent = get_or_404(DataEvent.objects.filter(model=monitored), pk=request.POST.get("event"))
        judging.call_normal(event, by=request.user)
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
        messages.success(request, f"{made.rows:,} rows are the reference now.")
    return redirect("data", request.project.slug, monitored.slug)


@require_safe
@member_page(Role.ENGINEER)
def data_file(request: ProjectRequest, model: str, form: str) -> HttpResponseBase:
    """All day counts of the last 26 weeks, one line for each day, series and bin."""
    monitored = find_model(request.project, model)
    if form not in FORMATS:
        raise NotFoundError(f"There is no format {form!r}.")
    seen = Seen.of(monitored, now=timezone.now(), event=None)
    lines = _lines(seen) if seen else iter(())
    return streamed(lines, KINDS, renderer=FORMATS[form](), name=f"{monitored.slug}-days")


def _lines(seen: Seen) -> Iterator[list[dict[str, Any]]]:
    for series in seen.layout.series.values():
        counts, sums = seen.days.of(series), seen.days.sums_of(series)
        names = [seen.names.bin(series, place) for place in range(series.frozen.size)]
        yield [
            {
                "day": day.isoformat(),
                "stage": series.stage,
                "name": series.name,
                "bin": names[place],
                "rows": int(counts[at, place]),
                "sum": float(sums[at, place]),
            }
            for at, day in enumerate(seen.days.days)
            for place in counts[at].nonzero()[0].tolist()
        ]


def _waiting(model: MonitoredModel) -> dict[str, Any]:
    rows = waiting_rows(model)
    return {
        "waiting": rows,
        "waiting_title": f"{rows:,} predictions are here",
        "enough_text": f"{ENOUGH:,}",
    }


def _matches(row: FeatureRow, wanted: str) -> bool:
    return wanted.casefold() in f"{row.label} {row.series.name}".casefold()


def _first(rows: list[FeatureRow]) -> list[FeatureRow]:
    moved = [row for row in rows if row.moved or row.is_bug]
    return rows[: max(min(len(moved), 2 * SHOWN), min(SHOWN, len(rows)))]


def _cause_chart(seen: Seen) -> Any:
    cause = seen.event.cause if seen.event else None
    if not cause:
        return None
    part = cause["parts"][0]
    series = seen.series.get((part["stage"], part["name"]))
    if series is None:
        return None
    title = f"{seen.names.label(series.stage, series.name)}: {seen.names.bins(series, part['bins'])}"
    return data_charts.share(seen, series, part["bins"], title)


def _draft_address(request: ProjectRequest, seen: Seen) -> str:
    """The sampling page with a policy for what is new, to be looked at before it is saved."""
    cause = seen.event.cause if seen.event else None
    policy = drafting.draft(seen.model, cause["parts"], seen.series) if cause else None
    return draft_address(request, seen.model, policy) if policy else ""


def draft_address(request: ProjectRequest, model: MonitoredModel, policy: dict[str, Any]) -> str:
    address = reverse("sampling", args=[request.project.slug, model.slug])
    return f"{address}?{urlencode({'draft': json.dumps(policy)})}#change"
