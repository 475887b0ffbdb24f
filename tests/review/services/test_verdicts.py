"""Held decisions: one answer for all who ask, people's or the default; held cases come first."""

import threading
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from apps.accounts.models import Membership, Role
from apps.common.errors import NotFoundError
from apps.predictions.models import Hold, Prediction
from apps.registry.models import ReviewQueue
from apps.review import services
from apps.review.models import ReviewItem, Slot
from apps.review.services import verdicts
from apps.sampling.models import Draw
from apps.sampling.services import policies
from tests.factories import draw_all, make_member, make_model, prediction_row, push_predictions
from tests.review.factories import answer, claim, decide, judge, make_queue, reviewers, row

pytestmark = pytest.mark.django_db


def held_queue(n: int = 1, *, minutes: float = 10, others: int = 0, **changes: Any) -> ReviewQueue:
    """A queue with held cases, and others that were drawn."""
    queue = make_queue()
    until = (timezone.now() + timedelta(minutes=minutes)).isoformat()
    rows = [row(3 * number + 1) for number in range(others)]
    rows += [row(3 * number + 1, hold_until=until, **changes) for number in range(others, others + n)]
    push_predictions(queue.model, rows)
    draw_all(queue.model)
    services.open_due_items()
    return queue


def ask(number: int = 1) -> tuple[str, float | None]:
    hold = verdicts.verdict(Prediction.objects.get(external_id=f"case-{number}"))
    return hold.source, hold.answer


def end_holds(at: datetime | None = None) -> None:
    Hold.objects.update(until=at or timezone.now() - timedelta(seconds=1))


def test_people_answer_in_time_and_the_answer_stays() -> None:
    queue = held_queue(hold_default="yes")
    (anna,) = reviewers(queue, 1)
    assert ask() == ("", None)
    answer(queue, anna, "no")
    assert ask() == ("human", 0.0)
    end_holds()
    assert ask() == ("human", 0.0)


def test_the_default_counts_when_the_time_is_over_whatever_people_say_later() -> None:
    queue = held_queue(hold_default="no")
    (anna,) = reviewers(queue, 1)
    end_holds()
    assert ask() == ("default", 0.0)
    answer(queue, anna, "yes")
    assert ask() == ("default", 0.0)


def test_an_answer_in_time_counts_for_a_caller_who_asks_later() -> None:
    queue = held_queue(hold_default="yes")
    (anna,) = reviewers(queue, 1)
    answer(queue, anna, "no")
    end_holds(timezone.now())
    assert ask() == ("human", 0.0)


def test_an_answer_after_the_end_does_not_count_although_nobody_asked_before() -> None:
    queue = held_queue(hold_default="yes")
    (anna,) = reviewers(queue, 1)
    end_holds()
    answer(queue, anna, "no")
    assert ask() == ("default", 1.0)


def test_without_a_default_the_model_is_right() -> None:
    held_queue()
    end_holds()
    assert ask() == ("default", 1.0)


def test_a_case_that_an_adjudicator_has_to_settle_is_not_settled_yet() -> None:
    queue = held_queue(hold_default="yes")
    (anna,) = reviewers(queue, 1)
    answer(queue, anna, "no", verdict="dispute", note="Paid.")
    assert ask() == ("", None)
    boss = make_member(queue.model.project, Role.ADJUDICATOR)
    decide(claim(queue, boss), boss, "correct", value="no")
    assert ask() == ("human", 0.0)


def test_what_nobody_will_be_asked_about_is_answered_at_once() -> None:
    model = make_model()
    policies.put_document(model, {"floor": 1e-6})
    until = (timezone.now() + timedelta(hours=1)).isoformat()
    push_predictions(model, [prediction_row(1, hold_until=until, hold_default="yes")])
    assert ask() == ("", None)
    draw_all(model)
    assert ask() == ("default", 1.0)


def test_a_prediction_without_a_hold_has_no_verdict() -> None:
    model = make_model()
    push_predictions(model, [prediction_row(1)])
    with pytest.raises(NotFoundError, match="hold_until"):
        ask()


