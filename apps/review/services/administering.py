"""Managing live work: take back, hand over or reopen a case, pause a queue. The audit record keeps every act."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Membership, Role, User
from apps.accounts.services import audit_log
from apps.common.errors import ConflictError, DomainError, ForbiddenError
from apps.registry.models import ReviewQueue
from apps.registry.services.archiving import require_active
from apps.review.models import GoldAnswer, ReviewItem, Slot
from apps.review.services import probing, settling, sight
from apps.review.services.casework import due_at, slots_of
from apps.review.services.holding import lock


@transaction.atomic
def release(slot: Slot, *, by: User) -> None:
    """Take a case out of somebody's hands, for anybody to claim. A blind judgement stands as the answer."""
    held = _lock_open(slot)
    if held.reviewer is None:
        raise ConflictError("Nobody holds this case any more.", code="not_held")
    before = audit_log.person(held.reviewer)
    settling.take_away(held)
    _log(held.item, by=by, act="slot.released", of=before)


@transaction.atomic
def reassign(slot: Slot, *, to: Membership, by: User) -> None:
    """Reserve a case for a person who has had no part in it."""
    held = _lock_open(slot)
    item = held.item
    needed = Role.ADJUDICATOR if held.is_adjudication else Role.REVIEWER
    if to.project_id != item.model.project_id or not to.reaches(needed):
        raise ForbiddenError(f"{to.user.display_name} is not {needed.label.lower()} here.")
    if held.judged_at is not None or item.is_probe:
        raise ConflictError("This case can only be finished by its reviewer, or taken back.", code="not_for_others")
    if item.round_slots.filter(reviewer=to.user).exclude(pk=held.pk).exists():
        raise ConflictError(f"{to.user.display_name} has had a part in this case.", code="had_part")
    if item.is_blind and not held.is_adjudication and sight.has_seen(to.user, item):
        raise ConflictError(f"{to.user.display_name} has seen what the model said of it.", code="has_seen")
    if held.is_adjudication:
        sight.check_not_awaited(item, by=to)
    before = audit_log.person(held.reviewer) if held.reviewer else ""
    held.keep_for(to.user)
    _log(item, by=by, act="slot.reassigned", of=before, to=audit_log.person(to.user))


@transaction.atomic
def pause(queue: ReviewQueue, *, by: User) -> None:
    """Hand out no cases until the queue is resumed. Cases in hand may still be answered."""
    if ReviewQueue.objects.filter(pk=queue.pk, paused_at=None).update(paused_at=timezone.now()):
        _log_queue(queue, by=by, act="queue.paused")


@transaction.atomic
def resume(queue: ReviewQueue, *, by: User) -> None:
    """Hand out cases again. Raises ConflictError for a queue of an archived model."""
    require_active(queue.model)
    if ReviewQueue.objects.filter(pk=queue.pk, paused_at__isnull=False).update(paused_at=None):
        _log_queue(queue, by=by, act="queue.resumed")


@transaction.atomic
def reopen_item(item: ReviewItem, *, by: User, why: str) -> ReviewItem:
    """Start a new round: the case is judged again, blind by people who have not seen it, else by an adjudicator.

    The case counts as unanswered until the new round is done. Everything said before stays recorded.
    """
    if not why.strip():
        raise DomainError("Say why, for people who look back later.", code="reason_missing", field="why")
    locked = _lock_item(item)
    if locked.is_probe:
        raise ConflictError("A probe has one round.", code="is_probe")
    for slot in locked.round_slots.unfinished().select_for_update():
        slot.close(slot.ending if slot.judged_at else Slot.Outcome.PASSED)
    locked.round, locked.state, locked.due_at = locked.round + 1, ReviewItem.State.OPEN, due_at(locked.queue)
    locked.label = locked.labelled_at = locked.adjudicated = locked.adjudicated_at = None
    locked.adjudication_probability, locked.adjudication_reason = None, ""
    locked.is_adjudication_chosen = locked.is_precedent = False
    locked.needs_resolution = True
    if settling.somebody_is_left(locked):
        Slot.objects.bulk_create(slots_of(locked))
    else:
        settling.open_adjudication(locked, reason=ReviewItem.AdjudicationReason.NOBODY_LEFT)
    settling.settle(locked)
    _log(locked, by=by, act="item.reopened", round=locked.round, why=why)
    return locked


@transaction.atomic
def mark_gold(item: ReviewItem, *, by: User, note: str = "") -> GoldAnswer:
    """Keep the answer of a settled case as a known one."""
    locked = _lock_item(item)
    value = locked.label if locked.adjudicated is None else locked.adjudicated
    if value is None or locked.state != ReviewItem.State.CLOSED:
        raise ConflictError("Only a settled case has an answer to keep.", code="not_settled")
    gold = probing.make_gold(locked, value=value, by=by, note=note)
    _log(locked, by=by, act="gold.made")
    return gold


@transaction.atomic
def unmark_gold(gold: GoldAnswer, *, by: User) -> None:
    probing.retire_gold(gold)
    _log(gold.item, by=by, act="gold.retired")


def _lock_item(item: ReviewItem) -> ReviewItem:
    items = ReviewItem.objects.select_related("queue__model__project", "prediction__version")
    locked: ReviewItem = items.select_for_update(of=("self",)).get(pk=item.pk)
    return locked


def _lock_open(slot: Slot) -> Slot:
    held = lock(slot)
    if held.closed_at is not None:
        raise ConflictError("This case has been answered.", code="slot_closed")
    return held


def _log(item: ReviewItem, *, by: User, act: str, **details: Any) -> None:
    audit_log.record(item.model.project, act, subject=f"case {item.prediction.external_id}", by=by, details=details)


def _log_queue(queue: ReviewQueue, *, by: User, act: str) -> None:
    audit_log.record(queue.model.project, act, subject=f"queue {queue.model.slug}:{queue.slug}", by=by)
