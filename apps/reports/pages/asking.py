"""Ask for a report on a window: by its name, by days, or by a form. A stored one is shown at once."""

from datetime import date, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from apps.accounts.models import Role
from apps.accounts.services.access import ProjectRequest, member_page
from apps.common.errors import DomainError, NotFoundError
from apps.registry.models import MonitoredModel
from apps.registry.services.finding import find_model
from apps.reports.models import Kind, Report, ReportJob
from apps.reports.pages import numbers, windows, wording
from apps.reports.pages.forms import DaysForm, WindowForm, next_month
from apps.reports.pages.views import show
from apps.reports.services import windows as windows_of
from apps.reports.services.following import follow
from apps.reports.services.windows import Standing

Days = tuple[date, date]


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Role.STAKEHOLDER)
def reports(request: ProjectRequest, model: str, kind: str) -> HttpResponse:
    """Show the newest report of a kind on a window, or make it; POST makes one on days of one's own."""
    monitored = find_model(request.project, model)
    if kind not in Kind.values:
        raise NotFoundError("There is no such kind of report.")
    if request.method == "POST":
        return _of_form(request, monitored, kind, WindowForm.of(monitored, request.POST))
    if name := request.GET.get("window"):
        if name not in Standing.values:
            raise NotFoundError(f"There is no window {name!r}. There are {numbers.listed(Standing.values)}.")
        days = windows_of.days_of(monitored, name, today=windows_of.today_of(monitored))
        return _of_window(request, monitored, kind, days, standing=name)
    if "start" in request.GET or "end" in request.GET:
        asked = DaysForm(request.GET)
        if not asked.is_valid():
            raise NotFoundError("An address of days needs `start` and a later `end`, such as 2026-05-01.")
        return _of_window(request, monitored, kind, asked.days)
    return _usual(request, monitored, kind)


def _usual(request: ProjectRequest, model: MonitoredModel, kind: str) -> HttpResponse:
    """Show the model's usual window; until its first report is made, the report that reaches furthest."""
    now = timezone.now()
    usual = windows_of.default_of(windows_of.offered(model, now=now))
    stored = None
    if usual is not None:
        follow(model, kind, usual.start, usual.end, standing=usual.standing)
        stored = windows_of.standing_report(model, kind, usual.standing, today=windows_of.today_of(model, now=now))
    stored = stored or Report.objects.filter(model=model, kind=kind).foremost().first()
    return show(request, stored) if stored else _nothing_yet(request, model, kind, WindowForm.of(model))


def _of_window(
    request: ProjectRequest, model: MonitoredModel, kind: str, days: Days, *, standing: str = ""
) -> HttpResponse:
    """Show the stored report on these days; without one, start the job that makes it."""
    stored = windows_of.newest_report(model, kind, *days)
    if stored is None and (model.archived_at or not windows_of.has_predictions(model, *days)):
        return _nothing_there(request, model, kind, days)
    if stored is None:
        check_apart(request, model, days)
    follow(model, kind, *days, standing=standing)
    if stored is not None:
        return show(request, stored)
    return _go_to(request, windows_of.want(model, kind, *days, by=request.user))


def _of_form(request: ProjectRequest, model: MonitoredModel, kind: str, form: WindowForm) -> HttpResponse:
    """Show the stored report on the days of the form if it is current, else start the job that makes one."""
    if not form.is_valid():
        return _nothing_yet(request, model, kind, form, status=400)
    days: Days = form.cleaned_data["days"]
    if not windows_of.has_predictions(model, *days):
        return redirect(windows.address_of(model, kind, days=days))
    try:
        check_apart(request, model, days)
        made = windows_of.want(model, kind, *days, by=request.user)
    except DomainError as error:
        form.add_error(None, str(error))
        return _nothing_yet(request, model, kind, form, status=error.status)
    return _go_to(request, made)


def check_apart(request: ProjectRequest, model: MonitoredModel, days: Days) -> None:
    """Refuse days from which single cases could be worked out, to those who may not see them. Raises DomainError."""
    is_usual = any((each.start, each.end) == days for each in windows_of.offered(model, now=timezone.now()))
    if not (is_usual or numbers.is_month(*days) or request.membership.reads(Role.ENGINEER)):
        windows_of.check_apart(model, *days)


def _go_to(request: ProjectRequest, made: Report | ReportJob) -> HttpResponse:
    """Go to the report, or to the progress of its job."""
    if isinstance(made, Report):
        return redirect(windows.address_of_report(made))
    return redirect("report_job", request.project.slug, made.pk)


def _nothing_there(request: ProjectRequest, model: MonitoredModel, kind: str, days: Days) -> HttpResponse:
    """Say that a window holds no predictions, what there is, and where the nearest ones are."""
    near, seen = windows_of.nearest_day(model, *days), windows_of.seen_days(model)
    month = (near.replace(day=1), next_month(near.replace(day=1))) if near else None
    there = {
        "period": numbers.period(*days),
        "has_predictions": windows_of.has_predictions(model, *days),
        "seen": numbers.period(seen[0], seen[1] + timedelta(days=1)) if seen else "",
        "near": numbers.period(*month) if month else "",
        "near_address": windows.address_of(model, kind, days=month) if month else "",
    }
    context = _context(model, kind, WindowForm.of(model), shown=days) | there
    return render(request, "reports/nothing_there.html", context)


def _nothing_yet(
    request: ProjectRequest, model: MonitoredModel, kind: str, form: WindowForm, *, status: int = 200
) -> HttpResponse:
    stored, jobs = Report.objects.filter(model=model, kind=kind), ReportJob.objects.unfinished()
    context = _context(model, kind, form, shown=None) | {
        "job": jobs.filter(model=model, kind=kind).order_by("-id").first(),
        "is_first": not stored.exists(),
    }
    return render(request, "reports/ask.html", context, status=status)


def _context(model: MonitoredModel, kind: str, form: WindowForm, *, shown: Days | None) -> dict[str, Any]:
    return {
        "model": model,
        "tab": kind,
        "kind": kind,
        "title": wording.TITLES[kind],
        "form": None if model.archived_at else form,
        "window_tabs": windows.tabs(model, kind, shown=shown, now=timezone.now()),
    }
