"""Pages that compare two windows or versions, and the strip above a report that says what changed."""

from dataclasses import replace
from datetime import date
from typing import Any, cast
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRedirect

from apps.accounts.models import Role
from apps.accounts.services.access import ProjectRequest, get_or_404, member_page
from apps.common.errors import DomainError, NotFoundError
from apps.monitoring.services import events
from apps.registry.models import MonitoredModel
from apps.registry.services.finding import find_model
from apps.reports.engine.comparison_document import ComparisonDocument, SideSection
from apps.reports.models import Comparison, ComparisonJob, Kind, Report
from apps.reports.pages import choosing_sides, numbers, windows, wording
from apps.reports.pages.asking import check_apart
from apps.reports.pages.choosing_sides import SidesForm
from apps.reports.pages.figures import MISSING
from apps.reports.pages.side_by_side import days_of, figures_table, strip, why_of
from apps.reports.pages.waterfall import waterfall_of
from apps.reports.services import comparisons, moves
from apps.reports.services.cause_words import cause_sentences, group_name
from apps.reports.services.comparisons import Side
from apps.reports.services.jobs import TooManyJobsError, version_named
from apps.reports.services.visible_comparison import visible_comparison
from apps.reports.services.windows import newest_report


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Role.STAKEHOLDER)
def compare(request: ProjectRequest, model: str, kind: str) -> HttpResponse:
    """Show the newest comparison of two sides, or make it; POST makes it again."""
    monitored = find_model(request.project, model)
    if kind not in Kind.values:
        raise NotFoundError("There is no such kind of report.")
    if not request.GET:
        usual = choosing_sides.usual_sides(monitored)
        if usual is None:
            return _choose(request, monitored, kind)
        return redirect(choosing_sides.address_of(monitored, kind, *usual))
    form = SidesForm(request.GET, model=monitored, kind=kind)
    if not form.is_valid():
        return _choose(request, monitored, kind, form, status=400)
    try:
        return _of_sides(request, monitored, kind, form)
    except DomainError as error:
        form.add_error(None, str(error))
        return _choose(request, monitored, kind, form, status=error.status)


@require_safe
@member_page(Role.STAKEHOLDER)
def comparison(request: ProjectRequest, comparison: int) -> HttpResponse:
    """Show one comparison by its number."""
    found = Comparison.objects.in_project(request.project)
    found = found.select_related("model__project", "first_version", "second_version")
    return _show(request, get_or_404(found, pk=comparison))


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Role.STAKEHOLDER, post=Role.ENGINEER)
def job(request: ProjectRequest, comparing: int) -> HttpResponse:
    """Show the progress of a comparison, and go to it when it is done; POST tries a failed one again."""
    jobs = ComparisonJob.objects.in_project(request.project)
    shown = get_or_404(jobs.select_related("model__project", "first_version", "second_version"), pk=comparing)
    if request.method == "POST":
        comparisons.retry_comparison(shown)
        return redirect("comparison_job", request.project.slug, shown.pk)
    is_fragment = "HX-Request" in request.headers
    if shown.comparison_id:
        address = reverse("comparison", args=[request.project.slug, shown.comparison_id])
        return HttpResponseClientRedirect(address) if is_fragment else redirect(address)
    context = {
        "job": shown,
        "what": "comparison",
        "progress_address": reverse("comparison_job", args=[request.project.slug, shown.pk]),
        "model": shown.model,
        "tab": shown.kind,
        "title": wording.TITLES[shown.kind],
        "period": " against ".join(choosing_sides.label_of(side) for side in reversed(comparisons.sides_of(shown))),
        "may_ask": request.membership.reaches(Role.ENGINEER),
    }
    return render(request, "reports/_job.html" if is_fragment else "reports/job.html", context)


@require_safe
@member_page(Role.STAKEHOLDER)
def moved(request: ProjectRequest, report: int) -> HttpResponse:
    """Return the strip above a report: what changed since the window before. Without one stored, have it made."""
    reports = Report.objects.in_project(request.project).select_related("model__project", "version").defer("document")
    shown: Report = get_or_404(reports, pk=report)
    second = Side(shown.start, shown.end, shown.version.name if shown.version else None)
    first = choosing_sides.side_before(shown.model, second)
    if first is None:
        return render(request, "reports/_moved.html", {"alone": choosing_sides.label_of(second)})
    stored = comparisons.last_comparison(shown.model, shown.kind, first, second)
    context: dict[str, Any] = {
        "address": choosing_sides.address_of(shown.model, shown.kind, first, second),
        "report": shown,
        "names": [choosing_sides.label_of(side) for side in (first, second)],
    }
    if stored is not None:
        document = _document(request, stored)
        context |= {"moved": strip(document), "is_explained": document["why"] is not None}
    elif not shown.model.archived_at:
        context["is_waiting"] = _is_wanted(shown, first, second)
    return render(request, "reports/_moved.html", context)


