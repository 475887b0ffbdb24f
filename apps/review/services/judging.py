"""Blind judgements: the first answer, stored before the prediction is shown."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Membership
from apps.common.errors import ConflictError, UnprocessableError
from apps.predictions.services.sightings import Place
from apps.review.models import Decision, Slot
from apps.review.services import settling, sight
from apps.review.services.answers import encode
from apps.review.services.holding import check_holder, guideline_in_force, lock
from apps.review.services.revealing import NO_REVEAL, reveal_to


@transaction.atomic
def judge(slot: Slot, *, by: Membership, lease_token: UUID, **judgement: Any) -> Decision:
    """Store the judgement; sent again, return the first one. From here on the prediction may be shown."""
    stored = _store(slot, by=by, lease_token=lease_token, is_revealed=True, **judgement)
    sight.note([stored.item], by=by, place=Place.DESK)
    return stored


@transaction.atomic
def judge_and_leave(slot: Slot, *, by: Membership, lease_token: UUID, **judgement: Any) -> Decision:
    """Store a judgement given without a reveal, as the whole answer; sent again, it counts once."""
    stored = _store(slot, by=by, lease_token=lease_token, is_revealed=False, **judgement)
    held = lock(slot)
    if held.closed_at is None:
        settling.finish(held)
    return stored


def _store(
    slot: Slot,
    *,
    by: Membership,
    lease_token: UUID,
    is_revealed: bool,
    value: str | float,
    certainty: int | None = None,
    note: str = "",
    active_ms: int | None = None,
) -> Decision:
    held = lock(slot)
    earlier = held.decisions.filter(is_judgement=True, reviewer=by.user, lease_token=lease_token).first()
    if earlier is None:
        check_holder(held, by=by, lease_token=lease_token)
        earlier = held.judgement
    if not held.is_blind:
        raise UnprocessableError("This case is not blind: decide directly.", code="not_blind")
    judged = encode(held.item.model, value)
    if earlier is not None:
        sight.check_not_awaited(held.item, by=by)
        earlier.item = held.item
        return _repeated(earlier, judged)
    reveal = reveal_to(held.item, by=by) if is_revealed else NO_REVEAL
    held.judged_at = timezone.now()
    held.save(update_fields=["judged_at"])
    return Decision.objects.create(
        slot=held,
        item=held.item,
        reviewer=by.user,
        is_judgement=True,
        was_blind=not sight.has_seen(by.user, held.item),
        shown=reveal.shown,
        is_shown_in_part=reveal.is_partial,
        value=judged,
        certainty=certainty,
        note=note,
        active_ms=active_ms,
        guideline_id=guideline_in_force(held),
        lease_token=lease_token,
    )


def _repeated(earlier: Decision, judged: float) -> Decision:
    if earlier.value != judged:
        raise ConflictError("Your first answer is stored and the prediction shown: decide now.", code="already_judged")
    return earlier