def test_must_review_draws_all_that_meet_its_condition() -> None:
    model = make_model()
    must = {"name": "large", "kind": "must_review", "condition": {"field": "amount", "op": "ge", "value": 100}}
    policies.put_document(model, {"floor": 1e-6, "policies": [must | {"rate": 1.0, "queue": "main", "rank": 1}]})
    push_predictions(model, [prediction_row(number, amount=50.0 * number) for number in range(5)])
    draw_all(model)
    drawn = Draw.objects.values_list("prediction__external_id", "inclusion_probability")
    assert dict(drawn) == {f"case-{number}": 1.0 for number in (2, 3, 4)}


def test_held_cases_come_first_and_leave_the_order_of_the_others() -> None:
    queue = held_queue(5, others=20)
    plain = Slot.objects.filter(item__prediction__hold=None).order_by("order_key")
    before = list(plain.values_list("pk", "order_key"))
    (anna,) = reviewers(queue, 1)
    first = [answer(queue, anna).prediction.external_id for _ in range(5)]
    assert set(first) == set(Hold.objects.values_list("prediction__external_id", flat=True))
    assert list(plain.values_list("pk", "order_key")) == before
    assert [key for _, key in before] == sorted(key for _, key in before)
    assert all(0 <= key < 1 for _, key in before)
    assert claim(queue, anna).pk == before[0][0]


def test_the_most_urgent_comes_first() -> None:
    queue = held_queue(2)
    late = Prediction.objects.get(external_id="case-1")
    Hold.objects.filter(prediction=late).update(until=timezone.now() + timedelta(days=2))
    services.rekey(queue)
    (anna,) = reviewers(queue, 1)
    assert claim(queue, anna).item.prediction.external_id == "case-4"
    assert ReviewItem.objects.get(prediction__external_id="case-4").due_at is not None


def test_a_case_whose_hold_is_over_waits_among_the_others() -> None:
    held_queue(1, others=30)
    end_holds()
    assert verdicts.end_due() == 1
    assert verdicts.end_due() == 0
    slot = Slot.objects.get(item__prediction__hold__isnull=False)
    assert 0 <= slot.order_key < 1


class Rush:
    """Reviewers at work on held cases while callers ask for their verdicts."""

    def __init__(self, queue: ReviewQueue, cases: list[str]) -> None:
        self.queue, self.cases = queue, cases
        self.given: dict[str, set[tuple[str, float | None]]] = {case: set() for case in cases}
        self.is_over, self.lock = threading.Event(), threading.Lock()

    def review(self, member: Membership) -> None:
        try:
            for _ in range(10):
                for slot in services.claim_slots(self.queue, by=member):
                    judge(slot, member, "no")
                    decide(slot, member, "correct", value="no")
        finally:
            connections.close_all()

    def call(self, cases: list[str]) -> None:
        try:
            while not self.is_over.is_set():
                for case in cases:
                    self.ask(case)
        finally:
            connections.close_all()

    def ask(self, case: str) -> None:
        hold = verdicts.verdict(Prediction.objects.get(external_id=case))
        if hold.is_answered:
            with self.lock:
                self.given[case].add((hold.source, hold.answer))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("cases", "people"), [(40, 4), pytest.param(200, 20, marks=pytest.mark.slow)])
def test_held_cases_have_one_answer_each_for_all_who_ask(cases: int, people: int) -> None:
    """Reviewers work while callers ask, and the time of half of the cases runs out meanwhile."""
    queue = held_queue(cases, hold_default="yes")
    rush = Rush(queue, [f"case-{3 * number + 1}" for number in range(cases)])
    work = [threading.Thread(target=rush.review, args=(member,)) for member in reviewers(queue, people)]
    callers = [threading.Thread(target=rush.call, args=(rush.cases[start % 4 :: 4],)) for start in range(8)]
    for thread in [*callers, *work]:
        thread.start()
    soon = timezone.now() + timedelta(seconds=1)
    Hold.objects.filter(prediction__external_id__in=rush.cases[::2]).update(until=soon)
    for thread in work:
        thread.join()
    end_holds(timezone.now())
    verdicts.end_due()
    rush.is_over.wait(0.5)
    rush.is_over.set()
    for thread in callers:
        thread.join()
    for case in rush.cases:
        rush.ask(case)
    assert Counter(len(answers) for answers in rush.given.values()) == {1: cases}
    answers = Counter(answer for each in rush.given.values() for answer in each)
    assert set(answers) <= {("human", 0.0), ("default", 1.0)}
    assert answers["human", 0.0] > 0
