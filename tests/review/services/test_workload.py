"""What a case costs people, small enough to do by hand."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import F
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apps.registry.models import ReviewQueue, ValueModel
from apps.review.models import ReviewItem, Slot
from apps.review.services.expecting import Seen
from apps.review.services.workload import Effort, efforts
from tests.review.factories import answer, claim, decide, judge, make_items, make_queue, reviewers, with_rules

pytestmark = pytest.mark.django_db


def effort(queue: ReviewQueue) -> Effort:
    return efforts(queue.model)[queue.pk]


def shift(queue: ReviewQueue, *, days: float) -> None:
    """Move what the queue has seen into the past."""
    past = timedelta(days=days)
    ReviewItem.objects.filter(queue=queue).update(opened_at=F("opened_at") - past, labelled_at=F("labelled_at") - past)
    Slot.objects.filter(queue=queue).update(closed_at=F("closed_at") - past)


def test_a_queue_that_nobody_has_worked_in_promises_nothing() -> None:
    # One answer a case, and by the default assumption none of a second person.
    assert effort(make_queue()) == Effort(1.0, None, None, None, None, None, people=0, days=0)


def test_a_case_takes_the_time_of_all_its_answers() -> None:
    queue = make_queue(overlap=2, gold_rate=0.1)
    make_items(queue, 2)
    for member in reviewers(queue, 2):
        for _ in range(2):
            answer(queue, member, active_ms=30_000)
    found = effort(queue)
    # Two reviews, 0.1 known cases; both reviewers agreed in both cases, so there are no second opinions.
    assert found.answers_per_case == pytest.approx(2.1)
    assert found.minutes_per_case == pytest.approx(2.1 * 0.5)
    # 4 answers on the only day
    assert (found.cases_a_day, found.hours_a_day) == pytest.approx((4 / 2.1, 4 * 0.5 / 60))
    assert (found.people, found.days) == (2, 1)


def test_second_opinions_count() -> None:
    queue = make_queue(adjudication_rate_agreed=0.25)
    make_items(queue, 1)
    (anna,) = reviewers(queue, 1)
    answer(queue, anna)
    assert effort(queue).answers_per_case == pytest.approx(1.25)


def test_both_decisions_of_a_blind_answer_take_time() -> None:
    queue = make_queue()
    make_items(queue, 1)
    (anna,) = reviewers(queue, 1)
    slot = claim(queue, anna)
    judge(slot, anna, active_ms=50_000)
    decide(slot, anna, active_ms=10_000)
    assert effort(queue).minutes_per_case == pytest.approx(1.0)


def test_answers_without_a_time_do_not_make_a_case_shorter() -> None:
    queue = make_queue()
    make_items(queue, 2)
    (anna,) = reviewers(queue, 1)
    answer(queue, anna, active_ms=60_000)
    answer(queue, anna)
    found = effort(queue)
    assert found.minutes_per_case == pytest.approx(1.0)
    assert found.hours_a_day == pytest.approx(2 / 60)


def test_capacity_is_what_the_team_did_on_its_busier_days() -> None:
    queue = make_queue()
    make_items(queue, 10)
    (anna,) = reviewers(queue, 1)
    # 4, 3, 2 and 1 answers on four days: the upper quartile is 3.25.
    for answers in (1, 2, 3, 4):
        for _ in range(answers):
            answer(queue, anna)
        shift(queue, days=1)
    found = effort(queue)
    assert (found.cases_a_day, found.hours_a_day, found.people, found.days) == (3.25, None, 1, 4)


def test_waiting_and_skipped_cases_are_not_answered_once_they_are_old_enough() -> None:
    queue = make_queue()
    make_items(queue, 4)
    (anna,) = reviewers(queue, 1)
    answer(queue, anna)
    decide(claim(queue, anna), anna, "recuse")
    shift(queue, days=1)
    make_items(queue, 2)
    # The four of yesterday; those of just now may still be answered as soon as the others were.
    assert effort(queue).answered == Seen(1, 4)
    assert effort(queue).answered_share == 0.25


def test_of_a_team_that_stopped_its_last_four_weeks_count() -> None:
    queue = make_queue()
    make_items(queue, 2)
    (anna,) = reviewers(queue, 1)
    answer(queue, anna)
    shift(queue, days=20)
    answer(queue, anna)
    shift(queue, days=40)
    found = effort(queue)
    assert found.days == 2
    make_items(queue, 1)
    answer(queue, anna)
    found = effort(queue)
    assert found.days == 1


def test_a_case_costs_the_price_of_all_its_answers() -> None:
    queue = make_queue(overlap=2)
    worth = {"no": {"no": "0", "yes": "0"}, "yes": {"no": "0", "yes": "0"}}
    fields = {"model": queue.model, "currency": "EUR", "matrix": worth}
    ValueModel.objects.create(**fields, version=1, review_cost="9")
    ValueModel.objects.create(**fields, version=2, review_cost="2.50")
    # Two reviews; the assumed one case in ten in which they disagree is settled: 2.1 answers at 2.50.
    found = effort(queue)
    assert found.cost_per_case == Decimal("5.25")
    ValueModel.objects.create(**fields, version=3, review_cost="0")
    assert effort(queue).cost_per_case is None


def test_many_queues_cost_as_many_queries_as_one(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    queue = make_queue()
    make_items(queue, 2)
    (anna,) = reviewers(queue, 1)
    answer(queue, anna, active_ms=1_000)
    with django_assert_num_queries(4):
        one = efforts(queue.model)
    for number in range(4):
        ReviewQueue.objects.create(model=queue.model, slug=f"more-{number}", name="More")
    with django_assert_num_queries(4):
        many = efforts(queue.model)
    assert len(many) == 5
    assert many[queue.pk] == one[queue.pk]


def test_the_day_is_that_of_the_project() -> None:
    queue = make_queue()
    project = queue.model.project
    project.time_zone = "Pacific/Auckland"
    project.save()
    queue = with_rules(queue)
    make_items(queue, 2)
    (anna,) = reviewers(queue, 1)
    answer(queue, anna)
    answer(queue, anna)
    # One moment before and one after yesterday's midnight in Auckland, on the same day in London.
    midnight = (
        (timezone.now() - timedelta(days=1))
        .astimezone(queue.model.zone)
        .replace(hour=0, minute=0, second=0, microsecond=0)
    )
    for slot, minutes in zip(Slot.objects.filter(queue=queue).order_by("closed_at"), (-5, 5), strict=True):
        Slot.objects.filter(pk=slot.pk).update(closed_at=midnight + timedelta(minutes=minutes))
    found = effort(queue)
    assert found.days == 2
