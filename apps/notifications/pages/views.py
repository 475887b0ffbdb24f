"""Endpoints: which systems are told what, what they have got, and what is sent again."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import Role
from apps.accounts.services.access import ProjectRequest, get_or_404, member_page
from apps.common import numerals
from apps.common.errors import DomainError
from apps.common.exports import CsvRenderer, streamed
from apps.notifications.models import Delivery, Endpoint, Event
from apps.notifications.pages.forms import DeliveriesForm, EndpointForm, ReplayForm
from apps.notifications.services import endpoints, feeds

PER_PAGE = 50
CHUNK = 1_000
COLUMNS = {
    "event": "text",
    "key": "text",
    "model": "text",
    "seq": "integer",
    "case": "text",
    "occurred_at": "moment",
    "attempts": "integer",
    "delivered_at": "moment",
    "failed_at": "moment",
    "status": "integer",
    "answer": "text",
}


@require_safe
@member_page(Role.OWNER)
def endpoint_list(request: ProjectRequest) -> HttpResponse:
    return _list(request, EndpointForm())


@require_POST
@member_page(Role.OWNER)
def endpoint_create(request: ProjectRequest) -> HttpResponse:
    """Add an endpoint, and show its secret this once."""
    form = EndpointForm(request.POST)
    if form.is_valid():
        try:
            made = endpoints.create(request.project, **form.cleaned_data, by=request.user)
        except DomainError as problem:
            form.add_error("url", problem.message)
        else:
            return _list(request, EndpointForm(), made=made)
    return _list(request, form)


def _list(request: ProjectRequest, form: EndpointForm, *, made: Endpoint | None = None) -> HttpResponse:
    counts = feeds.counts(request.project)
    known = Endpoint.objects.in_project(request.project).order_by("pk")
    context = {"rows": [(each, counts.get(each.pk, {})) for each in known], "form": form, "made": made}
    return render(request, "notifications/endpoints.html", context, status=422 if form.is_bound else 200)


@require_safe
@member_page(Role.OWNER)
def endpoint_page(request: ProjectRequest, endpoint: int) -> HttpResponse:
    """Show what an endpoint was sent, newest first."""
    found = _find(request, endpoint)
    form = DeliveriesForm(request.GET)
    rows = feeds.deliveries(found, form.wanted, reader=request.user)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    feeds.note_shown(list(page.object_list), reader=request.user)
    context = {
        "endpoint": found,
        "counts": feeds.counts(request.project).get(found.pk, {}),
        "form": form,
        "is_filtered": any(form.cleaned_data.values()),
        "query": request.GET.urlencode(),
        "page": page,
        "replay_form": ReplayForm(project=request.project),
    }
    return render(request, "notifications/endpoint.html", context)


@require_safe
@member_page(Role.OWNER)
def endpoint_csv(request: ProjectRequest, endpoint: int) -> HttpResponseBase:
    """Download the listed deliveries."""
    found = _find(request, endpoint)
    rows = feeds.deliveries(found, DeliveriesForm(request.GET).wanted, reader=request.user)
    return streamed(_chunks(request, rows), COLUMNS, renderer=CsvRenderer(), name=f"deliveries-{found.pk}")


@require_POST
@member_page(Role.OWNER)
def endpoint_act(request: ProjectRequest, endpoint: int) -> HttpResponse:
    """Pause, resume or remove an endpoint."""
    found = _find(request, endpoint)
    act = request.POST.get("act")
    if act == "remove":
        endpoints.remove(found, by=request.user)
        messages.success(request, "The endpoint is removed.")
        return redirect("endpoints", request.project.slug)
    if act == "resume":
        endpoints.resume(found, by=request.user)
        messages.success(request, "Events are sent again.")
    else:
        endpoints.pause(found, by=request.user)
        messages.success(request, "Nothing is sent until you resume it; events wait.")
    return redirect("endpoint", request.project.slug, found.pk)


@require_POST
@member_page(Role.OWNER)
def endpoint_again(request: ProjectRequest, endpoint: int) -> HttpResponse:
    """Send one delivery again, or all that failed."""
    found = _find(request, endpoint)
    chosen = request.POST.get("delivery", "")
    rows = Delivery.objects.filter(endpoint=found)
    rows = rows.filter(pk=get_or_404(rows, pk=chosen).pk) if chosen else rows.failed()
    _say_sent(request, endpoints.send_again(found, rows, by=request.user))
    return redirect("endpoint", request.project.slug, found.pk)


@require_POST
@member_page(Role.OWNER)
def endpoint_replay(request: ProjectRequest, endpoint: int) -> HttpResponse:
    """Send a model's events from a number on."""
    found = _find(request, endpoint)
    form = ReplayForm(request.POST, project=request.project)
    if form.is_valid():
        events = Event.objects.filter(model=form.cleaned_data["model"], seq__gt=form.cleaned_data["after"])
        _say_sent(request, endpoints.replay(found, events, by=request.user))
    else:
        messages.error(request, str(next(iter(form.errors.values()))[0]))
    return redirect("endpoint", request.project.slug, found.pk)


def _say_sent(request: ProjectRequest, count: int) -> None:
    if count:
        messages.success(
            request, f"{numerals.count(count)} event{'' if count == 1 else 's'} will be sent again, with the same keys."
        )
    else:
        messages.warning(request, "There was nothing to send.")


def _find(request: ProjectRequest, endpoint: int) -> Endpoint:
    found: Endpoint = get_or_404(Endpoint.objects.in_project(request.project), pk=endpoint)
    return found


def _chunks(request: ProjectRequest, rows: QuerySet[Delivery]) -> Iterator[list[dict[str, Any]]]:
    found = rows.iterator(chunk_size=CHUNK)
    while chunk := list(islice(found, CHUNK)):
        feeds.note_shown(chunk, reader=request.user)
        yield [_row(each) for each in chunk]


def _row(delivery: Delivery) -> dict[str, Any]:
    event = delivery.event

    def moment(name: str, of: Any = delivery) -> str | None:
        at = getattr(of, name)
        return at.isoformat() if at else None

    return {
        "event": event.kind,
        "key": str(event.key),
        "model": event.model.slug,
        "seq": event.seq,
        "case": event.prediction.external_id if event.prediction else None,
        "occurred_at": moment("occurred_at", event),
        "attempts": delivery.attempts,
        "delivered_at": moment("delivered_at"),
        "failed_at": moment("failed_at"),
        "status": delivery.status,
        "answer": delivery.said or None,
    }
