"""Pages of reports: the latest of a kind, one by its number, its print, and jobs under way."""

from datetime import datetime
from typing import Any, cast

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRedirect

from apps.accounts.models import Role
from apps.accounts.services.access import ProjectRequest, get_or_404, member_page
from apps.common.errors import ForbiddenError, NotFoundError
from apps.registry.models import MonitoredModel
from apps.registry.services.finding import find_model
from apps.reports import services
from apps.reports.engine.document import Document
from apps.reports.models import Kind, Report, ReportJob
from apps.reports.pages import numbers, wording
from apps.reports.pages.charts import charts_of
from apps.reports.pages.contents import sensitive_slices
from apps.reports.pages.forms import WindowForm
from apps.reports.pages.pdf import render_pdf
from apps.reports.pages.sheets import sheet_of
from apps.reports.services.refresh import is_outdated

OTHERS_SHOWN = 20


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Role.STAKEHOLDER)
def reports(request: ProjectRequest, model: str, kind: str) -> HttpResponse:
    """The newest report of a kind, or what to do where there is none; POST asks for another."""
    monitored = find_model(request.project, model)
    if kind not in Kind.values:
        raise NotFoundError("There is no such kind of report.")
    if request.method == "POST":
        return _ask(request, monitored, kind)
    newest = Report.objects.in_project(request.project).latest_of(kind, model=monitored)
    if newest is None:
        return _nothing_yet(request, monitored, kind, _form(monitored))
    return _show(request, newest)


@require_safe
@member_page(Role.STAKEHOLDER)
def report(request: ProjectRequest, report: int) -> HttpResponse:
    """One report by its number."""
    return _show(request, _report(request, report))


@require_safe
@member_page(Role.STAKEHOLDER)
def pdf(request: ProjectRequest, report: int) -> HttpResponse:
    """The report in print."""
    found = _report(request, report)
    sheet = sheet_of(found, hidden=_hidden(request, found))
    response = HttpResponse(render_pdf(found, sheet), content_type="application/pdf")
    name = f"{found.model.slug}-{found.kind}-{found.start}-{found.end}.pdf"
    response["Content-Disposition"] = f'inline; filename="{name}"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Role.STAKEHOLDER)
def job(request: ProjectRequest, job: int) -> HttpResponse:
    """How far a report is; goes to it when it is done. POST tries a failed one again."""
    rows = ReportJob.objects.in_project(request.project).select_related("model", "requested_by")
    found = get_or_404(rows, pk=job)
    if request.method == "POST":
        _engineers_only(request)
        services.retry_job(found)
        return redirect("report_job", request.project.slug, found.pk)
    if found.report_id:
        address = reverse("report", args=[request.project.slug, found.report_id])
        return HttpResponseClientRedirect(address) if _is_part(request) else redirect(address)
    context = {
        "job": found,
        "model": found.model,
        "tab": found.kind,
        "title": wording.TITLES[found.kind],
        "period": numbers.period(found.start, found.end),
        "may_ask": request.membership.reaches(Role.ENGINEER),
    }
    return render(request, "reports/_job.html" if _is_part(request) else "reports/job.html", context)


def _ask(request: ProjectRequest, model: MonitoredModel, kind: str) -> HttpResponse:
    _engineers_only(request)
    form = _form(model, request.POST)
    if not form.is_valid():
        return _nothing_yet(request, model, kind, form, status=400)
    start, end = form.cleaned_data["days"]
    asked = services.request_report(model, kind, start, end, by=request.user)
    return redirect("report_job", request.project.slug, asked.pk)


def _nothing_yet(
    request: ProjectRequest, model: MonitoredModel, kind: str, form: WindowForm, *, status: int = 200
) -> HttpResponse:
    context = {
        "model": model,
        "tab": kind,
        "kind": kind,
        "title": wording.TITLES[kind],
        "form": form,
        "job": ReportJob.objects.unfinished().filter(model=model, kind=kind).order_by("-id").first(),
        "may_ask": request.membership.reaches(Role.ENGINEER),
    }
    return render(request, "reports/ask.html", context, status=status)


def _show(request: ProjectRequest, found: Report) -> HttpResponse:
    may_ask = request.membership.reaches(Role.ENGINEER)
    sheet = sheet_of(found, hidden=_hidden(request, found))
    context: dict[str, Any] = {
        "report": found,
        "model": found.model,
        "tab": found.kind,
        "kind": found.kind,
        "sheet": sheet,
        "charts": charts_of(cast(Document, found.document), sheet),
        "as_of": found.as_of.astimezone(found.model.zone),
        "is_outdated": is_outdated(found, now=timezone.now()),
        "may_ask": may_ask,
        "form": _form(found.model) if may_ask else None,
        "through": numbers.last_day(found.end),
        **_others(found),
    }
    return render(request, "reports/report.html", context)


def _others(found: Report) -> dict[str, Any]:
    """The same window at other times, and other windows, newest first; without what is large in them."""
    rows = Report.objects.filter(model=found.model, kind=found.kind).defer("document")
    same = list(rows.of_same_window(found).order_by("-id")[:OTHERS_SHOWN])
    windows = [each for each in rows.newest_by_window() if (each.start, each.end) != (found.start, found.end)]
    windows.sort(key=lambda each: (each.end, each.start), reverse=True)
    newest = same[0] if same else found
    return {
        "versions": [_line(each, found) for each in same],
        "windows": [_line(each, found) for each in windows[:OTHERS_SHOWN]],
        "newer": newest if newest.pk > found.pk else None,
    }


def _line(each: Report, shown: Report) -> dict[str, Any]:
    moment: datetime = each.as_of.astimezone(shown.model.zone)
    return {
        "pk": each.pk,
        "period": numbers.period(each.start, each.end),
        "as_of": f"{numbers.day(moment)}, {moment:%H:%M}",
        "is_shown": each.pk == shown.pk,
    }


def _report(request: ProjectRequest, pk: int) -> Report:
    rows = Report.objects.in_project(request.project).select_related("model__project")
    found: Report = get_or_404(rows, pk=pk)
    return found


def _hidden(request: ProjectRequest, found: Report) -> set[str]:
    """The slices that this member may not see."""
    if request.membership.reaches(Role.REVIEWER):
        return set()
    return sensitive_slices(cast(Document, found.document), found.model)


def _is_part(request: ProjectRequest) -> bool:
    """True where htmx asks for the part of the page that changes."""
    return "HX-Request" in request.headers


def _form(model: MonitoredModel, data: Any = None) -> WindowForm:
    return WindowForm(data, today=timezone.now().astimezone(model.zone).date())


def _engineers_only(request: ProjectRequest) -> None:
    if not request.membership.reaches(Role.ENGINEER):
        raise ForbiddenError("Reports are asked for by engineers; you can read all that are there.")
