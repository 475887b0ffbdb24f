"""The page of groups: who gets which answer how often, and for whom the model errs how."""

from typing import cast

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.accounts.models import Role
from apps.accounts.services.access import ProjectRequest, get_or_404, member_page
from apps.reports.engine.document import Document
from apps.reports.models import Report
from apps.reports.pages import groups, numbers
from apps.reports.pages.contents import headline_part
from apps.reports.services.visible import visible


@require_safe
@member_page(Role.STAKEHOLDER)
def groups_page(request: ProjectRequest, report: int) -> HttpResponse:
    """Show the groups of a performance report, for one answer of the model."""
    reports = Report.objects.in_project(request.project)
    stored: Report = get_or_404(reports.select_related("model__project", "version"), pk=report)
    shown = visible(stored, role=Role(request.membership.role))
    document = cast(Document, shown.document)
    answers = groups.answers(document)
    asked = request.GET.get("answer", "")
    chosen = asked if asked in dict(answers) else answers[0][0] if answers else ""
    part, section = headline_part(document), document.get("groups")
    context = {
        "model": shown.model,
        "tab": shown.kind,
        "report": shown,
        "period": numbers.period(shown.start, shown.end),
        "answers": answers,
        "chosen": chosen,
        "chosen_words": dict(answers).get(chosen, ""),
        "divisions": groups.divisions(document, chosen),
        "compared": section["compared"] if section else 0,
        "predictions": part["n"] if part else 0,
        "is_closed": bool(part and part["part"] == "closed"),
    }
    return render(request, "reports/groups.html", context)
