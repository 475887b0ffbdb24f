"""Pages for engineers: a model's intake, and what is drawn for review."""

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import Role
from apps.accounts.services.access import ProjectRequest, get_or_404, member_page
from apps.common import doorbell
from apps.common.numerals import count
from apps.predictions.models import BatchStage
from apps.predictions.services import stages
from apps.registry.models import MonitoredModel
from apps.registry.services.finding import find_model
from apps.sampling.pages import model_summary

if TYPE_CHECKING:
    from apps.stats.design.draw_counts import DrawCount


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
        "check": _blind_draws(monitored),
        "batches": monitored.batches.order_by("-id")[:10],
        "versions": monitored.versions.order_by("-id")[:20],
        "incidents": monitored.incidents.open().newest(),
        "may_close": True,
    }
    return render(request, "sampling/model.html", context)


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
    messages.success(request, f"{count(again)} will be tried again.")
    return redirect("model", request.project.slug, monitored.slug)


def _blind_draws(model: MonitoredModel) -> "DrawCount":
    # Loads scipy.special, which not every process needs.
    from apps.sampling.services.checking import blind_draws  # noqa: PLC0415  # see above

    return blind_draws(model)
