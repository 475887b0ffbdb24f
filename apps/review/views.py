"""The desk, where cases are reviewed and settled, and the page of a model's reviews."""

from contextlib import suppress

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.access import ProjectRequest, get_or_404, member_page
from apps.accounts.models import Role
from apps.common.errors import DomainError, LeaseLostError
from apps.registry.models import MonitoredModel, ReviewQueue
from apps.review import desk, services
from apps.review.forms import AnswerForm, HolderForm
from apps.review.models import Slot

QUEUES = ReviewQueue.objects.select_related("model__project")


@never_cache
@require_safe
@member_page(Role.REVIEWER)
def queue_page(request: ProjectRequest, queue: int) -> HttpResponse:
    """The case that this person holds, else the next one, else why there is none."""
    found: ReviewQueue = get_or_404(QUEUES.in_project(request.project), pk=queue)
    slots = services.claim_slots(found, by=request.membership)
    return _desk(request, found, slots[0] if slots else None)


@never_cache
@require_POST
@member_page(Role.REVIEWER)
def answer(request: ProjectRequest, slot: int) -> HttpResponse:
    """The first answer of a blind case leads to its reveal; any other answer to the next case."""
    found, form = _slot(request, slot), AnswerForm(request.POST)
    try:
        token = form.checked()["lease_token"]
        if desk.phase_of(found) == desk.Phase.JUDGE and (value := form.value(found)) is not None:
            services.judge(found, by=request.membership, lease_token=token, value=value, **form.said())
        else:
            services.decide(found, by=request.membership, lease_token=token, answer=form.answer(found))
    except DomainError as problem:
        return _problem(request, found, problem)
    return _onwards(request, found)


@never_cache
@require_POST
@member_page(Role.REVIEWER)
def heartbeat(request: ProjectRequest, slot: int) -> HttpResponse:
    """Somebody still looks at the case."""
    found, form = _slot(request, slot), HolderForm(request.POST)
    try:
        services.hold_on(found, by=request.membership, lease_token=form.checked()["lease_token"])
    except DomainError as problem:
        return _problem(request, found, problem)
    return HttpResponse(status=204)


@require_POST
@member_page(Role.REVIEWER)
def release(request: ProjectRequest, slot: int) -> HttpResponse:
    """Put the case back for others, and leave."""
    found, form = _slot(request, slot), HolderForm(request.POST)
    # Where the lease is lost, the case is not on this desk any more, which is what was asked for.
    with suppress(LeaseLostError):
        services.give_back(found, by=request.membership, lease_token=form.checked()["lease_token"])
    return redirect("reviews", request.project.slug, found.item.model.slug)


@require_safe
@member_page(Role.REVIEWER)
def reviews(request: ProjectRequest, model: str) -> HttpResponse:
    found: MonitoredModel = get_or_404(MonitoredModel.objects.in_project(request.project), slug=model)
    context = {
        "model": found,
        "tab": "reviews",
        "queues": services.queue_counts(found),
        "reviewers": services.reviewer_counts(found),
    }
    return render(request, "review/reviews.html", context)


def _slot(request: ProjectRequest, slot: int) -> Slot:
    found: Slot = get_or_404(Slot.objects.in_project(request.project).on_desk(), pk=slot)
    return found


def _onwards(request: ProjectRequest, slot: Slot) -> HttpResponse:
    """The same case while it is held, else the next."""
    queue = slot.item.queue
    if not request.htmx:
        return redirect("queue", request.project.slug, queue.pk)
    held: Slot | None = Slot.objects.on_desk().held_by(request.user).filter(pk=slot.pk).first()
    if held is None:
        held = next(iter(services.claim_slots(queue, by=request.membership)), None)
    return _desk(request, queue, held)


def _desk(request: ProjectRequest, queue: ReviewQueue, slot: Slot | None) -> HttpResponse:
    context = desk.head(queue, by=request.membership)
    if slot is None:
        context["waiting"] = services.why_waiting(queue, by=request.membership)
    else:
        context["desk"] = desk.lay_out(slot)
    return render(request, "review/_swapped.html" if request.htmx else "review/queue.html", context)


def _problem(request: ProjectRequest, slot: Slot, problem: DomainError) -> HttpResponse:
    """What happened and what was kept. A script puts it beside the form, which stays as it is."""
    context = {
        "problem": problem,
        "is_lost": isinstance(problem, LeaseLostError),
        "queue": slot.item.queue,
        "note": request.POST.get("note", ""),
    }
    bare = request.htmx or "X-Fragment" in request.headers
    return render(request, "review/_problem.html" if bare else "review/problem.html", context, status=problem.status)
