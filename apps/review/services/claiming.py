"""Who reviews what: slots under lease, each to one person, in the queue's order."""

from enum import StrEnum
from functools import cache
from uuid import UUID, uuid4

from django.db import IntegrityError, connection, transaction
from django.db.models import F

from apps.accounts.models import Membership, Role
from apps.common.compiled import Compiled, holes
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
    keys = [key for (key,) in _held(only).rows(queue=queue.pk, person=by.user_id)][:limit]
    while queue.paused_at is None and len(keys) < limit and (key := _claim_one(queue, by=by, only=only)) is not None:
        keys.append(key)
    found = Slot.objects.select_related("item__prediction__version").in_bulk(keys)
    for slot in found.values():
        slot.queue = slot.item.queue = queue
    return [found[key] for key in keys]


def _claim_one(queue: ReviewQueue, *, by: Membership, only: Only | None) -> int | None:
    # One at a time: of an item's several slots a person may take one only, and sees that at the next claim.
    free = _free(only, may_adjudicate=by.reaches(Role.ADJUDICATOR))
    chosen = free.filled(queue=queue.pk, person=by.user_id)
    for _ in range(RACES):
        try:
            with connection.cursor() as cursor:
                cursor.execute(CLAIM.format(free=free.sql), [*chosen, uuid4(), queue.lease_seconds, by.user_id])
                found = cursor.fetchone()
        except IntegrityError:
            # The same person, at the same moment in another tab, took another slot of that item.
            continue
        return found[0] if found else None
    return None


# Free ones are sought and taken by one statement, which is done as a whole or not at all.
CLAIM = """
WITH free AS MATERIALIZED ({free} FOR UPDATE OF review_slot SKIP LOCKED)
UPDATE review_slot SET
    lease_token = %s,
    lease_expires_at = statement_timestamp() + make_interval(secs => %s),
    attempts = attempts + 1,
    reviewer_id = %s,
    snoozed_until = NULL
WHERE id IN (SELECT id FROM free)
RETURNING id
"""
HOLES = holes("queue", "person")


def _wanted(only: Only | None) -> SlotQuerySet:
    slots = Slot.objects.in_queue(HOLES["queue"])
    return slots if only is None else slots.filter(is_adjudication=only == Only.ADJUDICATION)


@cache
def _held(only: Only | None) -> Compiled:
    # A case whose reveal was seen is finished before another is begun.
    order = (F("judged_at").asc(nulls_last=True), "order_key", "id")
    return Compiled.of(_wanted(only).held_by(HOLES["person"]).order_by(*order).values_list("id"), HOLES)


@cache
def _free(only: Only | None, *, may_adjudicate: bool) -> Compiled:
    free = _wanted(only).claimable_by(HOLES["person"], may_adjudicate=may_adjudicate).unleased()
    return Compiled.of(free.values_list("id")[:1], HOLES)


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
