"""Live work in a queue, for engineers: who holds which case, and taking it back or handing it over."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, F, Q
from django.db.models.functions import Now
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import Membership, Role
from apps.accounts.services.access import ProjectRequest, member_page
from apps.common.errors import DomainError
from apps.registry.models import ReviewQueue
from apps.registry.services.finding import find_queue
from apps.review import services
from apps.review.models import Slot
from apps.review.pages.forms import LiveActForm
from apps.review.querysets import SlotQuerySet
from apps.review.services.sight import awaited_from

PER_PAGE = 50


@require_safe
@member_page(Role.ENGINEER)
def queue_live(request: ProjectRequest, queue: int) -> HttpResponse:
    found = find_queue(request.project, queue)
    page = Paginator(live_slots(found, by=request.membership), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "queue": found,
        "model": found.model,
        "tab": "reviews",
        "work": work_of(found),
        "lines": live_lines(page.object_list),
        "page": page,
        "form": LiveActForm(queue=found),
    }
    return render(request, "review/live.html", context)


@require_POST
@member_page(Role.ENGINEER)
def queue_live_act(request: ProjectRequest, queue: int) -> HttpResponse:
    """Take the selected cases back, or hand them over; each that cannot be is named with the reason."""
    found = find_queue(request.project, queue)
    form = LiveActForm(request.POST, queue=found)
    if not form.is_valid():
        messages.error(request, str(next(iter(form.errors.values()))[0]))
    else:
        done = [slot for slot in form.cleaned_data["slot"] if _act(request, slot, to=form.receiver)]
        if done:
            messages.success(request, _done(done, to=form.receiver))
    return redirect("queue_live", request.project.slug, found.pk)


def _act(request: ProjectRequest, slot: Slot, *, to: Membership | None) -> bool:
    try:
        if to is None:
            services.release(slot, by=request.user)
        else:
            services.reassign(slot, to=to, by=request.user)
    except DomainError as problem:
        messages.error(request, f"Case {slot.item.prediction.external_id}: {problem.message}")
        return False
    return True


def _done(slots: list[Slot], *, to: Membership | None) -> str:
    cases = f"Case {slots[0].item.prediction.external_id} is" if len(slots) == 1 else f"{len(slots)} cases are"
    return f"{cases} reserved for {to.user.display_name}." if to else f"{cases} back in the queue."


@require_POST
@member_page(Role.ENGINEER)
def queue_pause(request: ProjectRequest, queue: int) -> HttpResponse:
    """Pause or resume the queue. The form says which, so a second click does not undo the first."""
    found = find_queue(request.project, queue)
    if request.POST.get("act") == "resume":
        services.resume(found, by=request.user)
        messages.success(request, "The queue hands out cases again.")
    else:
        services.pause(found, by=request.user)
        messages.success(request, "The queue hands out no cases. Cases in hand may be finished.")
    return redirect("queue_live", request.project.slug, found.pk)


@dataclass(frozen=True)
class Work:
    """Counts of a queue's open slots by where they are."""

    waiting: int
    in_hand: int
    put_off: int
    asking: int
    kept: int
    adjudications: int
    late: int


@dataclass(frozen=True)
class LiveCase:
    """A case that is held, put off or reserved."""

    slot: int
    item: int
    case: str
    who: str
    state: str
    until: datetime | None
    opened_at: datetime
    is_late: bool
    is_adjudication: bool


def work_of(queue: ReviewQueue) -> Work:
    """Count the unfinished slots, each once; adjudications and late ones also by themselves."""
    place = Slot.Place
    counts = (
        Slot.objects.in_queue(queue)
        .with_place()
        .aggregate(
            waiting=Count("id", filter=Q(place=place.WAITING)),
            in_hand=Count("id", filter=Q(place=place.IN_HAND)),
            put_off=Count("id", filter=Q(place=place.PUT_OFF)),
            asking=Count("id", filter=Q(place=place.ASKING)),
            kept=Count("id", filter=Q(place=place.KEPT)),
            adjudications=Count("id", filter=Q(is_adjudication=True)),
            late=Count("id", filter=Q(item__due_at__lt=Now())),
        )
    )
    return Work(**counts)


def live_slots(queue: ReviewQueue, *, by: Membership) -> SlotQuerySet:
    """Return slots that are held, put off or reserved: held ones first, then the longest open.

    Without what others do with a case that the person has yet to judge.
    """
    slots = Slot.objects.in_queue(queue).with_place().exclude(place=Slot.Place.WAITING).filter(reviewer__isnull=False)
    awaited = awaited_from(by.user, queue.model).values("item__prediction")
    slots = slots.exclude(~Q(reviewer=by.user), item__prediction__in=awaited)
    by_lease = F("lease_expires_at").desc(nulls_last=True)
    return slots.select_related("item__prediction", "reviewer").order_by(by_lease, "item__opened_at", "id")


def live_lines(slots: Iterable[Slot]) -> list[LiveCase]:
    return [_line(slot, Slot.Place(slot.place)) for slot in slots]  # type: ignore[attr-defined]  # annotated above


def _line(slot: Slot, place: Slot.Place) -> LiveCase:
    item = slot.item
    assert slot.reviewer is not None
    until = {Slot.Place.IN_HAND: slot.lease_expires_at, Slot.Place.KEPT: None}.get(place, slot.snoozed_until)
    return LiveCase(
        slot=slot.pk,
        item=item.pk,
        case=item.prediction.external_id,
        who=slot.reviewer.display_name,
        state=f"{place.label}, first answer given" if slot.judged_at else place.label,
        until=until,
        opened_at=item.opened_at,
        is_late=item.is_late,
        is_adjudication=slot.is_adjudication,
    )
