"""What is under way in a queue: who has which case, since when, and what nobody has."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, F, OuterRef, Q
from django.db.models.functions import Now

from apps.registry.models import ReviewQueue
from apps.review.models import Question, Slot
from apps.review.querysets import SlotQuerySet
from apps.review.record import state_of


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
    waits, leased = Q(snoozed_until__gt=Now()), Q(lease_expires_at__gte=Now())
    named = Q(is_reserved=True) | Q(snoozed_until__isnull=False)
    asks = Exists(Question.objects.open().filter(slot=OuterRef("pk")))
    counts = (
        Slot.objects.in_queue(queue)
        .unfinished()
        .annotate(asks=asks)
        .aggregate(
            waiting=Count("id", filter=~leased & ~waits & ~named),
            in_hand=Count("id", filter=leased),
            put_off=Count("id", filter=waits & ~leased & Q(asks=False)),
            asking=Count("id", filter=waits & ~leased & Q(asks=True)),
            kept=Count("id", filter=named & ~leased & ~waits),
            adjudications=Count("id", filter=Q(is_adjudication=True)),
            late=Count("id", filter=Q(item__due_at__lt=Now())),
        )
    )
    return Work(**counts)


def live_slots(queue: ReviewQueue) -> SlotQuerySet:
    """Unfinished, with a name: in hand, put off, or kept for somebody; those in hand first, the longest open first."""
    leased = Q(lease_expires_at__gte=Now())
    named = leased | Q(is_reserved=True) | Q(snoozed_until__isnull=False) | Q(judged_at__isnull=False)
    slots = Slot.objects.in_queue(queue).unfinished().filter(named, reviewer__isnull=False)
    return slots.select_related("item__prediction", "reviewer").order_by(
        F("lease_expires_at").desc(nulls_last=True), "item__opened_at", "id"
    )


def live_lines(slots: Iterable[Slot]) -> list[LiveLine]:
    return [_line(slot) for slot in slots]


def _line(slot: Slot) -> LiveLine:
    item = slot.item
    assert slot.reviewer is not None
    return LiveLine(
        slot=slot.pk,
        item=item.pk,
        case=item.prediction.external_id,
        who=slot.reviewer.display_name,
        state=state_of(slot),
        until=slot.snoozed_until if slot.is_put_off else slot.lease_expires_at if slot.is_leased_now else None,
        opened_at=item.opened_at,
        is_late=item.is_late,
        is_adjudication=slot.is_adjudication,
        may_be_reassigned=slot.judged_at is None and not item.is_probe,
    )
