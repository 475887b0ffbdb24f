"""The debug window: the loaded model's answers to a prediction, and to the same with other values."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts.models import Role
from apps.accounts.services.access import ProjectRequest, get_or_404, member_page
from apps.common import strict_json
from apps.common.errors import ConflictError, DomainError
from apps.explanations.models import Artifact, Trial
from apps.explanations.services import trials
from apps.predictions.models import Prediction
from apps.registry.models import MonitoredModel
from apps.registry.services.finding import find_model
from apps.review.pages import debugging
from apps.review.pages.debugging import Answers, Window
from apps.review.services import bundling, finding, found_documents

LONGEST_CHANGE = 100_000
MOST_TRIALS = 20


def file_of(prediction: Prediction) -> Artifact | None:
    """Return the file of the prediction's version, if it reproduces stored scores."""
    ready = Artifact.objects.ready().filter(version=prediction.version_id)
    found: Artifact | None = ready.select_related("version__model__project").first()
    return found


def first_look(request: ProjectRequest, model: MonitoredModel, prediction: Prediction, sent: Any) -> dict[str, Any]:
    """Ask the loaded models, and return what the page shows: the window, or that it waits for them."""
    file = file_of(prediction)
    if file is None or sent is None:
        return {"file": file}
    asked = trials.ask_all(file, prediction, by=request.user)
    return _look(model, prediction, sent, trials.wait(asked)) | {"file": file}


def _look(model: MonitoredModel, prediction: Prediction, sent: Any, found: Sequence[Trial]) -> dict[str, Any]:
    keys = ",".join(str(each.pk) for each in found)
    own = _own(found, prediction)
    if not own.finished_at:
        return {"waits_for": keys}
    answers = Answers(own, [each for each in found if each is not own])
    page = reverse("prediction", args=[model.project.slug, model.slug, prediction.pk])
    return {
        "window": debugging.window(model, answers, sent=sent),
        "trials": keys,
        "page_url": settings.ORIGIN + page,
    }


def _own(found: Sequence[Trial], prediction: Prediction) -> Trial:
    own = next((each for each in found if each.artifact.version_id == prediction.version_id), None)
    if own is None:
        raise ConflictError("These answers are not kept any more. Load the page again.", code="forgotten")
    return own


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Role.ENGINEER)
def debug_window(request: ProjectRequest, model: str, case: int) -> HttpResponse:
    """GET: the window, once the models have answered. POST: what they say of other values."""
    monitored = find_model(request.project, model)
    known = Prediction.objects.filter(model=monitored).select_related("version", "draw__queue")
    prediction: Prediction = get_or_404(known, pk=case)
    finding.show(prediction, model=monitored, reader=request.user)
    sent = found_documents.look_up(monitored, prediction).sent
    first = _trials(request.GET.get("trials", ""), prediction, request)
    if request.method == "POST" or request.GET.get("now"):
        return _changed(request, monitored, prediction, sent, first)
    if first:
        context = _look(monitored, prediction, sent, trials.wait(first))
    else:
        context = first_look(request, monitored, prediction, sent)
    return render(request, "review/_debug.html", context | {"model": monitored, "prediction": prediction})


def _trials(keys: str, prediction: Prediction, request: ProjectRequest) -> list[Trial]:
    """Return the person's own questions about this prediction with these keys."""
    numbers = [int(each) for each in keys.split(",")[:MOST_TRIALS] if each.isdecimal() and len(each) < 19]
    mine = Trial.objects.filter(pk__in=numbers, prediction=prediction, asked_by=request.user)
    return list(mine.select_related("artifact__version__model__project").order_by("pk"))


def _changed(
    request: ProjectRequest, model: MonitoredModel, prediction: Prediction, sent: Any, first: Sequence[Trial]
) -> HttpResponse:
    try:
        own = _own(first, prediction)
        if request.method == "POST":
            asked = trials.ask_all(own.artifact, prediction, changes=_changes(request), by=request.user)
        else:
            asked = _trials(request.GET["now"], prediction, request)
    except DomainError as error:
        return JsonResponse({"error": error.message}, status=error.status)
    found = trials.wait(asked)
    now = _own(found, prediction)
    if not now.finished_at:
        return JsonResponse({"waits": ",".join(str(each.pk) for each in found)}, status=202)
    others, moved = ([each for each in group if each not in (own, now)] for group in (first, found))
    window = debugging.window(model, Answers(own, others, now, moved), sent=sent)
    return JsonResponse(_answer(request, window, now))


def _changes(request: HttpRequest) -> Mapping[str, Any]:
    found = strict_json.loads(request.body[:LONGEST_CHANGE])
    if not isinstance(found, dict) or not found:
        raise DomainError("Send an object with at least one changed value.")
    return found


def _answer(request: ProjectRequest, window: Window, now: Trial) -> dict[str, Any]:
    answer = now.answer or {}
    return {
        "html": render_to_string("review/_debug_said.html", {"window": window}, request=request),
        "curves": answer.get("curves", {}),
        "score": answer.get("score"),
        "predicted": answer.get("predicted"),
        "error": now.error or answer.get("error", ""),
    }


@require_GET
@member_page(Role.ENGINEER)
def case_bundle(request: ProjectRequest, model: str, case: int) -> StreamingHttpResponse:
    """Download the prediction, its model file, and a program that scores it again."""
    monitored = find_model(request.project, model)
    rows = Prediction.objects.filter(model=monitored).select_related("version")
    found: Prediction = get_or_404(rows, pk=case)
    made = bundling.bundle(found, model=monitored, by=request.user)
    headers = {"Content-Disposition": f'attachment; filename="{made.name}"'}
    return StreamingHttpResponse(made.pieces, content_type="application/zip", headers=headers)
