"""The page of a report's evidence: what it is, how somebody checks the report with it, and the file itself."""

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from apps.accounts.models import Role
from apps.accounts.services.access import ProjectRequest, get_or_404, member_page
from apps.common.errors import ConflictError
from apps.common.exports import ZipRenderer
from apps.reports import services
from apps.reports.models import Report
from apps.reports.pages import numbers, wording


@require_safe
@member_page(Role.ENGINEER)
def evidence_page(request: ProjectRequest, report: int) -> HttpResponse:
    """Have the file written, and show when it can be downloaded."""
    shown = _report(request, report)
    try:
        status, error = services.ask_for_evidence(shown).status, ""
    except ConflictError as refusal:
        status, error = "failed", refusal.message
    context = {
        "report": shown,
        "model": shown.model,
        "tab": shown.kind,
        "title": wording.TITLES[shown.kind],
        "period": numbers.period(shown.start, shown.end),
        "status": status,
        "error": error,
    }
    return render(
        request, "reports/_evidence.html" if "HX-Request" in request.headers else "reports/evidence.html", context
    )


@require_safe
@member_page(Role.ENGINEER)
def evidence_file(request: ProjectRequest, report: int) -> HttpResponseBase:
    """Download the file; before it is written, go to its page."""
    shown = _report(request, report)
    file = services.ask_for_evidence(shown)
    if file.status != "done":
        return redirect("report_evidence", request.project.slug, shown.pk)
    name = f"{shown.model.slug}-{shown.kind}-{shown.start}-{numbers.last_day(shown.end)}-evidence.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(services.pieces_of(file), content_type=ZipRenderer.media_type, headers=headers)


def _report(request: ProjectRequest, pk: int) -> Report:
    report: Report = get_or_404(Report.objects.in_project(request.project).select_related("model__project"), pk=pk)
    return report
