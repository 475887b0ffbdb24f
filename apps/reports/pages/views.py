"""Pages of reports: one by its number, its PDF, and jobs under way."""

from datetime import datetime
from typing import Any, cast

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRedirect

from apps.accounts.models import Role
from apps.accounts.services.access import ProjectRequest, get_or_404, member_page
from apps.monitoring.services import events
from apps.reports import services
from apps.reports.engine.document import Document
from apps.reports.models import Kind, Report, ReportJob
from apps.reports.pages import letters, numbers, windows, wording
from apps.reports.pages.charts import charts_of
from apps.reports.pages.files import report_file
from apps.reports.pages.forms import WindowForm
from apps.reports.pages.sheets import sheet_of
from apps.reports.pages.timeline import summary, timeline_of
from apps.reports.services import timeline
from apps.reports.services.refresh import is_outdated
from apps.reports.services.visible import visible

OTHERS_SHOWN = 20
MOST_BEFORE = 5
# Days by which one month is longer than another.
MONTHS_APART = 3


@require_safe
@member_page(Role.STAKEHOLDER)
def report(request: ProjectRequest, report: int) -> HttpResponse:
    """Show one report by its number."""
    return show(request, _report(request, report))


@require_safe
@member_page(Role.STAKEHOLDER)
def pdf(request: ProjectRequest, report: int) -> HttpResponse:
    """Return the report as PDF."""
    role = Role(request.membership.role)
    shown = visible(_report(request, report), role=role)
    name, content = letters.printed(shown, before=_before(shown, role=role))
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}"'
    return response


@require_safe
@member_page(Role.STAKEHOLDER)
def figures_file(request: ProjectRequest, report: int, form: str) -> HttpResponseBase:
    """Download the report's figures; as a workbook, with its tables and the data of its pictures."""
    return report_file(visible(_report(request, report), role=Role(request.membership.role)), form)


@require_safe
@member_page(Role.STAKEHOLDER)
def said(request: ProjectRequest, report: int) -> HttpResponse:
    """Show what was said of the report's window, and when."""
    role = Role(request.membership.role)
    shown = visible(_report(request, report), role=role)
    context = {
        "report": shown,
        "model": shown.model,
        "tab": shown.kind,
        "title": wording.TITLES[shown.kind],
        "period": numbers.period(shown.start, shown.end),
        "timeline": timeline_of(timeline.said(shown, role=role), shown),
    }
    return render(request, "reports/_timeline.html" if _wants_fragment(request) else "reports/said.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Role.STAKEHOLDER, post=Role.ENGINEER)
def job(request: ProjectRequest, job: int) -> HttpResponse:
    """Show the progress of a report, and go to it when it is done; POST tries a failed one again."""
    jobs = ReportJob.objects.in_project(request.project).select_related(
        "model__project", "version", "requested_by", "report__model__project"
    )
    shown = get_or_404(jobs, pk=job)
    if request.method == "POST":
        services.retry_job(shown)
        return redirect("report_job", request.project.slug, shown.pk)
    if shown.report_id:
        assert shown.report is not None
        address = windows.address_of_report(shown.report)
        return HttpResponseClientRedirect(address) if _wants_fragment(request) else redirect(address)
    context = {
        "job": shown,
        "what": "report",
        "progress_address": reverse("report_job", args=[request.project.slug, shown.pk]),
        "model": shown.model,
        "tab": shown.kind,
        "title": wording.TITLES[shown.kind],
        "period": numbers.period(shown.start, shown.end),
        "may_ask": request.membership.reaches(Role.ENGINEER),
    }
    if not _wants_fragment(request):
        context |= {
            "kind": shown.kind,
            "form": WindowForm.of(shown.model),
            "window_tabs": windows.tabs(
                shown.model,
                shown.kind,
                shown=(shown.start, shown.end),
                version=shown.version.name if shown.version else "",
                now=timezone.now(),
            ),
        }
    return render(request, "reports/_job.html" if _wants_fragment(request) else "reports/job.html", context)


def show(request: ProjectRequest, shown: Report) -> HttpResponse:
    """Show a report as this person may see it."""
    may_ask = request.membership.reaches(Role.ENGINEER)
    role = Role(request.membership.role)
    shown = visible(shown, role=role)
    sheet = sheet_of(shown, before=_before(shown, role=role))
    context: dict[str, Any] = {
        "report": shown,
        "model": shown.model,
        "tab": shown.kind,
        "kind": shown.kind,
        "sheet": sheet,
        "charts": charts_of(cast(Document, shown.document), sheet),
        "as_of": shown.as_of.astimezone(shown.model.zone),
        "is_outdated": is_outdated(shown, now=timezone.now()),
        "may_ask": may_ask,
        "reads_cases": role.reads(Role.ENGINEER),
        "form": None if shown.model.archived_at else WindowForm.of(shown.model),
        "window_tabs": windows.tabs(
            shown.model,
            shown.kind,
            shown=(shown.start, shown.end),
            version=shown.version.name if shown.version else "",
            now=timezone.now(),
        ),
        "unlike": events.within(shown.model, shown.start, shown.end, shows_sensitive=may_ask),
        "through": numbers.last_day(shown.end),
        **_others(shown),
    }
    return render(request, "reports/report.html", context)


def _before(shown: Report, *, role: Role) -> Report | None:
    """Return the report on the window before, if it is as long: its figures stand beside those of this one."""
    if shown.kind != Kind.PERFORMANCE:
        return None
    found = list(Report.objects.ending_before(shown).select_related("model__project", "version")[:MOST_BEFORE])
    days = (shown.end - shown.start).days
    alike = [each for each in found if abs((each.end - each.start).days - days) <= MONTHS_APART]
    return visible(alike[0], role=role) if alike else None


def _others(shown: Report) -> dict[str, Any]:
    """Say what was said of this window before, and list other windows, newest first; without their documents."""
    reports = Report.objects.filter(model=shown.model, kind=shown.kind).defer("document")
    newest = reports.of_same_window(shown).order_by("-id").first() or shown
    others = [
        other for other in reports.newest_by_window().select_related("version") if not _is_same_window(other, shown)
    ]
    others.sort(key=lambda other: (other.end, other.start), reverse=True)
    return {
        "said_before": summary(shown, timeline.times_said(shown)),
        "windows": [_listed(other, shown) for other in others[:OTHERS_SHOWN]],
        "newer": newest if newest.pk > shown.pk else None,
    }


def _is_same_window(one: Report, other: Report) -> bool:
    return (one.start, one.end, one.version_id) == (other.start, other.end, other.version_id)


def _listed(report: Report, shown: Report) -> dict[str, Any]:
    moment: datetime = report.as_of.astimezone(shown.model.zone)
    period = numbers.period(report.start, report.end)
    return {
        "pk": report.pk,
        "period": f"{period}, version {report.version.name}" if report.version else period,
        "as_of": f"{numbers.day(moment)}, {moment:%H:%M %Z}",
    }


def _report(request: ProjectRequest, pk: int) -> Report:
    reports = Report.objects.in_project(request.project).select_related("model__project", "version")
    report: Report = get_or_404(reports, pk=pk)
    return report


def _wants_fragment(request: ProjectRequest) -> bool:
    """Say whether htmx asks for the part of the page that changes."""
    return "HX-Request" in request.headers
