"""Questions: the case waits for the answer, then returns to the asker."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.accounts.models import Role
from apps.common.errors import ConflictError, DomainError, ForbiddenError
from apps.registry.models import ReviewQueue
from apps.review import services
from apps.review.models import Question, Slot
from tests.factories import make_member
from tests.review.factories import answer, claim, decide, make_items, make_queue, reviewers

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue() -> ReviewQueue:
    queue = make_queue()
    make_items(queue)
    return queue


def asked(queue: ReviewQueue, **said: object) -> tuple[Question, Slot]:
    (anna,) = reviewers(queue, 1)
    slot = claim(queue, anna)
    decide(slot, anna, "escalate", **({"note": "Is this a pension?"} | said))
    return Question.objects.get(), slot


def test_a_question_keeps_the_case_for_its_asker_until_it_is_answered(queue: ReviewQueue) -> None:
    question, slot = asked(queue)
    anna = queue.model.project.memberships.get(user=question.asked_by)
    (ben,) = reviewers(queue, 1)
    assert services.claim_slots(queue, by=anna) == services.claim_slots(queue, by=ben) == []
    (settler,) = reviewers(queue, 1, Role.ADJUDICATOR)
    services.answer_question(question, by=settler, text="No, a salary.")
    assert services.claim_slots(queue, by=ben) == []
    again = claim(queue, anna)
    assert (again.pk, again.item.state) == (slot.pk, "open")
    assert answer(queue, anna).state == "closed"


def test_a_question_that_nobody_answers_comes_back_after_a_week(queue: ReviewQueue) -> None:
    question, slot = asked(queue)
    slot.refresh_from_db()
    assert slot.snoozed_until is not None
    assert timedelta(days=6.9) < slot.snoozed_until - timezone.now() < timedelta(days=7)
    Slot.objects.update(snoozed_until=timezone.now())
    assert claim(queue, queue.model.project.memberships.get(user=question.asked_by)).pk == slot.pk


def test_a_question_goes_to_the_person_who_was_asked(queue: ReviewQueue) -> None:
    ben, carla = reviewers(queue, 2)
    question, _ = asked(queue, asked_of=ben.user_id)
    with pytest.raises(ForbiddenError):
        services.answer_question(question, by=carla, text="Yes.")
    assert services.answer_question(question, by=ben, text="Yes.").answered_by == ben.user


def test_a_person_who_answers_a_question_never_judges_its_case() -> None:
    queue = make_queue(overlap=2)
    make_items(queue)
    (ben,) = reviewers(queue, 1)
    question, _ = asked(queue, asked_of=ben.user_id)
    services.answer_question(question, by=ben, text="Yes.")
    assert services.claim_slots(queue, by=ben) == []


@pytest.mark.parametrize("note", ["", "  "])
def test_a_question_needs_text(queue: ReviewQueue, note: str) -> None:
    with pytest.raises(DomainError) as error:
        asked(queue, note=note)
    assert error.value.code == "question_missing"


def test_only_a_colleague_who_could_answer_is_asked(queue: ReviewQueue) -> None:
    stakeholder = make_member(queue.model.project, Role.STAKEHOLDER)
    with pytest.raises(DomainError) as error:
        asked(queue, asked_of=stakeholder.user_id)
    assert error.value.code == "unknown_person"


def test_a_second_answer_to_a_question_is_refused(queue: ReviewQueue) -> None:
    question, _ = asked(queue)
    ben, carla = reviewers(queue, 2, Role.ADJUDICATOR)
    services.answer_question(question, by=ben, text="No.")
    with pytest.raises(ConflictError) as error:
        services.answer_question(question, by=carla, text="Yes.")
    assert error.value.code == "already_answered"


def test_an_empty_desk_shows_the_asker_what_waits_and_others_what_to_answer(queue: ReviewQueue) -> None:
    question, _ = asked(queue)
    anna = queue.model.project.memberships.get(user=question.asked_by)
    (settler,) = reviewers(queue, 1, Role.ADJUDICATOR)
    waiting = services.why_waiting(queue, by=anna)
    assert (waiting.your_questions, waiting.snoozed_by_you, waiting.questions_for_you) == (1, 0, 0)
    waiting = services.why_waiting(queue, by=settler)
    assert (waiting.your_questions, waiting.snoozed, waiting.questions_for_you) == (0, 1, 1)
