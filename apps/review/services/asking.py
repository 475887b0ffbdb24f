"""Questions about a case: it waits for the answer, then returns to the asker."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Membership, Role
from apps.common.errors import ConflictError, ForbiddenError
from apps.predictions.services.sightings import Place
from apps.review.models import Decision, Question, Slot
from apps.review.services import sight
from apps.review.services.answers import check_words
from apps.review.services.holding import lock

# After this long the case comes back without an answer.
LONGEST_WAIT = timedelta(days=7)


def ask(decision: Decision, *, of: int | None) -> Question:
    """Send the decision's note as a question to a member, or to any adjudicator; the same open question only once."""
    slot = decision.slot
    slot.put_off(until=timezone.now() + LONGEST_WAIT)
    asked = Question.objects.open().filter(slot=slot, asked_by=decision.reviewer, asked_of_id=of, text=decision.note)
    same: Question | None = asked.first()
    return same or Question.objects.create(
        slot=slot, decision=decision, asked_by=decision.reviewer, asked_of_id=of, text=decision.note
    )


@transaction.atomic
def answer_question(question: Question, *, by: Membership, text: str) -> Question:
    """Return the answer and the case to the asker. The person who answers never reviews the case blind."""
    held = lock(question.slot)
    locked: Question = Question.objects.select_for_update().get(pk=question.pk)
    check_may_answer(locked, by=by)
    sight.check_not_awaited(held.item, by=by)
    if locked.answered_at is not None:
        raise ConflictError("Somebody has answered this question already.", code="already_answered")
    if held.closed_at is not None:
        raise ConflictError("The case was settled without an answer.", code="case_settled")
    check_words(text)
    locked.answer, locked.answered_by, locked.answered_at = text, by.user, timezone.now()
    locked.save(update_fields=["answer", "answered_by", "answered_at"])
    if held.snoozed_until is not None:
        # A moment in the past, not null: due now, and still only for its asker.
        Slot.objects.filter(pk=held.pk).update(snoozed_until=timezone.now())
    sight.note([held.item], by=by, place=Place.QUESTION)
    return locked


def check_may_answer(question: Question, *, by: Membership) -> None:
    """Check that the question is for this person, or for any adjudicator and they are one."""
    may_adjudicate = by.reaches(Role.ADJUDICATOR)
    if not Question.objects.for_member(by.user, may_adjudicate=may_adjudicate).filter(pk=question.pk).exists():
        raise ForbiddenError("This question is for somebody else.")
