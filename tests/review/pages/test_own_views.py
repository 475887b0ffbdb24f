"""A person's own list, and their goal for a day."""

import csv
from typing import Any

import pytest

from apps.accounts.models import Membership, Role
from apps.registry.models import ReviewQueue
from apps.review.models import Slot
from apps.review.services import answer_question
from tests.review.factories import answer, claim, decide, judge, make_items, make_queue, reviewers
from tests.review.pages.test_case_views import send, visit

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue() -> ReviewQueue:
    made = make_queue()
    make_items(made, 6)
    return made


def listed(member: Membership, kind: str, **query: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(visit(member, "own_list_csv", kind=kind, **query).splitlines()))


def test_each_kind_lists_a_persons_own_cases(queue: ReviewQueue) -> None:
    anna, ben = reviewers(queue, 2)
    (carla,) = reviewers(queue, 1, Role.ADJUDICATOR)
    answered = answer(queue, anna, "no")
    put_off = claim(queue, anna)
    decide(put_off, anna, "cannot_tell", note="Waits for the contract")
    asked = claim(queue, anna)
    question = decide(asked, anna, "escalate", note="Is this a wage?").question
    wrong = claim(queue, anna)
    decide(wrong, anna, "wrong_data", note="The age is missing")
    answer(queue, ben, "yes")
    found = {kind: listed(anna, kind) for kind in ("answered", "put_off", "asked", "wrong_data")}
    assert {kind: [row["case"] for row in rows] for kind, rows in found.items()} == {
        "answered": [answered.prediction.external_id],
        "put_off": [put_off.item.prediction.external_id],
        "asked": [asked.item.prediction.external_id],
        "wrong_data": [wrong.item.prediction.external_id],
    }
    assert (found["answered"][0]["said"], found["put_off"][0]["note"]) == ("Not employed", "Waits for the contract")
    assert found["put_off"][0]["state"].startswith("Comes back ")
    answer_question(question, by=carla, text="Yes, monthly.")
    assert listed(anna, "asked")[0]["state"] == "Answered: Yes, monthly."
    assert "Waits for the contract" in visit(anna, "own_list", kind="put_off")


def test_the_list_is_searched_by_id_and_by_note(queue: ReviewQueue) -> None:
    (anna,) = reviewers(queue, 1)
    first = answer(queue, anna, "no", note="Odd wage")
    second = answer(queue, anna, "no")
    assert [row["note"] for row in listed(anna, "answered", text="odd")] == ["Odd wage"]
    rows = listed(anna, "answered", text=second.prediction.external_id)
    assert second.prediction.external_id in {row["case"] for row in rows}
    assert "None of these cases has" in visit(anna, "own_list", text="nowhere to be found")
    assert first.prediction.external_id in visit(anna, "own_list", kind="nonsense")


def test_an_answer_that_does_not_count_looks_like_any_other(queue: ReviewQueue) -> None:
    (anna,) = reviewers(queue, 1)
    item = answer(queue, anna, "no")
    before = listed(anna, "answered")
    Slot.objects.filter(item=item).update(outcome=Slot.Outcome.SEEN)
    assert listed(anna, "answered") == before


def test_an_earlier_answer_is_not_listed_while_the_same_case_waits_for_a_judgement(queue: ReviewQueue) -> None:
    (anna,) = reviewers(queue, 1)
    item = answer(queue, anna, "no")
    again = claim(queue, anna)
    Slot.objects.filter(pk=again.pk).update(item=item, round=2)
    assert listed(anna, "answered") == []
    judge(Slot.objects.get(pk=again.pk), anna, "no")
    assert len(listed(anna, "answered")) == 1


def test_a_goal_counts_todays_answers_in_all_queues(queue: ReviewQueue) -> None:
    (anna,) = reviewers(queue, 1)
    answer(queue, anna)
    send(anna, "own_goal", answers="0")
    assert "of 200" not in visit(anna, "own_list")
    send(anna, "own_goal", answers="200")
    assert "1</b> of 200 answered today" in visit(anna, "own_list")
    assert "1 of 200" in visit(anna, "queue", queue.pk)
    send(anna, "own_goal", answers="")
    anna.refresh_from_db()
    assert anna.daily_goal is None
