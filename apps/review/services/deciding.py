"""Decisions, and what follows from each for its slot and item."""

from uuid import UUID

from django.db import transaction

from apps.accounts.models import Membership
from apps.common.errors import ConflictError
from apps.review.models import Decision, ReviewItem, Slot, Verdict
from apps.review.services import asking, disputing, settling
from apps.review.services.answers import Answer, check_question, label_given, moment_to_return, wrong_features
from apps.review.services.holding import check_holder, guideline_in_force, lock


@transaction.atomic
def decide(slot: Slot, *, by: Membership, lease_token: UUID, answer: Answer) -> Decision:
    """Store the decision and let it take effect. Sent twice under one lease, it counts once."""
    held = lock(slot)
    earlier = held.decisions.filter(is_judgement=False, reviewer=by.user, lease_token=lease_token).first()
    if earlier is not None:
        earlier.item = held.item
        return _repeated(earlier, answer, slot=held)
    check_holder(held, by=by, lease_token=lease_token)
    decision = append_decision(held, by=by, lease_token=lease_token, answer=answer)
    _take_effect(decision, answer)
    return decision


def append_decision(slot: Slot, *, by: Membership, lease_token: UUID, answer: Answer) -> Decision:
    """Append a decision on a slot. Raises DomainError for an answer that is not possible here."""
    is_put_off = answer.verdict == Verdict.CANNOT_TELL
    value, judgement = label_given(answer, slot=slot), slot.judgement
    check_question(answer, slot=slot, by=by)
    decision: Decision = Decision.objects.create(
        value=value,
        snoozed_until=moment_to_return(answer, slot=slot) if is_put_off else None,
        slot=slot,
        item=slot.item,
        reviewer=by.user,
        was_blind=slot.is_blind and (judgement is None or judgement.was_blind),
        verdict=answer.verdict,
        certainty=answer.certainty,
        reasons=list(answer.reasons),
        note=answer.note,
        wrong_features=wrong_features(answer, slot=slot),
        active_ms=answer.active_ms,
        guideline_id=guideline_in_force(slot),
        lease_token=lease_token,
    )
    disputing.open_if_disputed(decision)
    return decision


def _repeated(earlier: Decision, answer: Answer, *, slot: Slot) -> Decision:
    stored = None if earlier.value is None else slot.item.model.decode(earlier.value)
    same_value = answer.value is None or answer.value == stored
    if earlier.verdict != answer.verdict or not same_value or earlier.note != answer.note:
        raise ConflictError("You have already answered this case; that answer stands.", code="already_decided")
    return earlier


def _take_effect(decision: Decision, answer: Answer) -> None:
    slot = decision.slot
    if decision.value is None:
        _withhold(decision, answer)
        settling.settle(slot.item)
    elif slot.is_adjudication:
        settling.adjudicate(slot, value=decision.value, is_precedent=answer.is_precedent)
    else:
        settling.finish(slot)


def _withhold(decision: Decision, answer: Answer) -> None:
    slot = decision.slot
    if decision.snoozed_until is not None:
        slot.put_off(until=decision.snoozed_until)
    elif decision.verdict == Verdict.ESCALATE:
        asking.ask(decision, of=answer.asked_of)
    else:
        slot.close(Slot.Outcome.PASSED)
        _pass_on(slot, decision.verdict)


def _pass_on(slot: Slot, verdict: str) -> None:
    """Pass to another person; to an adjudicator if the data is wrong."""
    if verdict == Verdict.WRONG_DATA and not slot.is_adjudication:
        settling.open_adjudication(slot.item, reason=ReviewItem.AdjudicationReason.REFERRED)
    else:
        settling.pass_on(slot)
