"""The first pages: a person's projects, and what waits in one of them."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from apps.accounts.models import Membership, Role, User
from apps.accounts.services.access import ProjectRequest, member_page
from apps.reports.pages.overview import overview
from apps.review.models import Question


@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """The person's projects; where there is one only, that one."""
    assert isinstance(request.user, User)
    memberships = list(
        Membership.objects.filter(user=request.user)
        .select_related("project")
        .annotate(models=Count("project__models"))
        .order_by("project__name")
    )
    if len(memberships) == 1:
        return redirect("project", memberships[0].project.slug)
    return render(request, "reports/home.html", {"memberships": memberships})


@require_safe
@member_page(Role.STAKEHOLDER)
def project(request: ProjectRequest) -> HttpResponse:
    """What is known of the project's models, and what waits for this person."""
    context = {
        "overviews": overview(request.project, member=request.membership),
        "questions_for_you": _questions_for(request.membership),
        "can_review": request.membership.reaches(Role.REVIEWER),
        "can_set_up": request.membership.reaches(Role.ENGINEER),
        "is_owner": request.membership.reaches(Role.OWNER),
        "base_url": settings.BASE_URL,
    }
    return render(request, "reports/project.html", context)


def _questions_for(member: Membership) -> int:
    """How many colleagues wait for this person's word."""
    questions = Question.objects.in_project(member.project).open()
    return questions.for_member(member.user, may_adjudicate=member.reaches(Role.ADJUDICATOR)).count()
