"""Who holds a slot: checked under lock before anything is written."""

from uuid import UUID

from apps.accounts.models import Membership, Role
from apps.common.errors import ForbiddenError, LeaseLostError
from apps.registry.models import Guideline
from apps.review.models import ReviewItem, Slot


def lock(slot: Slot) -> Slot:
    """Lock the slot and its item and return them as they are now. Always the item first, which avoids deadlocks."""
    item = (
        ReviewItem.objects.select_related("queue__model__project", "prediction__version")
        .select_for_update(of=("self",))
        .get(pk=slot.item_id)
    )
    locked: Slot = Slot.objects.select_for_update().get(pk=slot.pk)
    locked.item = item
    return locked


def guideline_in_force(slot: Slot) -> int | None:
    """Return the queue's current guidelines; each answer keeps a reference to them."""
    versions = Guideline.objects.filter(queue=slot.queue_id).order_by("-version")
    key: int | None = versions.values_list("pk", flat=True).first()
    return key


def check_holder(slot: Slot, *, by: Membership, lease_token: UUID) -> None:
    """Check the lease. An expired one is good until somebody claims the slot; a closed slot has none."""
    if slot.reviewer_id != by.user_id or slot.lease_token != lease_token:
        raise LeaseLostError("You no longer hold this case: your time ran out and somebody else took it.")
    if slot.closed_at and slot.outcome == Slot.Outcome.ANSWERED:
        raise LeaseLostError("Your time on this case ran out; your first answer stands.", code="first_answer_stands")
    if slot.closed_at:
        raise LeaseLostError("An adjudicator has settled this case in the meantime.", code="case_settled")
    if slot.is_adjudication and not by.reaches(Role.ADJUDICATOR):
        raise ForbiddenError("Only adjudicators settle cases.")
