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
from apps.accounts.services.access import ProjectRequest, get_or_404, member_page
from apps.registry.models import ReviewQueue
from apps.registry.services.finding import find_queue
from apps.review import services
from apps.review.models import Slot
from apps.review.pages.forms import ReassignForm
from apps.review.pages.problems import problems_as_messages
from apps.review.querysets import SlotQuerySet
from apps.review.services.sight import awaited_from

PER_PAGE = 50


@require_safe
@member_page(Role.ENGINEER)
def queue_live(request: ProjectRequest, queue: int) -> HttpResponse:
    found = find_queue(request.project, queue)
    page = Paginator(live_slots(found, by=request.membership), PER_PAGE).get_page(request.GET.get("page"))
    members = Membership.objects.in_project(request.project).with_role_at_least(Membership.RANKS[Role.REVIEWER])
    context = {
        "queue": found,
        "model": found.model,
        "tab": "reviews",
        "work": work_of(found),
        "lines": live_lines(page.object_list),
        "page": page,
        "members": members.select_related("user").order_by("user__name", "user__email"),
    }
    return render(request, "review/live.html", context)


@require_POST
@member_page(Role.ENGINEER)
def slot_take_back(request: ProjectRequest, slot: int) -> HttpResponse:
    found = _slot(request, slot)
    with problems_as_messages(request):
        services.release(found, by=request.user)
        messages.success(request, f"Case {found.item.prediction.external_id} is back in the queue.")
    return redirect("queue_live", request.project.slug, found.queue_id)


@require_POST
@member_page(Role.ENGINEER)
def slot_reassign(request: ProjectRequest, slot: int) -> HttpResponse:
    found = _slot(request, slot)
    form = ReassignForm(request.POST)
    people = Membership.objects.in_project(request.project).select_related("user")
    to: Membership = get_or_404(people, user=form.cleaned_data["to"] if form.is_valid() else None)
    with problems_as_messages(request):
        services.reassign(found, to=to, by=request.user)
        messages.success(request, f"Case {found.item.prediction.external_id} is reserved for {to.user.display_name}.")
    return redirect("queue_live", request.project.slug, found.queue_id)


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


def _slot(request: ProjectRequest, slot: int) -> Slot:
    found: Slot = get_or_404(Slot.objects.in_project(request.project).on_desk(), pk=slot)
    return found


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
    may_be_reassigned: bool


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
        may_be_reassigned=slot.judged_at is None and not item.is_probe,
    )
