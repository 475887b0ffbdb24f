"""The parts of an answer beside its value: wrong features, the person asked, precedents."""

from typing import Any

import pytest

from apps.accounts.models import Role
from apps.common.errors import DomainError
from apps.registry.models import ReviewQueue
from apps.review.models import Decision, ReviewItem
from apps.review.services import Only
from tests.factories import make_member
from tests.review.factories import answer, claim, decide, make_items, make_queue, reviewers

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue() -> ReviewQueue:
    queue = make_queue(blind=False)
    make_items(queue, 3, features={"age": 40, "sex": 1, "surprise": "x"})
    return queue


def refused(queue: ReviewQueue, verdict: str, role: Role = Role.REVIEWER, **said: Any) -> str:
    """Return the code of the refusal; nothing is stored."""
    member = make_member(queue.model.project, role)
    with pytest.raises(DomainError) as error:
        decide(claim(queue, member), member, verdict, **said)
    assert not Decision.objects.filter(reviewer=member.user).exists()
    return error.value.code


# Wrong data


def test_wrong_features_are_stored_each_with_its_problem(queue: ReviewQueue) -> None:
    (anna,) = reviewers(queue, 1)
    marked = (("age", "stale"), ("surprise", "misread"))
    decision = decide(claim(queue, anna), anna, "wrong_data", wrong_features=marked)
    decision.refresh_from_db()
    assert decision.wrong_features == [
        {"feature": "age", "problem": "stale"},
        {"feature": "surprise", "problem": "misread"},
    ]


def test_a_declared_feature_that_was_not_sent_can_be_missing() -> None:
    queue = make_queue(blind=False)
    make_items(queue, features={"age": 40})
    (anna,) = reviewers(queue, 1)
    decision = decide(claim(queue, anna), anna, "wrong_data", wrong_features=(("sex", "missing"),))
    assert decision.wrong_features == [{"feature": "sex", "problem": "missing"}]


def test_wrong_data_needs_a_feature_or_a_note(queue: ReviewQueue) -> None:
    assert refused(queue, "wrong_data", note="  ") == "problem_missing"
    (anna,) = reviewers(queue, 1)
    assert decide(claim(queue, anna), anna, "wrong_data", note="All of it").wrong_features == []


def test_an_unknown_feature_or_problem_is_refused(queue: ReviewQueue) -> None:
    assert refused(queue, "wrong_data", wrong_features=(("income", "stale"),)) == "unknown_feature"
    assert refused(queue, "wrong_data", wrong_features=(("age", "odd"),)) == "unknown_problem"


def test_only_wrong_data_marks_features(queue: ReviewQueue) -> None:
    assert refused(queue, "skip", wrong_features=(("age", "stale"),)) == "wrong_features_unexpected"


# Questions


def test_a_question_needs_text(queue: ReviewQueue) -> None:
    assert refused(queue, "escalate", note=" \n") == "question_missing"


def test_a_question_is_for_a_member_who_may_answer(queue: ReviewQueue) -> None:
    (stranger,) = reviewers(make_queue(), 1)
    onlooker = make_member(queue.model.project, Role.STAKEHOLDER)
    robot = make_member(queue.model.project, Role.ADJUDICATOR, is_simulated=True)
    for person in (stranger, onlooker, robot):
        assert refused(queue, "escalate", note="A pension?", asked_of=person.user_id) == "unknown_person"


def test_nobody_asks_themselves(queue: ReviewQueue) -> None:
    (anna,) = reviewers(queue, 1)
    with pytest.raises(DomainError) as error:
        decide(claim(queue, anna), anna, "escalate", note="A pension?", asked_of=anna.user_id)
    assert error.value.code == "unknown_person"


def test_a_colleague_may_be_asked(queue: ReviewQueue) -> None:
    anna, ben = reviewers(queue, 2)
    decision = decide(claim(queue, anna), anna, "escalate", note="A pension?", asked_of=ben.user_id)
    assert (decision.verdict, decision.note) == ("escalate", "A pension?")


def test_only_a_question_names_a_person(queue: ReviewQueue) -> None:
    (ben,) = reviewers(queue, 1)
    assert refused(queue, "skip", asked_of=ben.user_id) == "person_unexpected"


# Precedents


def disputed(queue: ReviewQueue) -> ReviewItem:
    (anna,) = reviewers(queue, 1)
    slot = claim(queue, anna)
    decide(slot, anna, "dispute", value="no", note="Retired")
    return slot.item


@pytest.mark.parametrize("is_precedent", [True, False])
def test_a_settled_case_is_a_precedent_if_the_adjudicator_says_so(queue: ReviewQueue, is_precedent: bool) -> None:
    item = disputed(queue)
    (settler,) = reviewers(queue, 1, Role.ADJUDICATOR)
    decide(claim(queue, settler, only=Only.ADJUDICATION), settler, "agree", is_precedent=is_precedent)
    item.refresh_from_db()
    assert (item.adjudicated, item.is_precedent) == (1.0, is_precedent)


def test_a_review_makes_no_precedent(queue: ReviewQueue) -> None:
    assert refused(queue, "agree", is_precedent=True) == "not_a_settlement"


def test_an_answer_that_settles_nothing_makes_no_precedent() -> None:
    queue = make_queue(overlap=2)
    make_items(queue)
    for member, value in zip(reviewers(queue, 2), ("no", "yes"), strict=True):
        answer(queue, member, value)
    assert refused(queue, "skip", Role.ADJUDICATOR, is_precedent=True) == "not_a_settlement"
