"""The page *Retrain?*: what a new model would gain, and the training set to make it from."""

from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRefresh

from apps.accounts.models import Role
from apps.accounts.services.access import ProjectRequest, get_or_404, member_page
from apps.common.errors import DomainError, NotFoundError
from apps.common.exports import FORMATS, STREAMED, streamed
from apps.registry.models import MonitoredModel
from apps.registry.services.finding import find_model
from apps.retraining import services
from apps.retraining.models import StudyJob
from apps.retraining.pages import card_page
from apps.retraining.pages.forms import StudyForm
from apps.retraining.pages.study_page import drift_tile, shown
from apps.retraining.services import card, training_set

RENDERERS = {renderer.format: renderer for renderer in STREAMED}


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Role.STAKEHOLDER, post=Role.ENGINEER)
def retraining(request: ProjectRequest, model: str) -> HttpResponse:
    """Show the newest study; POST asks for another one."""
    monitored = find_model(request.project, model)
    if request.method != "POST":
        return _page(request, monitored, StudyForm(initial=_as_before(monitored)))
    form = StudyForm(request.POST)
    if not form.is_valid():
        return _page(request, monitored, form, status=400)
    try:
        services.request_study(monitored, by=request.user, **form.cleaned_data)
    except DomainError as error:
        form.add_error(None, error.message)
        return _page(request, monitored, form, status=error.status)
    return redirect("retraining", request.project.slug, monitored.slug)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Role.STAKEHOLDER, post=Role.ENGINEER)
def study_job(request: ProjectRequest, study_job: int) -> HttpResponse:
    """Show the progress of a study, and the page anew when it is done; POST tries a failed one again."""
    jobs = StudyJob.objects.in_project(request.project).select_related("model__project")
    found = get_or_404(jobs, pk=study_job)
    if request.method == "POST":
        services.retry_study(found)
    elif "HX-Request" in request.headers:
        if found.finished_at:
            return HttpResponseClientRefresh()
        return render(request, "retraining/_job.html", {"job": found, "may_ask": _may_ask(request, found.model)})
    return redirect("retraining", request.project.slug, found.model.slug)


@require_safe
@member_page(Role.ENGINEER)
def training_file(request: ProjectRequest, model: str, form: str) -> HttpResponseBase:
    """The training set as of now, as a file."""
    monitored = find_model(request.project, model)
    if form not in FORMATS:
        raise NotFoundError(f"There is no format {form!r}.")
    wanted = training_set.Wanted.of(monitored)
    training_set.note(monitored, wanted, by=request.user, form=form)
    return streamed(
        training_set.chunks(monitored, wanted),
        training_set.kinds(monitored),
        renderer=RENDERERS[form](),
        name=f"{monitored.slug}-training-{wanted.seq}",
        is_raw=True,
    )


@require_safe
@member_page(Role.STAKEHOLDER)
def model_card(request: ProjectRequest, model: str) -> HttpResponse:
    """What is known about the model, on one page."""
    monitored = find_model(request.project, model)
    known = card.card_of(monitored, role=Role(request.membership.role), now=timezone.now())
    context = {"model": monitored, "tab": "performance", "made_at": timezone.now().astimezone(monitored.zone)}
    return render(request, "retraining/card.html", context | card_page.shown(known, monitored))


def _page(request: ProjectRequest, model: MonitoredModel, form: StudyForm, *, status: int = 200) -> HttpResponse:
    study, job, role = services.newest_study(model), services.last_job(model), Role(request.membership.role)
    context: dict[str, Any] = {
        "model": model,
        "tab": "performance",
        "form": form,
        # A finished job is news only where it made no study.
        "job": None if job is None or job.status == "done" else job,
        "may_ask": _may_ask(request, model),
        "reads_all": request.membership.reads(Role.ENGINEER),
        "may_export": request.membership.reaches(Role.ENGINEER),
        "formats": FORMATS,
        "seq": training_set.newest_seq(model),
    }
    context |= {"tiles": [drift_tile(model, role=role)]} if study is None else shown(study, role=role)
    return render(request, "retraining/retraining.html", context, status=status)


def _as_before(model: MonitoredModel) -> dict[str, Any]:
    """Offer what was asked for last."""
    job = services.last_job(model)
    return {} if job is None else {"days": job.days, "without_sensitive": job.without_sensitive}


def _may_ask(request: ProjectRequest, model: MonitoredModel) -> bool:
    return request.membership.reaches(Role.ENGINEER) and model.archived_at is None
