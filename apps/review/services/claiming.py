"""Claiming: each slot goes to one person under a lease, in the queue's order."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from apps.accounts.models import Membership, Role
from apps.registry.models import ReviewQueue
from apps.registry.services.finding import QueueReference
from apps.review.models import Slot
from apps.review.services import settling
from apps.review.services.claim_sql import CLAIM, COUNT_FOR_PERSON, slot_of
from apps.review.services.holding import check_holder, lock

RACES = 3


class Only(StrEnum):
    """The kind of slot wanted, if not any."""

    REVIEW = "review"
    ADJUDICATION = "adjudication"


def claim_slots(queue: ReviewQueue, *, by: Membership, limit: int = 1, only: Only | None = None) -> list[Slot]:
    """Claim up to `limit` slots: those the person holds already, so that a reload shows the same case, then fresh ones.

    A paused queue hands out nothing fresh.
    """
    return _claim(QueueReference(number=queue.pk), by=by, limit=limit, only=only, is_capped=False)


def claim_slots_by_name(name: str, *, by: Membership, limit: int, only: Only | None = None) -> list[Slot]:
    """Claim slots of the queue with this name or number, at most its prefetch; none if it names no queue, or several.

    The claim resolves the name itself: looking the queue up first would take a quarter of its time.
    """
    return _claim(QueueReference.parse(name), by=by, limit=limit, only=only, is_capped=True)


@dataclass(frozen=True)
class ForPerson:
    """The cases of a queue that a person holds or could claim, and how many of them they would settle."""

    cases: int = 0
    to_settle: int = 0


def count_for(member: Membership) -> dict[int, ForPerson]:
    """Count the cases that the person holds or could claim, by queue; queues without any are left out."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT_FOR_PERSON, {"project": member.project_id, **_person(member)})
        return {queue: ForPerson(*counts) for queue, *counts in cursor.fetchall()}


def _claim(reference: QueueReference, *, by: Membership, limit: int, only: Only | None, is_capped: bool) -> list[Slot]:
    values = {
        **_person(by),
        "project": by.project_id,
        "number": reference.number,
        "model": reference.model,
        "slug": reference.slug,
        "kinds": [False, True] if only is None else [only == Only.ADJUDICATION],
        "limit": limit,
        "is_capped": is_capped,
    }
    slots, are_lapsed = _take(values | {"stops_at_lapsed": True})
    if are_lapsed:
        keys = [slot.pk for slot in slots]
        settling.close_lapsed(keys)
        settling.pass_on_spoiled(keys)
        # Another process may be closing some of them at this moment; don't wait for it.
        slots, _ = _take(values | {"stops_at_lapsed": False})
    for slot in slots:
        slot.queue.model.project = by.project
    return slots


def _take(values: dict[str, Any]) -> tuple[list[Slot], bool]:
    """Run the statement. Returns the person's slots and False, or lapsed slots to close first and True."""
    for _ in range(RACES):
        try:
            return _run(values | {"takes_fresh": True})
        except IntegrityError:
            # The same person, at the same moment in another tab, took another slot of that item.
            continue
    return _run(values | {"takes_fresh": False})


def _run(values: dict[str, Any]) -> tuple[list[Slot], bool]:
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, values)
        rows = cursor.fetchall()
    return [slot_of(row) for _, *row in rows], any(is_lapsed for is_lapsed, *_ in rows)


def _person(member: Membership) -> dict[str, Any]:
    return {"person": member.user_id, "may_adjudicate": member.reaches(Role.ADJUDICATOR)}


@transaction.atomic
def hold_on(slot: Slot, *, by: Membership, lease_token: UUID) -> Slot:
    """Start the lease afresh: the person still works on the case."""
    held = lock(slot)
    check_holder(held, by=by, lease_token=lease_token)
    held.heartbeat(seconds=held.item.queue.lease_seconds)
    held.refresh_from_db(fields=["lease_expires_at"])
    return held


@transaction.atomic
def give_back(slot: Slot, *, by: Membership, lease_token: UUID) -> None:
    """Leave a case undecided, for the next person. A blind judgement stands as the answer."""
    held = lock(slot)
    check_holder(held, by=by, lease_token=lease_token)
    if held.judged_at is None:
        held.put_back()
    else:
        settling.finish(held)
