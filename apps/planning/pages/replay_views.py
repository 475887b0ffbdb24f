"""Last week tried again with a draft: asked for, under way, and what it found."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from apps.accounts.models import Role
from apps.accounts.services.access import ProjectRequest, get_or_404, member_page
from apps.common.errors import DomainError, NotFoundError
from apps.common.exports import STREAMED, streamed
from apps.planning.models import Replay
from apps.planning.pages import replay_effort, replay_rows, replay_words
from apps.planning.services import replayed_cases, replaying
from apps.planning.services.replayed_cases import ADDED, GONE
from apps.predictions.models import Prediction
from apps.registry.models import MonitoredModel
from apps.registry.services.finding import find_model
from apps.review.services import found_documents, workload

SHOWN = 20
FORMATS = {renderer.format: renderer for renderer in STREAMED}
TITLES = {ADDED: "Would have come", GONE: "Would not"}
LONGEST_NUMBER = 3


@require_POST
@member_page(Role.ENGINEER)
def replay_ask(request: ProjectRequest, model: str) -> HttpResponse:
    """Try the person's draft on last week."""
    monitored = find_model(request.project, model)
    try:
        replay = replaying.request_replay(monitored, by=request.user)
    except DomainError as problem:
        messages.error(request, problem.message)
        return redirect("sampling", request.project.slug, monitored.slug)
    return redirect("replay", request.project.slug, monitored.slug, replay.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Role.ENGINEER)
def replay_page(request: ProjectRequest, model: str, replay: int) -> HttpResponse:
    """Show the progress of a replay, and what it found; POST tries a failed one again."""
    monitored = find_model(request.project, model)
    shown = _replay(request, monitored, replay)
    if request.method == "POST":
        replaying.retry(shown)
        return redirect("replay", request.project.slug, monitored.slug, shown.pk)
    context = {"model": monitored, "tab": "sampling", "replay": shown, "period": replay_words.period(shown)}
    context["percent"] = int(100 * shown.progress)
    if shown.result is None:
        return render(request, "planning/_replay_job.html" if request.htmx else "planning/replay_job.html", context)
    if request.htmx and "others" not in request.GET:
        # The page that waited for it.
        return HttpResponseClientRedirect(reverse("replay", args=[request.project.slug, monitored.slug, shown.pk]))
    context |= _lists(request, shown)
    if request.htmx:
        return render(request, "planning/_replay_lists.html", context)
    return render(request, "planning/replay.html", context | _found(request, shown))


@require_safe
@member_page(Role.ENGINEER)
def replay_file(request: ProjectRequest, model: str, replay: int, form: str) -> HttpResponseBase:
    """Download both lists, as far as the person may see them."""
    monitored = find_model(request.project, model)
    shown = _replay(request, monitored, replay)
    if form not in FORMATS or shown.result is None:
        raise NotFoundError("There is no such file.")
    chunks = [_rows(request, shown, name) for name in TITLES]
    kinds = {"list": "text", "policy": "text", **found_documents.kinds(monitored)}
    return streamed(chunks, kinds, renderer=FORMATS[form](), name=f"{monitored.slug}-replay-{shown.pk}")


def _rows(request: ProjectRequest, replay: Replay, name: str) -> list[dict[str, Any]]:
    listed = replayed_cases.listed(replay, name, reader=request.user)
    cases = replayed_cases.show(replay, listed.policies, by=request.membership)
    predictions: list[Prediction] = [each.found.prediction for each in cases]
    documents = found_documents.rows(replay.model, predictions)
    return [{"list": name, "policy": case.policy, **document} for case, document in zip(cases, documents, strict=True)]


def _replay(request: ProjectRequest, model: MonitoredModel, key: int) -> Replay:
    replays = Replay.objects.in_project(request.project).filter(model=model).select_related("model__project")
    found: Replay = get_or_404(replays, pk=key)
    return found


def _found(request: ProjectRequest, replay: Replay) -> dict[str, Any]:
    """Return what the replay found, but for its cases."""
    model, result = replay.model, replay.result
    assert result is not None
    weeks = replay_effort.queue_weeks(model, result, workload.efforts(model))
    return {
        "sentence": replay_words.sentence(result),
        "is_exact": replay_words.is_exact(result),
        "proof": replay_words.proof(result),
        "figures": replay_words.figures(
            result, names=replay_words.policy_names(replay), time=replay_effort.people_s_time(model, weeks)
        ),
        "capacity": replay_effort.against_capacity(weeks),
        "is_own_draft": replaying.is_own_draft(replay, by=request.user),
        "days": replay_rows.days(result),
        "chance": replay_words.chance(result),
        "formats": list(FORMATS),
    }


def _lists(request: ProjectRequest, replay: Replay) -> dict[str, Any]:
    """Return some cases of each list at random; `others` says which."""
    asked = request.GET.get("others", "")
    turn = int(asked) if asked.isdecimal() and len(asked) < LONGEST_NUMBER else 0
    lists = [_list(request, replay, name, turn=turn) for name in TITLES]
    return {"lists": lists, "next": turn + 1, "left_out": sum(each["left_out"] for each in lists)}


def _list(request: ProjectRequest, replay: Replay, name: str, *, turn: int) -> dict[str, Any]:
    assert replay.result is not None
    listed = replayed_cases.listed(replay, name, reader=request.user)
    turns = -(-len(listed.keys) // SHOWN)
    first = SHOWN * (turn % turns) if turns else 0
    chosen = {key: listed.policies[key] for key in listed.keys[first : first + SHOWN]}
    cases = replayed_cases.show(replay, chosen, by=request.membership)
    rows = [replay_rows.row(replay.model, each, by_prediction=replay.is_by_prediction) for each in cases]
    return {
        "name": name,
        "title": TITLES[name],
        "rows": rows,
        "total": replay_words.totals(replay.result)[name],
        "left_out": listed.left_out,
        "has_others": turns > 1,
    }
