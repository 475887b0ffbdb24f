"""A person's own list: what they answered, put off, asked about and found wrong; and their goal for a day."""

from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import Role
from apps.accounts.services.access import ProjectRequest, member_page
from apps.common.numerals import count
from apps.common.spreadsheets import csv_pieces
from apps.review import services
from apps.review.pages import own_work
from apps.review.pages.forms import GoalForm, OwnWorkForm

PER_PAGE = 50


@require_safe
@member_page(Role.REVIEWER, is_work=True)
def own_list(request: ProjectRequest) -> HttpResponse:
    """List the person's own cases of one kind, searched by id and note."""
    form, member = OwnWorkForm(request.GET), request.membership
    kind, text = form.chosen()
    page = Paginator(services.own_slots(member, kind, text=text), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "kind": kind,
        "kinds": services.OwnWork,
        "text": text,
        "query": urlencode({"kind": kind, "text": text}),
        "page": page,
        "lines": list(own_work.own_cases(page.object_list, kind, by=member)),
        "today": services.answered_today(member),
        "goal": GoalForm({"answers": member.daily_goal}),
    }
    return render(request, "review/own_list.html", context)


@require_safe
@member_page(Role.REVIEWER, is_work=True)
def own_list_csv(request: ProjectRequest) -> StreamingHttpResponse:
    """Download the chosen cases."""
    kind, text = OwnWorkForm(request.GET).chosen()
    slots = services.own_slots(request.membership, kind, text=text)
    headers = {"Content-Disposition": f'attachment; filename="{request.project.slug}-{kind}.csv"'}
    rows = own_work.csv_rows(slots, kind, by=request.membership)
    return StreamingHttpResponse(
        csv_pieces(own_work.COLUMNS, rows), content_type="text/csv; charset=utf-8", headers=headers
    )


@require_POST
@member_page(Role.REVIEWER)
def own_goal(request: ProjectRequest) -> HttpResponse:
    """Set or clear the person's goal for a day."""
    form = GoalForm(request.POST)
    if form.is_valid():
        services.set_goal(request.membership, form.cleaned_data["answers"])
        messages.success(request, "Your daily goal is saved.")
    else:
        messages.error(request, f"A goal is a number of answers from 1 to {count(2_000)}; nothing is no goal.")
    return redirect("own_list", request.project.slug)
