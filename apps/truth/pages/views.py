"""Pages about reviewers: one's own figures and feedback, and the team's for engineers."""

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import Role, User
from apps.accounts.services.access import ProjectRequest, get_or_404, member_page
from apps.registry.models import MonitoredModel
from apps.registry.services.finding import find_model
from apps.truth.pages import open_work
from apps.truth.services import gold

GOLD_AT_ONCE = 50


@never_cache
@require_safe
@member_page(Role.REVIEWER)
def own_quality(request: ProjectRequest, model: str) -> HttpResponse:
    """One's own figures, and what became of one's cases."""
    return _of_person(request, find_model(request.project, model), request.user)


@never_cache
@require_safe
@member_page(Role.ENGINEER)
def reviewer_quality(request: ProjectRequest, model: str, user: int) -> HttpResponse:
    """The same of any member, and of whoever has answered here and left."""
    found = find_model(request.project, model)
    people = User.objects.filter(Q(memberships__project=request.project) | Q(slots__queue__model=found)).distinct()
    return _of_person(request, found, get_or_404(people, pk=user))


def _of_person(request: ProjectRequest, model: MonitoredModel, person: User) -> HttpResponse:
    from apps.truth.pages import people  # noqa: PLC0415  # 120 MB of pandas and scipy, for those processes that show it

    context = {
        "model": model,
        "tab": "reviews",
        "person": person,
        "is_own": person == request.user,
        "is_engineer": request.membership.reaches(Role.ENGINEER),
    }
    return render(request, "truth/person.html", context | people.of_person(model, person, query=request.GET))


@never_cache
@require_safe
@member_page(Role.ENGINEER)
def team_page(request: ProjectRequest, model: str) -> HttpResponse:
    """Everybody's figures, agreement by queue, open work, and what takes longest."""
    from apps.truth.pages import people  # noqa: PLC0415  # see above

    found = find_model(request.project, model)
    context = {
        "model": found,
        "tab": "reviews",
        "known_answers": gold.known_answers(found),
        "gold_at_once": GOLD_AT_ONCE,
        "open_work": open_work.open_work(found),
        "longest_open": open_work.longest_open(found),
        "most_passed_on": open_work.most_passed_on(found),
    }
    return render(request, "truth/team.html", context | people.of_team(found, query=request.GET))


@require_POST
@member_page(Role.ENGINEER)
def gold_from_truth(request: ProjectRequest, model: str) -> HttpResponse:
    """Make known answers of settled cases that are certain."""
    found = find_model(request.project, model)
    made = gold.gold_from_truth(found, limit=GOLD_AT_ONCE, by=request.user)
    if made:
        messages.success(request, f"{made} settled {'case has' if made == 1 else 'cases have'} a known answer now.")
    else:
        messages.info(request, "No further case is certain: known answers come from outcomes and adjudicators.")
    return redirect("team", request.project.slug, found.slug)
