"""The page of the glossary."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.reports.pages.glossary.search import GROUPS, matching

LONGEST_QUERY = 100


@require_safe
def glossary(request: HttpRequest) -> HttpResponse:
    """Show the terms that match `?q=`, or all of them. htmx asks for the same page and takes the list out of it."""
    query = request.GET.get("q", "").strip()[:LONGEST_QUERY]
    groups = matching(query)
    context = {
        "query": query,
        "groups": groups,
        "shown": sum(len(group.terms) for group in groups),
        "total": sum(len(group.terms) for group in GROUPS),
    }
    return render(request, "reports/glossary.html", context)
