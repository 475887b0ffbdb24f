"""Who reviews what: slots under lease, each to one person, in the queue's order."""

from enum import StrEnum
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F

from apps.accounts.models import Membership, Role
from apps.registry.models import ReviewQueue
from apps.review.models import Slot
from apps.review.querysets import SlotQuerySet
from apps.review.services import settling
from apps.review.services.holding import check_holder, lock

RACES = 3


class Only(StrEnum):
    """Which kind of slot is wanted, where not any."""

    REVIEW = "review"
    ADJUDICATION = "adjudication"


def claim_slots(queue: ReviewQueue, *, by: Membership, limit: int = 1, only: Only | None = None) -> list[Slot]:
    """Up to `limit` slots: those the person holds already, so that a reload shows the same case, then fresh ones.

    A paused queue hands out nothing fresh.
    """
    settling.close_lapsed(queue)
    wanted = Slot.objects.in_queue(queue)
    if only is not None:
        wanted = wanted.filter(is_adjudication=only == Only.ADJUDICATION)
    # A case whose reveal was seen is finished before another is begun.
    order = (F("judged_at").asc(nulls_last=True), "order_key", "id")
    keys = list(wanted.held_by(by.user).order_by(*order).values_list("pk", flat=True)[:limit])
    wanted = wanted if queue.paused_at is None else wanted.none()
    while len(keys) < limit and (key := _claim_one(wanted, by=by, seconds=queue.lease_seconds)) is not None:
        keys.append(key)
    found = Slot.objects.on_desk().in_bulk(keys)
    return [found[key] for key in keys]


def _claim_one(wanted: SlotQuerySet, *, by: Membership, seconds: int) -> int | None:
    # One at a time: of an item's several slots a person may take one only, and sees that at the next claim.
    free = wanted.claimable_by(by.user, may_adjudicate=by.reaches(Role.ADJUDICATOR))
    for _ in range(RACES):
        try:
            with transaction.atomic():
                keys = free.claim_keys(seconds=seconds, reviewer=by.user, snoozed_until=None)
        except IntegrityError:
            # The same person, at the same moment in another tab, took another slot of that item.
            continue
        return keys[0] if keys else None
    return None


@transaction.atomic
def hold_on(slot: Slot, *, by: Membership, lease_token: UUID) -> Slot:
    """Somebody still works on it: the lease starts afresh."""
    held = lock(slot)
    check_holder(held, by=by, lease_token=lease_token)
    held.heartbeat(seconds=held.item.queue.lease_seconds)
    held.refresh_from_db(fields=["lease_expires_at"])
    return held


@transaction.atomic
def give_back(slot: Slot, *, by: Membership, lease_token: UUID) -> None:
    """Left without a decision: the next person may have it. What was judged blind stands as the answer."""
    held = lock(slot)
    check_holder(held, by=by, lease_token=lease_token)
    if held.judged_at is None:
        held.put_back()
        return
    held.close(Slot.Outcome.ANSWERED)
    settling.settle(held.item)
