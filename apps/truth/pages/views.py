"""Pages about reviewers: each person's own figures and settled cases; for engineers, the team's."""

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import Role, User
from apps.accounts.services.access import ProjectRequest, get_or_404, member_page
from apps.registry.models import MonitoredModel
from apps.registry.services.finding import find_model
from apps.truth.pages import open_work
from apps.truth.services import gold

GOLD_AT_ONCE = 50


@require_safe
@member_page(Role.REVIEWER, is_work=True)
def own_quality(request: ProjectRequest, model: str) -> HttpResponse:
    """Show the reader's own figures and settled cases."""
    return _person_page(request, find_model(request.project, model), request.user)


@require_safe
@member_page(Role.ENGINEER)
def reviewer_quality(request: ProjectRequest, model: str, user: int) -> HttpResponse:
    """Show the same for any member, and for former members who answered here."""
    monitored = find_model(request.project, model)
    people = User.objects.filter(Q(memberships__project=request.project) | Q(slots__queue__model=monitored)).distinct()
    return _person_page(request, monitored, get_or_404(people, pk=user))


def _person_page(request: ProjectRequest, model: MonitoredModel, person: User) -> HttpResponse:
    from apps.truth.pages import people  # noqa: PLC0415  # pandas: 80 MB, only in processes that show it

    context = {
        "model": model,
        "tab": "reviews",
        "person": person,
        "is_own": person == request.user,
        "is_engineer": request.membership.reaches(Role.ENGINEER),
    }
    return render(
        request,
        "truth/person.html",
        context | people.person_context(model, person, reader=request.membership, query=request.GET),
    )


@require_safe
@member_page(Role.ENGINEER)
def team_page(request: ProjectRequest, model: str) -> HttpResponse:
    """Show each person's figures, agreement by queue, open work and the cases that take longest."""
    from apps.truth.pages import people  # noqa: PLC0415  # see above

    monitored = find_model(request.project, model)
    context = {
        "model": monitored,
        "tab": "reviews",
        "known_answers": gold.count_known_answers(monitored),
        "gold_at_once": GOLD_AT_ONCE,
        "open_work": open_work.open_work(monitored),
        "longest_open": open_work.longest_open(monitored),
        "most_passed_on": open_work.most_passed_on(monitored),
    }
    return render(request, "truth/team.html", context | people.team_context(monitored, query=request.GET))


@require_POST
@member_page(Role.ENGINEER)
def gold_from_truth(request: ProjectRequest, model: str) -> HttpResponse:
    """Turn certain settled cases into known answers."""
    monitored = find_model(request.project, model)
    added = gold.gold_from_truth(monitored, limit=GOLD_AT_ONCE, by=request.user)
    if added:
        cases = "settled case now has" if added == 1 else "settled cases now have"
        messages.success(request, f"{added} {cases} a known answer.")
    else:
        messages.info(request, "No more cases qualify: a known answer needs an outcome or an adjudication.")
    return redirect("team", request.project.slug, monitored.slug)