def _of_sides(request: ProjectRequest, model: MonitoredModel, kind: str, form: SidesForm) -> HttpResponse:
    """Show the stored comparison, or have one made. Raises DomainError."""
    first, second = form.cleaned_data["sides"]
    stored = comparisons.last_comparison(model, kind, first, second)
    if stored is not None and request.method != "POST":
        return _show(request, stored, form)
    for side in (first, second):
        check_apart(request, model, (side.start, side.end))
    made = comparisons.request_comparison(model, kind, first, second, by=request.user)
    if isinstance(made, Comparison):
        return redirect(choosing_sides.address_of(model, kind, first, second))
    return redirect("comparison_job", request.project.slug, made.pk)


def _is_wanted(shown: Report, first: Side, second: Side) -> bool:
    """Ask for the comparison, unless a worker has failed at it; say whether it is under way."""
    try:
        made = comparisons.request_comparison(shown.model, shown.kind, first, second, once=True)
    except TooManyJobsError:
        return False
    return isinstance(made, ComparisonJob) and made.status in ("queued", "running")


def _show(request: ProjectRequest, stored: Comparison, form: SidesForm | None = None) -> HttpResponse:
    model, kind, sides = stored.model, stored.kind, comparisons.sides_of(stored)
    document = _document(request, stored)
    chart = waterfall_of(document)
    start, end = days_of(document)
    context = _context(model, kind, form or _filled(model, kind, sides)) | {
        "comparison": stored,
        "headline": moves.headline(document),
        "figures": figures_table(document),
        "why": why_of(document),
        "why_chart": chart,
        "why_sentences": cause_sentences(document),
        "without": MISSING.get(document["code"] or "", "") if document["why"] is None else "",
        "cases": _cases(request, stored, document),
        "reports": [_report_of(stored, side) for side in document["sides"]],
        "unlike": events.within(model, start, end, shows_sensitive=request.membership.reaches(Role.ENGINEER)),
        "may_ask": request.membership.reaches(Role.ENGINEER),
        "as_of": stored.as_of.astimezone(model.zone),
        "is_outdated": not model.archived_at and not comparisons.is_current(stored),
        "address": choosing_sides.address_of(model, kind, *sides),
    }
    return render(request, "reports/compare.html", context)


def _choose(
    request: ProjectRequest, model: MonitoredModel, kind: str, form: SidesForm | None = None, *, status: int = 200
) -> HttpResponse:
    context = _context(model, kind, form or SidesForm({}, model=model, kind=kind))
    return render(request, "reports/compare.html", context, status=status)


def _context(model: MonitoredModel, kind: str, form: SidesForm) -> dict[str, Any]:
    return {"model": model, "tab": kind, "kind": kind, "title": wording.TITLES[kind], "form": form}


def _filled(model: MonitoredModel, kind: str, sides: tuple[Side, Side]) -> SidesForm:
    answers: dict[str, Any] = {}
    for name, side in zip(("first", "second"), sides, strict=True):
        answers |= {name: choosing_sides.key_of(side), f"{name}_prices": side.value_model or ""}
    return SidesForm(answers, model=model, kind=kind)


def _document(request: ProjectRequest, stored: Comparison) -> ComparisonDocument:
    return cast(ComparisonDocument, visible_comparison(stored, role=Role(request.membership.role)).document)


def _report_of(stored: Comparison, side: SideSection) -> dict[str, str]:
    """Return the name of a side and the address of its report; a version has one of its own once it is made.

    At earlier prices a side has none.
    """
    model = stored.model
    asked = Side(date.fromisoformat(side["start"]), date.fromisoformat(side["end"]), side["version"])
    present = model.current_value_model
    if side["value_model"] and (present is None or side["value_model"] != present.version):
        return {"label": choosing_sides.label_of(replace(asked, value_model=side["value_model"])), "address": ""}
    address = windows.address_of(model, stored.kind, days=(asked.start, asked.end))
    if asked.version is not None:
        version = version_named(model, asked.version)
        found = newest_report(model, stored.kind, asked.start, asked.end, version=version)
        address = reverse("report", args=[model.project.slug, found.pk]) if found else ""
    return {"label": choosing_sides.label_of(asked), "address": address}


def _cases(request: ProjectRequest, stored: Comparison, document: ComparisonDocument) -> list[dict[str, str]]:
    """Link to the cases that moved, of the days on which they came; for those who may see cases."""
    why = document["why"]
    if why is None or why["cause"]["kind"] != "slice" or not request.membership.reaches(Role.ENGINEER):
        return []
    cause, days = why["cause"], why["cause"]["days"]
    side = document["sides"][days["side"] if days else 1]
    start, end = (days["start"], days["end"]) if days else (side["first"], side["until"])
    last = numbers.last_day(date.fromisoformat(end)).isoformat()
    at = reverse("cases", args=[stored.model.project.slug, stored.model.slug])
    wanted = {"since": start, "until": last, "slice": cause["name"]}
    return [
        {
            "label": group_name(document, cause, value).strip("“”"),
            "address": f"{at}?{urlencode(wanted | {'slice_value': value})}",
        }
        for value in cause["moved"]
    ]
