"""The desk, where people review and settle cases, and the page of a model's reviews."""

from collections.abc import Callable, Sequence
from contextlib import suppress

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import Membership, Role
from apps.accounts.services.access import ProjectRequest, get_or_404, member_page
from apps.common.errors import DomainError, LeaseLostError
from apps.registry.models import ReviewQueue
from apps.registry.services.finding import find_model, find_queue
from apps.review import services
from apps.review.models import Dispute, Question, ReviewItem, Slot
from apps.review.pages import desk, neighbors
from apps.review.pages.forms import AnswerForm, HeldForm, HolderForm
from apps.review.pages.live_views import live_slots
from apps.review.services.masking import Hidden, hidden_features

BESIDE: dict[str, Callable[[ReviewItem, Membership, Hidden], Sequence[object]]] = {
    "history": lambda item, by, _: neighbors.history(item, by=by),
    "similar": lambda item, by, hidden: neighbors.nearest(item, by=by, hidden=hidden),
    "precedents": lambda item, by, _: neighbors.precedents(item, by=by),
}


@require_safe
@member_page(Role.REVIEWER, is_work=True)
def queue_page(request: ProjectRequest, queue: int) -> HttpResponse:
    """Show the case this person holds, else the next one, else why there is none; and the cases after it."""
    found = find_queue(request.project, queue)
    only = HeldForm(request.GET).wanted
    slots = services.claim_slots(found, by=request.membership, limit=found.prefetch, only=only)
    return _desk(request, found, [desk.lay_out(slot, by=request.membership) for slot in slots], only=only)


@require_POST
@member_page(Role.REVIEWER)
def answer(request: ProjectRequest, slot: int) -> HttpResponse:
    """Take an answer. A judgement leads to the reveal, any other answer to the next case."""
    found = _slot(request, slot)
    try:
        HeldForm(request.POST).check_reviewer(request.user)
        _take(AnswerForm(request.POST), found, by=request.membership)
    except DomainError as problem:
        return _problem(request, found, problem)
    return _onwards(request, found)


def _take(form: AnswerForm, slot: Slot, *, by: Membership) -> None:
    """Call the service that the answer is for."""
    fields = form.checked()
    token, shown = fields["lease_token"], fields["phase"] or desk.phase_of(slot)
    if fields["supersedes"]:
        answer = form.answer(slot)
        services.amend(slot, by=by, lease_token=token, supersedes=fields["supersedes"], answer=answer)
    elif shown == desk.Phase.JUDGE and (value := form.value(slot)) is not None:
        judge = services.judge_and_leave if fields["leave"] else services.judge
        judge(slot, by=by, lease_token=token, value=value, **form.common())
    else:
        services.decide(slot, by=by, lease_token=token, answer=form.answer(slot))


@require_POST
@member_page(Role.REVIEWER)
def go_back(request: ProjectRequest, slot: int) -> HttpResponse:
    """Show an own answer again, to look at or replace."""
    found = _slot(request, slot)
    try:
        again = services.go_back(found, by=request.membership)
    except DomainError as problem:
        return _problem(request, found, problem)
    # An answered slot stays closed; one that was passed on is held again.
    last = again.decisions.order_by("-id").first() if again.closed_at else None
    return _desk(request, found.item.queue, [desk.lay_out(_slot(request, slot), by=request.membership, amended=last)])


@require_safe
@member_page(Role.REVIEWER, is_work=True)
def beside(request: ProjectRequest, slot: int, what: str) -> HttpResponse:
    """Show a tab beside the case on this person's desk."""
    found: Slot = get_or_404(Slot.objects.in_project(request.project).on_desk().filter(reviewer=request.user), pk=slot)
    hidden = hidden_features(found.item, by=request.membership)
    cases = BESIDE[what](found.item, request.membership, hidden)
    if what == "similar" and cases:
        found.note_similar()
    context = {
        "cases": cases,
        "has_hidden": bool(hidden),
        "candidates": neighbors.CANDIDATES,
        "has_subject": bool(found.item.prediction.subject),
    }
    return render(request, f"review/_{what}.html", context)


