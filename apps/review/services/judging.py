"""Blind judgements: the first answer, stored before the prediction is shown."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Membership
from apps.common.errors import ConflictError, UnprocessableError
from apps.review.models import Decision, Slot
from apps.review.services import settling
from apps.review.services.answers import encode
from apps.review.services.holding import check_holder, guideline_in_force, lock


@transaction.atomic
def judge(
    slot: Slot,
    *,
    by: Membership,
    lease_token: UUID,
    value: str | float,
    certainty: int | None = None,
    note: str = "",
    active_ms: int | None = None,
) -> Decision:
    """Store the judgement; sent again, return the first one. From here on the prediction may be shown."""
    held = lock(slot)
    earlier = held.decisions.filter(is_judgement=True, reviewer=by.user, lease_token=lease_token).first()
    if earlier is None:
        check_holder(held, by=by, lease_token=lease_token)
        earlier = held.judgement
    if not held.is_blind:
        raise UnprocessableError("This case is not blind: decide directly.", code="not_blind")
    judged = encode(held.item.model, value)
    if earlier is not None:
        earlier.item = held.item
        return _repeated(earlier, judged)
    held.judged_at = timezone.now()
    held.save(update_fields=["judged_at"])
    return Decision.objects.create(
        slot=held,
        item=held.item,
        reviewer=by.user,
        is_judgement=True,
        was_blind=True,
        value=judged,
        certainty=certainty,
        note=note,
        active_ms=active_ms,
        guideline_id=guideline_in_force(held),
        lease_token=lease_token,
    )


@transaction.atomic
def judge_and_leave(slot: Slot, *, by: Membership, lease_token: UUID, **judgement: Any) -> Decision:
    """Store a judgement given without a reveal, as the whole answer; sent again, it counts once."""
    stored = judge(slot, by=by, lease_token=lease_token, **judgement)
    held = lock(slot)
    if held.closed_at is None:
        held.close(Slot.Outcome.ANSWERED)
        settling.settle(held.item)
    return stored


def _repeated(earlier: Decision, judged: float) -> Decision:
    if earlier.value != judged:
        raise ConflictError("Your first answer is stored and the prediction shown: decide now.", code="already_judged")
    return earlier
