"""Findings of a model: listed, written, followed up and closed; and the page of one incident."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from apps.accounts.models import Role
from apps.accounts.services.access import ProjectRequest, get_or_404, member_page
from apps.common.errors import DomainError
from apps.common.exports import CsvRenderer, streamed
from apps.registry.models import Finding, Incident, MonitoredModel
from apps.registry.pages.finding_forms import FindingForm, FindingsForm, FollowUpForm
from apps.registry.querysets import FindingQuerySet
from apps.registry.services import findings
from apps.registry.services.finding import find_model
from apps.registry.services.follow_ups import follow_up

PER_PAGE = 50
CHUNK = 1_000
INVALID = 400
COLUMNS = {
    "finding": "integer",
    "title": "text",
    "text": "text",
    "written_at": "moment",
    "written_by": "text",
    "owner": "text",
    "due_on": "text",
    "cause": "text",
    "action": "text",
    "helped": "text",
    "closed_at": "moment",
    "closed_by": "text",
}


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Role.ENGINEER, post=Role.VALIDATOR)
def finding_list(request: ProjectRequest, model: str) -> HttpResponse:
    """List the model's findings; POST writes one."""
    monitored = find_model(request.project, model)
    form = FindingForm(request.POST or None, project=request.project)
    if request.method == "POST" and form.is_valid():
        finding = findings.write(monitored, **form.cleaned_data, by=request.membership)
        messages.success(request, "Written down.")
        return redirect("finding", request.project.slug, finding.pk)
    filters = FindingsForm(request.GET)
    context = {
        "model": monitored,
        "tab": "model",
        "page": Paginator(_listed(monitored, filters), PER_PAGE).get_page(request.GET.get("page")),
        "filters": filters,
        "is_filtered": bool(request.GET),
        "query": request.GET.urlencode(),
        "form": form,
        "may_write": request.membership.reaches(Role.VALIDATOR),
        "today": _today(monitored),
    }
    return render(request, "registry/findings.html", context, status=INVALID if form.errors else 200)


@require_safe
@member_page(Role.ENGINEER)
def findings_csv(request: ProjectRequest, model: str) -> HttpResponseBase:
    """Download the listed findings."""
    monitored = find_model(request.project, model)
    rows = _chunks(_listed(monitored, FindingsForm(request.GET)))
    return streamed(rows, COLUMNS, renderer=CsvRenderer(), name=f"{monitored.slug}-findings")


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Role.ENGINEER, post=Role.VALIDATOR)
def finding_page(request: ProjectRequest, finding: int) -> HttpResponse:
    """Show a finding; POST follows it up, closes it or opens it again."""
    rows = Finding.objects.in_project(request.project).with_people().select_related("model__project")
    found: Finding = get_or_404(rows, pk=finding)
    form = FollowUpForm.of(found, request.POST or None, project=request.project)
    if request.method == "POST" and (act := ACTS.get(request.POST.get("act", ""))):
        try:
            act(found, by=request.membership)
        except DomainError as error:
            messages.error(request, error.message)
        return redirect("finding", request.project.slug, found.pk)
    if request.method == "POST" and form.is_valid():
        follow_up(found, form.cleaned_data, by=request.user)
        messages.success(request, "Saved.")
        return redirect("finding", request.project.slug, found.pk)
    context = {
        "model": found.model,
        "tab": "model",
        "finding": found,
        "form": form,
        "may_follow": request.membership.reaches(Role.VALIDATOR),
        "may_close": findings.may_close(request.membership),
        "today": _today(found.model),
    }
    return render(request, "registry/finding.html", context, status=INVALID if form.errors else 200)


ACTS = {"close": findings.close, "reopen": findings.reopen}


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Role.STAKEHOLDER, post=Role.ENGINEER)
def incident_page(request: ProjectRequest, incident: int) -> HttpResponse:
    """Show an incident and what was done about it; POST follows it up."""
    rows = Incident.objects.in_project(request.project).newest().select_related("model__project")
    found: Incident = get_or_404(rows, pk=incident)
    form = FollowUpForm.of(found, request.POST or None, project=request.project)
    if request.method == "POST" and form.is_valid():
        follow_up(found, form.cleaned_data, by=request.user)
        messages.success(request, "Saved.")
        return redirect("incident", request.project.slug, found.pk)
    context = {
        "model": found.model,
        "tab": "model",
        "incident": found,
        "form": form,
        "may_close": request.membership.reaches(Role.ENGINEER),
        "may_follow": request.membership.reaches(Role.ENGINEER),
        "today": _today(found.model),
    }
    return render(request, "registry/incident.html", context, status=INVALID if form.errors else 200)


def _today(model: MonitoredModel) -> Any:
    return timezone.now().astimezone(model.zone).date()


def _listed(model: MonitoredModel, form: FindingsForm) -> FindingQuerySet:
    wanted = form.wanted
    rows: FindingQuerySet = model.findings.in_state(wanted.get("state", "open")).with_people().order_by("-id")
    return rows.saying(wanted["text"]) if "text" in wanted else rows


def _chunks(rows: FindingQuerySet) -> Iterator[list[dict[str, Any]]]:
    stream = rows.iterator(chunk_size=CHUNK)
    while chunk := list(islice(stream, CHUNK)):
        yield [_row(each) for each in chunk]


def _row(finding: Finding) -> dict[str, Any]:
    people = {name: getattr(finding, name) for name in ("written_by", "owner", "closed_by")}
    return {
        "finding": finding.pk,
        "title": finding.title,
        "text": finding.text,
        "written_at": finding.written_at.isoformat(),
        "due_on": finding.due_on.isoformat() if finding.due_on else None,
        "cause": finding.cause,
        "action": finding.action,
        "helped": finding.helped,
        "closed_at": finding.closed_at.isoformat() if finding.closed_at else None,
        **{name: person.display_name if person else None for name, person in people.items()},
    }