@require_POST
@member_page(Role.REVIEWER)
def heartbeat(request: ProjectRequest, slot: int) -> HttpResponse:
    """Renew the lease: somebody still looks at the case."""
    found, form = _slot(request, slot), HolderForm(request.POST)
    try:
        services.hold_on(found, by=request.membership, lease_token=form.checked()["lease_token"])
    except DomainError as problem:
        return _problem(request, found, problem)
    return HttpResponse(status=204)


@require_POST
@member_page(Role.REVIEWER)
def release(request: ProjectRequest, slot: int) -> HttpResponse:
    """Give the case back for others, and leave."""
    found, form = _slot(request, slot), HolderForm(request.POST)
    # With a lost lease the case is already off this desk.
    with suppress(LeaseLostError):
        services.give_back(found, by=request.membership, lease_token=form.checked()["lease_token"])
    return redirect("reviews", request.project.slug, found.item.model.slug)


@require_safe
@member_page(Role.REVIEWER)
def reviews(request: ProjectRequest, model: str) -> HttpResponse:
    found = find_model(request.project, model)
    member = request.membership
    questions = Question.objects.in_project(request.project).open()
    disputes = Dispute.objects.filter(item__queue__model=found).open()
    may_adjudicate, is_engineer = member.reads(Role.ADJUDICATOR), member.reads(Role.ENGINEER)
    yours = services.count_for(member)
    context = {
        "model": found,
        "tab": "reviews",
        "answered_today": services.answered_today(member),
        "open_disputes": (disputes if may_adjudicate else disputes.filter(decision__reviewer=request.user)).count(),
        "open_questions": questions.for_member(request.user, may_adjudicate=may_adjudicate).count(),
        "is_engineer": is_engineer,
        "may_adjudicate": may_adjudicate,
        "queues": [
            # Whether a case waits for one more person, or for none, tells a reviewer what others said.
            (
                counts,
                None if may_adjudicate else services.progress(counts.queue, by=member),
                yours.get(counts.queue.pk, services.ForPerson()),
                live_slots(counts.queue, by=member).count() if is_engineer else 0,
            )
            for counts in services.queue_counts(found)
        ],
        "reviewers": services.reviewer_counts(found),
    }
    return render(request, "review/reviews.html", context)


def _slot(request: ProjectRequest, slot: int) -> Slot:
    found: Slot = get_or_404(Slot.objects.in_project(request.project).on_desk(), pk=slot)
    return found


def _onwards(request: ProjectRequest, slot: Slot) -> HttpResponse:
    """Show the same case while it is held, and those after it that the browser does not have yet."""
    queue = slot.item.queue
    if not _is_fragment(request):
        return redirect("queue", request.project.slug, queue.pk)
    held = HeldForm(request.POST)
    have, only = held.slots - {slot.pk}, held.wanted
    slots = services.claim_slots(queue, by=request.membership, limit=queue.prefetch, only=only)
    new = [desk.lay_out(each, by=request.membership) for each in slots if each.pk not in have]
    return _desk(request, queue, new, is_empty=not slots, only=only)


def _desk(
    request: ProjectRequest,
    queue: ReviewQueue,
    desks: list[desk.Desk],
    *,
    is_empty: bool = True,
    only: services.Only | None = None,
) -> HttpResponse:
    context = desk.head(queue, by=request.membership) | {"only": only or ""}
    if not desks and is_empty:
        context["waiting"] = services.why_waiting(queue, by=request.membership)
    if _is_fragment(request):
        return render(request, "review/_cards.html", context | {"desks": desks})
    first, following = (desks[0], desks[1:]) if desks else (None, [])
    return render(request, "review/queue.html", context | {"desk": first, "following": following})


def _is_fragment(request: ProjectRequest) -> bool:
    """True if a script asks, to put the answer into the open page."""
    return "X-Fragment" in request.headers


def _problem(request: ProjectRequest, slot: Slot, problem: DomainError) -> HttpResponse:
    """Say what happened and what was kept. A script puts it beside the form, which stays as it is."""
    context = {
        "problem": problem,
        "is_lost": isinstance(problem, LeaseLostError),
        "slot": slot,
        "queue": slot.item.queue,
        "note": request.POST.get("note", ""),
    }
    template = "review/_problem.html" if _is_fragment(request) else "review/problem.html"
    return render(request, template, context, status=problem.status)
