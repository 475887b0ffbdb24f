"""The page *What a decision is worth*: amounts, a worked example, and all versions."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.models import Role
from apps.accounts.services.access import ProjectRequest, member_page
from apps.common.errors import ConflictError
from apps.registry.models import MonitoredModel
from apps.registry.services import valuing
from apps.registry.services.finding import find_model
from apps.reports.pages.worth.basis import basis_of
from apps.reports.pages.worth.example import worked
from apps.reports.pages.worth.forms import WorthForm, filled
from apps.reports.pages.worth.history import versions

VERSIONS_SHOWN = 20


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Role.ENGINEER)
def worth_page(request: ProjectRequest, model: str) -> HttpResponse:
    """Show the amounts in force; POST states a new version, or fills the table without saving it."""
    monitored = find_model(request.project, model)
    if request.method != "POST":
        return _show(request, monitored, WorthForm(model=monitored))
    if "fill" in request.POST:
        typed = filled(request.POST, model=monitored)
        return _show(
            request, monitored, WorthForm(model=monitored, typed=typed), tried=WorthForm(typed, model=monitored)
        )
    form = WorthForm(request.POST, model=monitored)
    if not form.is_valid():
        return _show(request, monitored, form, status=400)
    return _save(request, monitored, form)


@require_POST
@member_page(Role.ENGINEER)
def worth_example(request: ProjectRequest, model: str) -> HttpResponse:
    """Say what the amounts typed so far would mean."""
    monitored = find_model(request.project, model)
    form = WorthForm(request.POST, model=monitored)
    context = {"model": monitored, "worked": worked(form, monitored, basis_of(monitored))}
    return render(request, "reports/_worth_example.html", context)


def _save(request: ProjectRequest, model: MonitoredModel, form: WorthForm) -> HttpResponse:
    try:
        stated = valuing.state(model, form.document, by=request.user, instead_of=form.cleaned_data["instead_of"])
    except ConflictError as error:
        # Whoever has seen the other version may replace it.
        typed = request.POST.dict() | {"instead_of": error.details["version"]}
        again = WorthForm(typed, model=model)
        again.add_error(None, error.message)
        return _show(request, model, again, status=409)
    if stated.version == form.cleaned_data["instead_of"]:
        messages.info(request, "No changes.")
    else:
        messages.success(request, f"Saved as version {stated.version}. Reports made from now on use it.")
    return redirect("worth", request.project.slug, model.slug)


def _show(
    request: ProjectRequest,
    model: MonitoredModel,
    form: WorthForm,
    *,
    tried: WorthForm | None = None,
    status: int = 200,
) -> HttpResponse:
    stated = model.value_models.select_related("stated_by", "model__project").order_by("-version")
    page = Paginator(stated, VERSIONS_SHOWN).get_page(request.GET.get("page"))
    # One row more, to compare the last one with.
    rows = list(stated[page.start_index() - 1 : page.end_index() + 1]) if page.paginator.count else []
    present = model.current_value_model
    context: dict[str, Any] = {
        "model": model,
        "tab": "value",
        "form": form,
        "may_change": request.membership.reaches(Role.ENGINEER),
        "worked": worked(tried or form, model, basis_of(model)),
        "versions": versions(rows, present=present)[:VERSIONS_SHOWN] if present else [],
        "page": page,
        "newest": present,
    }
    return render(request, "reports/worth.html", context, status=status)
