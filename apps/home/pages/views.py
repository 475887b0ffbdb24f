"""First pages: the projects of a person, and of each project what this role has to know first."""

from typing import Any

from django.conf import settings
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from apps.accounts.models import Membership, Role, User
from apps.accounts.services.access import ProjectRequest, member_page
from apps.home.pages import files, paper, portfolio_page
from apps.home.pages.forms import PortfolioForm
from apps.home.pages.operations_page import operations_context
from apps.home.pages.own_page import own_context
from apps.registry.models import Incident, MonitoredModel

# The newest say enough; each model has a list of all.
INCIDENTS = 5


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """List the person's projects; with a single one, go there."""
    assert isinstance(request.user, User)
    memberships = list(
        Membership.objects.filter(user=request.user)
        .select_related("project")
        .annotate(models=Count("project__models", filter=Q(project__models__archived_at=None)))
        .order_by("project__name")
    )
    if len(memberships) == 1:
        return redirect("project", memberships[0].project.slug)
    return render(request, "home/projects.html", {"memberships": memberships})


@require_safe
@member_page(Role.STAKEHOLDER)
def project(request: ProjectRequest) -> HttpResponse:
    """Show what this role has to know first; the first steps while there is no model."""
    member, models = request.membership, _models(request)
    if "archived" in request.GET:
        return redirect(f"{request.path}models/?archived")
    if not models:
        return render(request, "home/first.html", _first_steps(request))
    if member.reaches(Role.ENGINEER):
        return _show(request, "home/operations.html", operations_context(member, models), tab="home")
    if member.reaches(Role.REVIEWER):
        return _show(request, "home/own.html", own_context(member), tab="home")
    return _figures(request, models, tab="home")


@require_safe
@member_page(Role.STAKEHOLDER)
def portfolio(request: ProjectRequest) -> HttpResponse:
    """Show the figures of all models, or list those that are archived."""
    if "archived" in request.GET:
        archived = MonitoredModel.objects.in_project(request.project).archived().order_by("name")
        return render(request, "home/archived.html", {"tab": "models", "models": archived})
    models = _models(request)
    if not models:
        return render(request, "home/first.html", _first_steps(request))
    return _figures(request, models, tab="models")


@require_safe
@member_page(Role.STAKEHOLDER)
def portfolio_file(request: ProjectRequest, form: str) -> HttpResponseBase:
    """Download the listed models and their figures."""
    shown, rows = portfolio_page.read(request.membership, _models(request), PortfolioForm(request.GET))
    has_money = portfolio_page.shows_money(request.membership)
    name = f"{request.project.slug}-models"
    return files.portfolio_file(shown, rows, form=form, name=name, has_money=has_money)


@require_safe
@member_page(Role.STAKEHOLDER)
def portfolio_pdf(request: ProjectRequest) -> HttpResponse:
    """Download the listed models as PDF."""
    form = PortfolioForm(request.GET)
    shown, rows = portfolio_page.read(request.membership, _models(request), form)
    has_money = portfolio_page.shows_money(request.membership)
    content = paper.portfolio_pdf(shown, rows, request.membership, has_money=has_money, is_all=not form.is_filtered)
    headers = {"Content-Disposition": f'attachment; filename="{request.project.slug}-models.pdf"'}
    return HttpResponse(content, content_type="application/pdf", headers=headers)


def _models(request: ProjectRequest) -> list[MonitoredModel]:
    models = list(MonitoredModel.objects.in_project(request.project).active().order_by("name"))
    for model in models:
        model.project = request.project
    return models


def _figures(request: ProjectRequest, models: list[MonitoredModel], *, tab: str) -> HttpResponse:
    context = portfolio_page.context(request.membership, models, PortfolioForm(request.GET))
    return _show(request, "home/portfolio.html", context, tab=tab)


def _show(request: ProjectRequest, template: str, context: dict[str, Any], *, tab: str) -> HttpResponse:
    """Render a first page; what is wrong with the data stands on all of them."""
    incidents = Incident.objects.open().filter(model__project=request.project, model__archived_at=None).newest()
    shared = {
        "tab": tab,
        "incidents": incidents.select_related("model")[:INCIDENTS],
        "may_close": request.membership.reaches(Role.ENGINEER),
    }
    return render(request, template, shared | context)


def _first_steps(request: ProjectRequest) -> dict[str, Any]:
    return {
        "tab": "home",
        "can_review": request.membership.reaches(Role.REVIEWER),
        "can_set_up": request.membership.reaches(Role.ENGINEER),
        "is_owner": request.membership.reaches(Role.OWNER),
        "archived": MonitoredModel.objects.in_project(request.project).archived().count(),
        "base_url": settings.BASE_URL,
    }
