"""What is under way in a queue: who has which case, since when, and what nobody has."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, Q
from django.db.models.functions import Now

from apps.registry.models import ReviewQueue
from apps.review.models import Slot
from apps.review.querysets import SlotQuerySet


@dataclass(frozen=True)
class Work:
    """Open slots of a queue, by where they are."""

    waiting: int
    in_hand: int
    put_off: int
    asking: int
    kept: int
    adjudications: int
    late: int


@dataclass(frozen=True)
class LiveLine:
    """A case with somebody's name on it."""

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
    """Everything unfinished, each slot counted once; adjudications and late ones once more by themselves."""
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


def live_slots(queue: ReviewQueue) -> SlotQuerySet:
    """With a name: in hand, put off, or kept for somebody; those in hand first, then the longest open."""
    slots = Slot.objects.in_queue(queue).with_place().exclude(place=Slot.Place.WAITING).filter(reviewer__isnull=False)
    by_lease = F("lease_expires_at").desc(nulls_last=True)
    return slots.select_related("item__prediction", "reviewer").order_by(by_lease, "item__opened_at", "id")


def live_lines(slots: Iterable[Slot]) -> list[LiveLine]:
    return [_line(slot, Slot.Place(slot.place)) for slot in slots]  # type: ignore[attr-defined]  # annotated above


def _line(slot: Slot, place: Slot.Place) -> LiveLine:
    item = slot.item
    assert slot.reviewer is not None
    until = {Slot.Place.IN_HAND: slot.lease_expires_at, Slot.Place.KEPT: None}.get(place, slot.snoozed_until)
    return LiveLine(
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
