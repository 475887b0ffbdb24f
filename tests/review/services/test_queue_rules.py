"""A queue's rules: who is asked besides, how probable a second opinion is, and in which order cases come."""

import pytest

from apps.registry.models import ReviewQueue
from apps.review import services
from apps.review.models import ReviewItem, Slot
from apps.sampling.services.randomness import permanent_number
from tests.review.factories import answer, claim, make_items, make_queue, reviewers, with_rules

pytestmark = pytest.mark.django_db


def test_where_two_disagree_a_third_is_asked_before_an_adjudicator() -> None:
    queue = with_rules(make_queue(overlap=2), is_extra_reviewer_asked=True, adjudication_rate_disagreed=0.0)
    make_items(queue)
    anna, ben, carla = reviewers(queue, 3)
    answer(queue, anna, "no")
    item = answer(queue, ben, "yes")
    assert (item.state, item.label, item.slots.count()) == ("open", None, 3)
    item = answer(queue, carla, "yes")
    assert (item.label, item.state, item.adjudication_probability) == (1.0, "closed", 0.0)


@pytest.mark.slow
def test_a_majority_against_others_is_adjudicated_with_the_queues_probability() -> None:
    queue = with_rules(make_queue(overlap=3), adjudication_rate_disagreed=0.5)
    make_items(queue, 12)
    for member, value in zip(reviewers(queue, 3), ("no", "yes", "no"), strict=True):
        for _ in range(12):
            answer(queue, member, value)
    chosen = 0
    for item in ReviewItem.objects.select_related("prediction"):
        number = permanent_number(bytes(queue.model.salt), item.prediction.external_id, "adjudication")
        assert (item.label, item.adjudication_probability) == (0.0, 0.5)
        assert item.is_adjudication_chosen == (number < 0.5)
        chosen += item.is_adjudication_chosen
    assert 0 < chosen < 12


def test_without_a_majority_a_case_is_adjudicated_for_certain() -> None:
    queue = with_rules(make_queue(overlap=2), adjudication_rate_disagreed=0.0)
    make_items(queue)
    anna, ben = reviewers(queue, 2)
    answer(queue, anna, "no")
    item = answer(queue, ben, "yes")
    assert (item.state, item.adjudication_probability) == ("adjudicating", 1.0)


def test_with_nobody_else_to_ask_an_adjudicator_is() -> None:
    queue = with_rules(make_queue(overlap=2), is_extra_reviewer_asked=True)
    make_items(queue)
    anna, ben = reviewers(queue, 2)
    answer(queue, anna, "no")
    assert answer(queue, ben, "yes").state == "adjudicating"


@pytest.mark.parametrize(("amount", "slots"), [(999, 1), (1_000, 2), (None, 1)])
def test_much_at_stake_takes_two_people(amount: int | None, slots: int) -> None:
    queue = with_rules(make_queue(), four_eyes_amount=1_000)
    (item,) = make_items(queue, 1, **({} if amount is None else {"amount": amount}))
    assert item.slots.count() == slots


def served(queue: ReviewQueue) -> list[str]:
    (anna,) = reviewers(queue, 1)
    slots = services.claim_slots(queue, by=anna, limit=9)
    return [slot.item.prediction.external_id for slot in slots]


def test_most_at_stake_comes_first_where_the_queue_says_so() -> None:
    queue = with_rules(make_queue(), order=ReviewQueue.Order.STAKES)
    sure = {"score": 0.99, "probabilities": {"no": 0.01, "yes": 0.99}}
    unsure = {"score": 0.6, "probabilities": {"no": 0.4, "yes": 0.6}}
    make_items(queue, 1, amount=1_000, **sure)  # 10
    make_items(queue, 1, amount=500, **unsure)  # 200
    make_items(queue, 1, amount=100, **unsure)  # 40
    assert served(queue) == ["case-4", "case-7", "case-1"]


def test_the_oldest_comes_first_where_the_queue_says_so() -> None:
    queue = with_rules(make_queue(), order=ReviewQueue.Order.DUE, due_hours=8)
    for _ in range(4):
        make_items(queue, 1)
    assert served(queue) == ["case-1", "case-4", "case-7", "case-10"]
    first = ReviewItem.objects.order_by("pk")[0]
    assert first.due_at is not None
    assert round((first.due_at - first.opened_at).total_seconds()) == 8 * 3_600


def test_a_change_of_order_holds_for_what_is_open_and_is_remembered() -> None:
    queue = make_queue()
    for amount in (10, 1_000, 100):
        make_items(queue, 1, amount=amount)
    (anna,) = reviewers(queue, 1)
    answer(queue, anna)
    queue = with_rules(queue, order=ReviewQueue.Order.STAKES)
    assert services.rekey(queue) == 2
    left = [slot.item for slot in Slot.objects.unfinished().order_by("order_key").select_related("item__prediction")]
    assert left[0].prediction.amount > left[1].prediction.amount
    assert {item.order for item in left} == {"stakes"}
    assert ReviewItem.objects.get(state="closed").order == "random"
    queue = with_rules(queue, order=ReviewQueue.Order.RANDOM)
    services.rekey(queue)
    # What is left of a queue once served by a rule is no random part of it.
    assert set(ReviewItem.objects.exclude(state="closed").values_list("order", flat=True)) == {"stakes"}
    keys = Slot.objects.unfinished().values_list("order_key", flat=True)
    assert all(0 <= key < 1 for key in keys)
    assert claim(queue, anna)
