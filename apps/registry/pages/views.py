"""A model's incidents, seen by every member and closed by engineers; and what becomes of a model."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import Role
from apps.accounts.services.access import ProjectRequest, get_or_404, member_page
from apps.common.errors import ConflictError
from apps.common.numerals import count
from apps.registry.models import Incident
from apps.registry.pages.forms import CloseIncidentForm
from apps.registry.services import archiving, incidents
from apps.registry.services.finding import find_model

CLOSED_SHOWN = 25


@require_safe
@member_page(Role.STAKEHOLDER)
def incident_list(request: ProjectRequest, model: str) -> HttpResponse:
    monitored = find_model(request.project, model)
    closed = Paginator(monitored.incidents.closed().newest(), CLOSED_SHOWN).get_page(request.GET.get("page"))
    context = {
        "model": monitored,
        "tab": "model",
        "open": monitored.incidents.open().newest(),
        "closed": closed,
        "page": closed,
        "may_close": request.membership.reaches(Role.ENGINEER),
        "reads_findings": request.membership.reads(Role.ENGINEER),
    }
    return render(request, "registry/incidents.html", context)


@require_POST
@member_page(Role.ENGINEER)
def incident_close(request: ProjectRequest, incident: int) -> HttpResponse:
    """Close the incident, and return to the page of the button."""
    rows = Incident.objects.in_project(request.project).select_related("model")
    row: Incident = get_or_404(rows, pk=incident)
    form = CloseIncidentForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"A note has at most {count(2_000)} characters.")
    else:
        try:
            incidents.close(row, by=request.user, note=form.cleaned_data["note"])
            messages.success(request, f"Closed: {row}.")
        except ConflictError as error:
            messages.info(request, error.message)
    back = request.POST.get("back", "")
    if url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        return HttpResponseRedirect(back)
    return redirect("incidents", request.project.slug, row.model.slug)


@require_POST
@member_page(Role.ENGINEER)
def model_archive(request: ProjectRequest, model: str) -> HttpResponse:
    """Archive or restore the model. The form says which, so a second click does not undo the first."""
    monitored = find_model(request.project, model)
    if request.POST.get("act") == "restore":
        archiving.restore(monitored, by=request.user)
        messages.success(request, f"{monitored.name} is at work again.")
    else:
        archiving.archive(monitored, by=request.user)
        messages.success(request, f"{monitored.name} is archived. Everything it holds stays readable.")
    return redirect("model", request.project.slug, monitored.slug)


@require_POST
@member_page(Role.OWNER)
def model_delete(request: ProjectRequest, model: str) -> HttpResponse:
    monitored = find_model(request.project, model)
    try:
        archiving.delete(monitored, by=request.user)
    except ConflictError as error:
        messages.error(request, error.message)
        return redirect("model", request.project.slug, monitored.slug)
    messages.success(request, f"{monitored.name} is deleted.")
    return redirect("project", request.project.slug)
