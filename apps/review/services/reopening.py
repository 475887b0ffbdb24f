"""Going back to one's own answer: it can be replaced until somebody else has the case."""

from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Q

from apps.accounts.models import Membership
from apps.common.errors import ConflictError
from apps.predictions.services.sightings import Place
from apps.review.models import LABELING, Decision, Slot, Verdict
from apps.review.services import disputing, settling, sight
from apps.review.services.answers import Answer, label_given
from apps.review.services.deciding import append_decision
from apps.review.services.holding import lock

GONE_ON = "Somebody else has this case now. A comment on it still reaches an adjudicator."
SEEN = "An adjudicator has seen this answer. A comment on the case still reaches them."
LOOKED = "You have seen what others said of this case, so your answer stays."
# Verdicts that pass a case on to somebody who may not have begun.
RETURNED = (Verdict.SKIP, Verdict.RECUSE, Verdict.WRONG_DATA)


@transaction.atomic
def go_back(slot: Slot, *, by: Membership) -> Slot:
    """Return the slot to the person who answered it, and note what it shows them.

    An answer stays in force until `amend` replaces it. A skipped or put-off case is held again as before; the
    earlier decision stays recorded.
    """
    own = _own(slot, by=by)
    if own.closed_at is None or own.outcome == Slot.Outcome.PASSED:
        _check_not_spoiled(own, by=by)
    else:
        sight.check_not_awaited(own.item, by=by)
        _check_not_gone_on(own, by=by)
    if own.outcome == Slot.Outcome.PASSED:
        _take_back(own)
    elif own.snoozed_until is not None:
        own.take_up()
    if own.revealed:
        sight.note([own.item], by=by, place=Place.DESK)
    return own


@transaction.atomic
def amend(slot: Slot, *, by: Membership, lease_token: UUID, supersedes: int, answer: Answer) -> Decision:
    """Append a decision that replaces an earlier one, unless it says the same. A blind judgement never changes."""
    own = _own(slot, by=by)
    last: Decision | None = own.decisions.order_by("-id").first()
    if last is not None and last.lease_token == lease_token and not last.is_judgement:
        return last
    if last is None or last.pk != supersedes:
        raise ConflictError("You have already changed this answer elsewhere.", code="already_changed")
    if answer.verdict not in LABELING:
        raise ConflictError("An answer can only be changed to another answer.", code="answer_expected")
    _check_not_gone_on(own, by=by)
    if _is_the_same(last, answer, slot=own):
        return last
    disputing.withdraw(last)
    decision = append_decision(own, by=by, lease_token=lease_token, answer=answer)
    settling.settle(own.item)
    return decision


def new_token() -> UUID:
    """Return a token that identifies one amendment, however often it is sent."""
    return uuid4()


def _own(slot: Slot, *, by: Membership) -> Slot:
    own = lock(slot)
    if own.reviewer_id != by.user_id or own.round != own.item.round:
        raise ConflictError(GONE_ON, code="gone_on")
    return own


def _check_not_spoiled(slot: Slot, *, by: Membership) -> None:
    """Check that the person can still judge a blind case that they have left."""
    if slot.is_blind and slot.judged_at is None and sight.has_seen(by.user, slot.item):
        raise ConflictError(GONE_ON, code="gone_on")


def _check_not_gone_on(slot: Slot, *, by: Membership) -> None:
    """Check that nobody has seen the answer, nor its reviewer those of others: from then on answers stay."""
    # Locked, so that no adjudicator claims the case meanwhile.
    list(slot.item.round_slots.filter(is_adjudication=True).select_for_update())
    if slot.outcome == Slot.Outcome.SEEN:
        raise ConflictError(GONE_ON, code="gone_on")
    if sight.has_seen_others(slot.item, by=by):
        raise ConflictError(LOOKED, code="gone_on")
    if not sight.may_change(slot, by=by):
        raise ConflictError(SEEN, code="gone_on")


def _is_the_same(last: Decision, answer: Answer, *, slot: Slot) -> bool:
    value = label_given(answer, slot=slot)
    said = (last.verdict, last.value, last.certainty, last.reasons, last.note)
    return said == (answer.verdict, value, answer.certainty, list(answer.reasons), answer.note)


def _take_back(slot: Slot) -> None:
    """Take back a case that was passed on, if nobody has claimed it."""
    last = slot.decisions.order_by("-id").first()
    unfinished = slot.item.round_slots.unfinished()
    is_same_place = Q(position=slot.position, is_adjudication=slot.is_adjudication)
    # Locked, so that nobody claims them before one is deleted.
    waiting = list(unfinished.filter(is_same_place | Q(is_adjudication=True)).select_for_update())
    is_claimed = any(each.reviewer_id or each.attempts for each in waiting)
    if last is None or last.verdict not in RETURNED or is_claimed or not (waiting or slot.item.is_probe):
        raise ConflictError(GONE_ON, code="gone_on")
    for each in waiting:
        if (each.position, each.is_adjudication) == (slot.position, slot.is_adjudication):
            each.delete()
        elif settling.is_referred_by(slot):
            settling.call_off(slot.item, each)
    slot.take_up()
    settling.settle(slot.item)
