"""What the rules found, what people did about it, and the rules themselves."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.models import Role
from apps.accounts.services.access import ProjectRequest, get_or_404, member_page
from apps.common.errors import ConflictError
from apps.common.exports import CsvRenderer, streamed
from apps.monitoring.services.describing import effect
from apps.notifications.models import Alert, RuleKind
from apps.notifications.pages.alert_forms import AlertsForm, DaysForm, RuleForm
from apps.notifications.querysets import AlertQuerySet
from apps.notifications.services import alerting, past, signs
from apps.notifications.services.alerting import InForce
from apps.registry.models import MonitoredModel
from apps.registry.services.finding import find_model

PER_PAGE = 50
CHUNK = 1_000
COLUMNS = {
    "fired_at": "moment",
    "model": "text",
    "rule": "text",
    "subject": "text",
    "state": "text",
    "title": "text",
    "value": "number",
    "acknowledged_at": "moment",
    "resolved_at": "moment",
}
# Written in 100 on pages.
IN_100 = frozenset({RuleKind.DRIFT, RuleKind.RIGHT, RuleKind.TARGET})
# Rules whose level says yes or no.
WITHOUT_LEVEL = frozenset({RuleKind.INCIDENT, RuleKind.DRAW_CHECK, RuleKind.REPORT_FAILED})
# With fewer alerts nothing is said about how many people act on.
LEAST_FIRED, LEAST_ACTED = 5, 0.2


@dataclass(frozen=True)
class RuleRow:
    """A rule on its page."""

    rule: InForce
    level: str
    would_have_fired: int
    fired: int
    acted: int

    @property
    def has_level(self) -> bool:
        return self.rule.kind not in WITHOUT_LEVEL

    @property
    def is_candidate(self) -> bool:
        """Whether hardly anybody acts on it."""
        return self.fired >= LEAST_FIRED and self.acted < LEAST_ACTED * self.fired


@require_safe
@member_page(Role.ENGINEER)
def alert_list(request: ProjectRequest) -> HttpResponse:
    form = AlertsForm(request.GET, project=request.project)
    page = Paginator(_listed(request, form), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "is_filtered": bool(form.wanted),
        "query": request.GET.urlencode(),
        "models": MonitoredModel.objects.in_project(request.project).filter(archived_at=None).order_by("name"),
    }
    return render(request, "notifications/alerts.html", context)


@require_safe
@member_page(Role.ENGINEER)
def alerts_csv(request: ProjectRequest) -> HttpResponseBase:
    """Download the listed alerts."""
    rows = _listed(request, AlertsForm(request.GET, project=request.project))
    return streamed(_chunks(rows), COLUMNS, renderer=CsvRenderer(), name="alerts")


@require_safe
@member_page(Role.ENGINEER)
def alert_page(request: ProjectRequest, alert: int) -> HttpResponse:
    found = _find(request, alert)
    event = signs.event_of(found)
    context = {
        # What is known of an event grows while it lasts, and after.
        "title": signs.title_of(event) if event else found.title,
        "text": effect(event) if event else found.text,
        "model": found.model,
        "tab": "data",
        "alert": found,
        "address": settings.PATH + found.url.removeprefix(settings.PATH),
        "event": event.pk if event else "",
        "rule": alerting.rules_of(found.model)[RuleKind(found.kind)],
        "form": DaysForm(),
    }
    return render(request, "notifications/alert.html", context)


@require_POST
@member_page(Role.ENGINEER)
def alert_act(request: ProjectRequest, alert: int) -> HttpResponse:
    """Acknowledge an alert, or mute its rule, for some days."""
    found, form = _find(request, alert), DaysForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Give a number of days from 1 to 90.")
    elif request.POST.get("act") == "mute":
        alerting.mute(found, by=request.user, days=form.cleaned_data["days"])
        messages.success(request, "Muted. Its alerts are still listed.")
    else:
        try:
            alerting.acknowledge(found, by=request.user, days=form.cleaned_data["days"])
        except ConflictError as error:
            messages.error(request, error.message)
        else:
            messages.success(request, "Acknowledged.")
    return redirect("alert", request.project.slug, found.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Role.ENGINEER)
def rules_page(request: ProjectRequest, model: str) -> HttpResponse:
    monitored = find_model(request.project, model)
    if request.method == "POST":
        return _change_rule(request, monitored)
    now = timezone.now()
    acted = alerting.acted_on(monitored, since=now - past.LOOKED_BACK)
    rows = [
        RuleRow(
            rule,
            _shown(rule),
            past.would_have_fired(monitored, kind, level=rule.level, now=now),
            *acted.get(kind, (0, 0)),
        )
        for kind, rule in alerting.rules_of(monitored).items()
    ]
    return render(request, "notifications/rules.html", {"model": monitored, "tab": "data", "rows": rows, "now": now})


def _change_rule(request: ProjectRequest, model: MonitoredModel) -> HttpResponse:
    form, kind = RuleForm(request.POST), request.POST.get("kind")
    if kind not in RuleKind.values:
        messages.error(request, "There is no such rule.")
    elif not form.is_valid():
        messages.error(request, "The level is a number, not below 0.")
    else:
        level = form.cleaned_data["level"]
        given = level / 100 if level is not None and kind in IN_100 else level
        alerting.change_rule(model, RuleKind(kind), is_on=form.cleaned_data["is_on"], level=given, by=request.user)
        messages.success(request, "Saved.")
    return redirect("rules", request.project.slug, model.slug)


def _shown(rule: InForce) -> str:
    if rule.level is None:
        return ""
    return f"{100 * rule.level if rule.kind in IN_100 else rule.level:g}"


def _find(request: ProjectRequest, alert: int) -> Alert:
    rows = Alert.objects.in_project(request.project).fired()
    found: Alert = get_or_404(rows.select_related("model__project", "acknowledged_by"), pk=alert)
    return found


def _listed(request: ProjectRequest, form: AlertsForm) -> AlertQuerySet:
    rows: AlertQuerySet = (
        Alert.objects.in_project(request.project).fired().select_related("model").order_by("-fired_at", "-pk")
    )
    wanted = form.wanted
    if text := wanted.get("text"):
        rows = rows.filter(Q(title__icontains=text) | Q(text__icontains=text))
    if state := wanted.get("state"):
        rows = rows.filter(state=state)
    if kind := wanted.get("kind"):
        rows = rows.filter(kind=kind)
    if model := wanted.get("model"):
        rows = rows.filter(model__slug=model)
    return rows


def _chunks(rows: AlertQuerySet) -> Iterator[list[dict[str, Any]]]:
    stream = rows.iterator(chunk_size=CHUNK)
    while chunk := list(islice(stream, CHUNK)):
        yield [
            {
                "fired_at": _moment(each.fired_at),
                "model": each.model.slug,
                "rule": each.kind,
                "subject": each.subject,
                "state": each.state,
                "title": each.title,
                "value": each.value,
                "acknowledged_at": _moment(each.acknowledged_at),
                "resolved_at": _moment(each.resolved_at),
            }
            for each in chunk
        ]


def _moment(value: Any) -> str | None:
    return value.isoformat() if value else None
