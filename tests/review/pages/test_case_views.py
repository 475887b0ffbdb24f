"""The pages of a case, disputes, questions and live work: who sees what, and what the buttons do."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import Membership, Role
from apps.predictions.models import CaseView
from apps.registry.models import ReviewQueue
from apps.review import services
from apps.review.models import Comment, Dispute, GoldAnswer, Mention, Question, ReviewItem, Slot
from tests.factories import make_member
from tests.review.factories import answer, claim, decide, make_items, make_queue, reviewers
from tests.review.planted import NUMBERS, PLANTED

pytestmark = pytest.mark.django_db

SECRET = "what-ben-noted"
HOSTILE = '<script>alert(1)</script>" hx-get=//x {{7*7}}'


@pytest.fixture
def queue() -> ReviewQueue:
    queue = make_queue(overlap=2)
    make_items(queue, 1, **PLANTED)
    return queue


def visit(member: Membership, name: str, *arguments: Any, status: int = 200, **query: Any) -> str:
    return _text(_client(member).get(_url(member, name, *arguments), query), status)


def send(member: Membership, name: str, *arguments: Any, status: int = 302, **fields: Any) -> str:
    return _text(_client(member).post(_url(member, name, *arguments), fields), status)


def _client(member: Membership) -> Client:
    client = Client()
    client.force_login(member.user)
    return client


def _url(member: Membership, name: str, *arguments: Any) -> str:
    return reverse(name, args=[member.project.slug, *arguments])


def _text(response: Any, status: int) -> str:
    text: str = response.getvalue().decode()
    assert response.status_code == status, text[:500]
    return text


def people(queue: ReviewQueue) -> tuple[Membership, Membership, Membership, Membership]:
    """Anna and Ben review, Carla settles, Dan is the engineer."""
    anna, ben = reviewers(queue, 2)
    return (
        anna,
        ben,
        make_member(queue.model.project, Role.ADJUDICATOR),
        make_member(queue.model.project, Role.ENGINEER),
    )


def test_a_reviewer_sees_a_case_once_it_is_answered_and_of_it_their_own_part(queue: ReviewQueue) -> None:
    anna, ben, _, _ = people(queue)
    item = ReviewItem.objects.get()
    visit(anna, "case", item.pk, status=403)
    answer(queue, anna, "no")
    answer(queue, ben, "yes", note=SECRET)
    page = visit(anna, "case", item.pk)
    assert "Not employed" in page
    assert SECRET not in page
    assert ben.user.display_name not in page
    assert "For engineers" not in page


def test_a_case_in_hand_is_judged_before_it_is_looked_up(queue: ReviewQueue) -> None:
    dan = make_member(queue.model.project, Role.ENGINEER)
    slot = claim(queue, dan)
    visit(dan, "case", slot.item_id, status=409)
    assert not CaseView.objects.exists()


def test_an_adjudicator_sees_all_answers_and_names_once_it_is_settled(queue: ReviewQueue) -> None:
    anna, ben, carla, _ = people(queue)
    item = answer(queue, anna, "no")
    assert anna.user.display_name not in visit(carla, "case", item.pk)
    answer(queue, ben, "yes", note=SECRET)
    page = visit(carla, "case", item.pk)
    assert SECRET in page
    assert ben.user.display_name not in page
    decide(claim(queue, carla), carla)
    assert ben.user.display_name in visit(carla, "case", item.pk)


def test_a_person_who_looks_a_case_up_is_not_served_it_blind(queue: ReviewQueue) -> None:
    dan = make_member(queue.model.project, Role.ENGINEER)
    visit(dan, "case", ReviewItem.objects.get().pk)
    assert CaseView.objects.get().user == dan.user
    assert services.claim_slots(queue, by=dan) == []


def test_a_case_of_another_project_does_not_exist(queue: ReviewQueue) -> None:
    stranger = make_member(make_queue().model.project, Role.OWNER)
    item = ReviewItem.objects.get()
    visit(stranger, "case", item.pk, status=404)
    send(stranger, "case_reopen", item.pk, text="Why not", status=404)
    send(stranger, "queue_live_act", queue.pk, act="take_back", slot=Slot.objects.first().pk, status=404)
    send(stranger, "queue_pause", queue.pk, status=404)


def test_a_comment_names_people_who_may_see_the_case(queue: ReviewQueue) -> None:
    anna, ben, carla, _ = people(queue)
    item = answer(queue, anna, "no")
    send(anna, "case_comment", item.pk, text=f"@{carla.user.email} @{ben.user.email} @x@y.org look {HOSTILE}")
    assert [mention.user for mention in Mention.objects.all()] == [carla.user]
    assert "Comments that mention you" in visit(carla, "questions")
    page = visit(carla, "case", item.pk)
    assert "&lt;script&gt;alert(1)" in page
    assert HOSTILE not in page
    assert "Comments that mention you" not in visit(carla, "questions")
    send(anna, "case_comment", item.pk, text=" ", status=400)
    assert Comment.objects.count() == 1


def test_an_engineer_has_a_case_judged_again_and_says_why(queue: ReviewQueue) -> None:
    anna, _, carla, dan = people(queue)
    item = answer(queue, anna, "no")
    send(carla, "case_reopen", item.pk, text="Not mine to do.", status=403)
    send(dan, "case_reopen", item.pk, text="", status=400)
    send(dan, "case_reopen", item.pk, text="The rules have changed.")
    item.refresh_from_db()
    assert item.round == 2
    assert "Round 2, under way" in visit(dan, "case", item.pk)


def test_an_engineer_makes_a_settled_case_a_known_one_and_takes_that_back(queue: ReviewQueue) -> None:
    anna, ben, _, dan = people(queue)
    item = ReviewItem.objects.get()
    send(dan, "case_gold", item.pk)
    assert not GoldAnswer.objects.exists()
    answer(queue, anna, "yes")
    answer(queue, ben, "yes")
    send(dan, "case_gold", item.pk)
    assert GoldAnswer.objects.in_use().count() == 1
    send(dan, "case_gold", item.pk)
    assert GoldAnswer.objects.in_use().count() == 0


def test_a_dispute_is_followed_by_its_reviewer_and_answered_by_an_engineer(queue: ReviewQueue) -> None:
    anna, ben, carla, dan = people(queue)
    answer(queue, anna, "no", verdict="dispute", note=HOSTILE)
    dispute = Dispute.objects.get()
    slug = queue.model.slug
    assert "No open disputes" in visit(ben, "disputes", slug)
    page = visit(anna, "disputes", slug)
    assert "an engineer may reply for the model" in page
    assert HOSTILE not in page
    assert anna.user.display_name not in visit(carla, "disputes", slug)
    assert anna.user.display_name in visit(dan, "disputes", slug)
    send(carla, "dispute_reply", dispute.pk, text="No.", status=403)
    send(dan, "dispute_reply", dispute.pk, text="", status=400)
    send(dan, "dispute_reply", dispute.pk, text="The income decides.")
    assert "The income decides." in visit(anna, "disputes", slug)
    decide(claim(queue, carla, only=services.Only.ADJUDICATION), carla, "correct", value="no")
    page = _text(_client(anna).get(_url(anna, "disputes", slug), {"state": "settled"}), 200)
    assert "settled against the model: Not employed" in page


def test_a_question_is_answered_on_a_page_without_the_prediction(queue: ReviewQueue) -> None:
    anna, ben, carla, _ = people(queue)
    decide(claim(queue, anna), anna, "escalate", note="Is this a pension?")
    question = Question.objects.get()
    assert "Is this a pension?" in visit(carla, "questions")
    assert "Nothing is waiting for you" in visit(ben, "questions")
    visit(ben, "question", question.pk, status=403)
    page = visit(carla, "question", question.pk)
    for planted in NUMBERS:
        assert planted.decode() not in page
    send(carla, "question", question.pk, text="", status=400)
    send(carla, "question", question.pk, text="No, a salary.")
    assert "No, a salary." in visit(anna, "questions")
    assert "1 question waits" not in visit(carla, "questions")


def test_live_work_shows_who_holds_what_and_takes_it_back_or_hands_it_over(queue: ReviewQueue) -> None:
    anna, ben, carla, dan = people(queue)
    slot = claim(queue, anna)
    visit(carla, "queue_live", queue.pk, status=403)
    page = visit(dan, "queue_live", queue.pk)
    assert anna.user.display_name in page
    assert "in hand" in page
    send(dan, "queue_live_act", queue.pk, act="hand_over", slot=slot.pk, to=ben.user_id)
    slot.refresh_from_db()
    assert (slot.reviewer, slot.is_reserved) == (ben.user, True)
    send(dan, "queue_live_act", queue.pk, act="hand_over", slot=slot.pk, to="nobody")
    send(dan, "queue_live_act", queue.pk, act="hand_over", slot=slot.pk)
    slot.refresh_from_db()
    assert slot.reviewer == ben.user
    send(dan, "queue_live_act", queue.pk, act="take_back", slot=slot.pk)
    slot.refresh_from_db()
    assert slot.reviewer is None
    assert "Nobody is working on a case" in visit(dan, "queue_live", queue.pk)


def test_a_queue_is_paused_and_resumed_on_its_page(queue: ReviewQueue) -> None:
    *_, dan = people(queue)
    (anna,) = reviewers(queue, 1)
    send(dan, "queue_pause", queue.pk, act="pause")
    assert "An engineer has paused this queue" in visit(anna, "queue", queue.pk)
    send(dan, "queue_pause", queue.pk, act="resume")
    queue.refresh_from_db()
    assert queue.paused_at is None


def test_the_adjudicator_reads_the_reply_for_the_model(queue: ReviewQueue) -> None:
    anna, _, carla, dan = people(queue)
    answer(queue, anna, "no", verdict="dispute", note="She works.")
    services.reply(Dispute.objects.get(), by=dan.user, text="The income decides.")
    claim(queue, carla, only=services.Only.ADJUDICATION)
    assert "The income decides." in visit(carla, "queue", queue.pk)


def test_an_answer_an_adjudicator_has_seen_leads_to_a_comment(queue: ReviewQueue) -> None:
    anna, ben, carla, _ = people(queue)
    answer(queue, anna, "no")
    item = answer(queue, ben, "yes")
    claim(queue, carla)
    slot = Slot.objects.get(reviewer=anna.user)
    page = send(anna, "slot_back", slot.pk, status=409)
    assert _url(anna, "case", item.pk) + "#comments" in page
