"""Going back to one's own answer: it can be replaced until the case has gone on to somebody else."""

from uuid import UUID, uuid4

from django.db import transaction

from apps.accounts.models import Membership
from apps.common.errors import ConflictError
from apps.review.models import LABELING, Decision, Slot, Verdict
from apps.review.services import disputing, settling
from apps.review.services.answers import Answer
from apps.review.services.deciding import record
from apps.review.services.holding import lock

GONE_ON = "Somebody else works on this case by now. A comment on it still reaches an adjudicator."
SEEN = "An adjudicator has seen this answer. A comment on the case still reaches them."
# Passed to another reviewer, who may not have begun.
RETURNED = (Verdict.SKIP, Verdict.RECUSE)


@transaction.atomic
def go_back(slot: Slot, *, by: Membership) -> Slot:
    """The slot once more before the person who answered it.

    An answer stays as it is until `amend` replaces it. A case that was skipped or put off is held again, as if
    nothing had been said; what was said stays recorded.
    """
    own = _own(slot, by=by)
    if own.closed_at is None:
        if own.snoozed_until is not None:
            own.take_up()
        return own
    if own.outcome == Slot.Outcome.PASSED:
        _take_back(own)
    else:
        _check_not_gone_on(own)
    return own


@transaction.atomic
def amend(slot: Slot, *, by: Membership, lease_token: UUID, supersedes: int, answer: Answer) -> Decision:
    """Append a decision that replaces an earlier one. The first answer of a blind case stays what it was."""
    own = _own(slot, by=by)
    last: Decision | None = own.decisions.order_by("-id").first()
    if last is not None and last.lease_token == lease_token and not last.is_judgement:
        return last
    if last is None or last.pk != supersedes:
        raise ConflictError("You have changed this answer elsewhere in the meantime.", code="already_changed")
    if answer.verdict not in LABELING:
        raise ConflictError("An answer can be changed to another answer only.", code="answer_expected")
    _check_not_gone_on(own)
    disputing.withdraw(last)
    decision = record(own, by=by, lease_token=lease_token, answer=answer)
    settling.settle(own.item)
    return decision


def new_token() -> UUID:
    """Under which one amendment is sent, however often."""
    return uuid4()


def _own(slot: Slot, *, by: Membership) -> Slot:
    own = lock(slot)
    if own.reviewer_id != by.user_id or own.round != own.item.round:
        raise ConflictError(GONE_ON, code="gone_on")
    return own


def _check_not_gone_on(slot: Slot) -> None:
    """Only an adjudicator sees answers; once one has had the case in hand, they stay."""
    settling_slots = slot.item.round_slots.filter(is_adjudication=True).select_for_update()
    is_seen = any(each.attempts or each.closed_at for each in settling_slots)
    if slot.is_adjudication or slot.item.adjudicated is not None or is_seen:
        raise ConflictError(
            "An adjudicator has seen this answer. A comment on the case still reaches them.", code="gone_on"
        )
    if slot.outcome != Slot.Outcome.ANSWERED:
        raise ConflictError(GONE_ON, code="gone_on")


def _take_back(slot: Slot) -> None:
    """What was passed on comes back, if nobody has taken it up."""
    said = slot.decisions.order_by("-id").first()
    same_place = slot.item.round_slots.unfinished().filter(position=slot.position, is_adjudication=slot.is_adjudication)
    # Locked, so that nobody takes it up while it is taken away.
    instead = list(same_place.filter(reviewer=None, attempts=0).select_for_update())
    if said is None or said.verdict not in RETURNED or not (instead or slot.item.is_probe):
        raise ConflictError(GONE_ON, code="gone_on")
    if instead:
        instead[0].delete()
    slot.take_up()
    settling.settle(slot.item)
