"""Pages for engineers: a model's intake, and what is drawn for review."""

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.models import Role, User
from apps.accounts.services.access import ProjectRequest, get_or_404, member_page
from apps.common import doorbell
from apps.common.errors import DomainError
from apps.predictions.models import BatchStage
from apps.predictions.services import stages
from apps.registry.models import MonitoredModel
from apps.registry.services.finding import find_model
from apps.sampling.pages import model_summary
from apps.sampling.pages.forms import SamplingForm
from apps.sampling.services import policies
from apps.sampling.services.problems import InvalidDocumentError
from apps.sampling.services.validation import validated

if TYPE_CHECKING:
    from apps.stats.design.checks import DrawCheck


@require_safe
@member_page(Role.ENGINEER)
def model_page(request: ProjectRequest, model: str) -> HttpResponse:
    monitored = find_model(request.project, model)
    intake = model_summary.intake_totals(monitored)
    is_empty = not (intake["predictions"] or intake["outcomes"])
    context = {
        "model": monitored,
        "tab": "model",
        "intake": intake,
        "may_delete": is_empty and request.membership.reaches(Role.OWNER),
        "check": _draw_check(monitored),
        "batches": monitored.batches.order_by("-id")[:10],
        "versions": monitored.versions.order_by("-id")[:20],
        "incidents": monitored.incidents.open().newest(),
        "may_close": True,
    }
    return render(request, "sampling/model.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Role.ENGINEER)
def sampling_page(request: ProjectRequest, model: str) -> HttpResponse:
    monitored = find_model(request.project, model)
    if request.method == "POST":
        form = SamplingForm(request.POST)
        if form.is_valid() and _saved(form, monitored, by=request.user):
            messages.success(request, "Saved. The changes apply to predictions received from now on.")
            return redirect("sampling", request.project.slug, monitored.slug)
    else:
        draft = request.GET.get("draft", "")
        form = SamplingForm.showing(policies.current_document(monitored), draft=draft)
    context = {
        "model": monitored,
        "tab": "sampling",
        "form": form,
        "has_draft": "draft" in request.GET,
        "rows": model_summary.policy_rows(monitored),
        "queues": monitored.queues.order_by("id"),
        "check": _draw_check(monitored),
    }
    return render(request, "sampling/sampling.html", context, status=400 if form.errors else 200)


def _saved(form: SamplingForm, model: MonitoredModel, *, by: User) -> bool:
    try:
        document = validated(form.cleaned_data["document"], model=model)
        policies.put_document(model, document, by=by)
    except InvalidDocumentError as error:
        form.add_error("document", [str(each) for each in error.problems])
        return False
    except DomainError as error:
        form.add_error("document", error.message)
        return False
    return True


@require_POST
@member_page(Role.ENGINEER)
def stage_retry(request: ProjectRequest, stage: int) -> HttpResponse:
    """Make a batch due again after the workers gave it up."""
    state: BatchStage = get_or_404(
        BatchStage.objects.filter(batch__model__project=request.project).select_related("batch__model"), pk=stage
    )
    stages.retry(BatchStage.objects.filter(pk=state.pk))
    doorbell.ring(state.stage)
    messages.success(request, f"Batch {state.batch_id} will be tried again.")
    return redirect("model", request.project.slug, state.batch.model.slug)


@require_POST
@member_page(Role.ENGINEER)
def stages_retry(request: ProjectRequest, model: str) -> HttpResponse:
    """Make all of a model's batches due again that the workers gave up."""
    monitored = find_model(request.project, model)
    again = stages.retry(stages.given_up().filter(batch__model=monitored))
    messages.success(request, f"{again:,} will be tried again.")
    return redirect("model", request.project.slug, monitored.slug)


def _draw_check(model: MonitoredModel) -> "DrawCheck":
    # Loads pandas, which few requests need.
    from apps.sampling.services.checking import draw_check  # noqa: PLC0415  # see above

    return draw_check(model)
