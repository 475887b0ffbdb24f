"""The audit record for owners: read it, download it."""

from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.accounts.models import Role
from apps.accounts.pages import audit_record
from apps.accounts.pages.forms import AuditForm
from apps.accounts.services.access import ProjectRequest, member_page
from apps.audit.models import Entry
from apps.audit.querysets import EntryQuerySet
from apps.common.spreadsheets import csv_pieces

ENTRIES_SHOWN = 50


def _form(request: ProjectRequest) -> AuditForm:
    acts, people = audit_record.choices(request.project)
    return AuditForm(request.GET, acts=acts, people=people)


def _chosen(request: ProjectRequest, filters: dict[str, str]) -> EntryQuerySet:
    entries: EntryQuerySet = Entry.objects.of(request.project.pk).newest()
    if "act" in filters:
        entries = entries.filter(act=filters["act"])
    if "person" in filters:
        entries = entries.filter(actor_id=None if filters["person"] == audit_record.NOBODY else int(filters["person"]))
    return entries


@require_safe
@member_page(Role.OWNER)
def audit(request: ProjectRequest) -> HttpResponse:
    """Show who did what and when, newest first, and whether the record is whole."""
    form = _form(request)
    filters = form.filters()
    page = Paginator(_chosen(request, filters), ENTRIES_SHOWN).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "check": audit_record.check(request.project),
        "lines": audit_record.lines(page.object_list),
        "page": page,
        "filters": filters,
        "query": urlencode(filters),
    }
    return render(request, "accounts/audit.html", context)


@require_safe
@member_page(Role.OWNER)
def audit_csv(request: ProjectRequest) -> StreamingHttpResponse:
    """Download the chosen entries with their hashes."""
    rows = audit_record.csv_rows(_chosen(request, _form(request).filters()))
    headers = {"Content-Disposition": f'attachment; filename="{request.project.slug}-record.csv"'}
    return StreamingHttpResponse(
        csv_pieces(audit_record.COLUMNS, rows), content_type="text/csv; charset=utf-8", headers=headers
    )
