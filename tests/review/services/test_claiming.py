"""Claiming: which person gets which slot."""

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apps.accounts.models import Membership, Role
from apps.common.errors import ForbiddenError, LeaseLostError
from apps.registry.models import ReviewQueue
from apps.review import services
from apps.review.models import Slot
from tests.factories import make_member
from tests.review.factories import answer, claim, decide, expire, judge, make_items, make_queue, reviewers
from tests.threads import at_once

pytestmark = pytest.mark.django_db


def test_a_slot_is_claimed_under_a_lease_with_the_persons_name() -> None:
    queue = make_queue(lease_seconds=120)
    make_items(queue)
    (anna,) = reviewers(queue, 1)
    slot = claim(queue, anna)
    assert slot.reviewer == anna.user
    assert slot.lease_token is not None
    assert slot.lease_expires_at is not None
    assert timedelta(seconds=100) < slot.lease_expires_at - timezone.now() <= timedelta(seconds=120)


def test_slots_come_in_the_random_order_of_their_items() -> None:
    queue = make_queue()
    make_items(queue, 8)
    (anna,) = reviewers(queue, 1)
    served = [services.claim_slots(queue, by=anna, limit=n)[-1].order_key for n in range(1, 9)]
    assert served == sorted(served)


def test_a_second_reviewer_cannot_claim_a_claimed_slot() -> None:
    queue = make_queue()
    make_items(queue)
    anna, ben = reviewers(queue, 2)
    claim(queue, anna)
    assert services.claim_slots(queue, by=ben) == []


def test_a_reload_shows_the_same_case() -> None:
    queue = make_queue()
    make_items(queue, 3)
    (anna,) = reviewers(queue, 1)
    first = claim(queue, anna)
    again = claim(queue, anna)
    assert (again.pk, again.lease_token) == (first.pk, first.lease_token)


def test_a_person_gets_only_one_of_two_slots_of_an_item() -> None:
    queue = make_queue(overlap=2)
    make_items(queue)
    anna, ben = reviewers(queue, 2)
    assert len(services.claim_slots(queue, by=anna, limit=2)) == 1
    assert claim(queue, ben).item == claim(queue, anna).item


def test_an_expired_lease_frees_the_slot_for_others() -> None:
    queue = make_queue()
    make_items(queue)
    anna, ben = reviewers(queue, 2)
    expire(claim(queue, anna))
    assert claim(queue, ben).reviewer == ben.user


def test_a_slot_never_dies_by_attempts() -> None:
    queue = make_queue()
    make_items(queue)
    (anna,) = reviewers(queue, 1)
    Slot.objects.update(attempts=1_000)
    assert claim(queue, anna).attempts == 1_001


def test_a_claim_takes_no_slot_of_another_queue() -> None:
    queue, other = make_queue(), make_queue()
    make_items(other)
    (anna,) = reviewers(queue, 1)
    assert services.claim_slots(queue, by=anna) == []


def test_adjudications_are_served_to_adjudicators_who_did_not_review_the_case() -> None:
    queue = make_queue(adjudication_rate_agreed=1.0)
    make_items(queue)
    involved, settler = reviewers(queue, 2, Role.ADJUDICATOR)
    (anna,) = reviewers(queue, 1)
    answer(queue, involved)
    assert services.claim_slots(queue, by=anna) == []
    assert services.claim_slots(queue, by=involved) == []
    assert claim(queue, settler).is_adjudication


def test_a_claim_can_be_for_reviews_or_adjudications_only() -> None:
    queue = make_queue(adjudication_rate_agreed=1.0)
    make_items(queue, 2)
    (anna,) = reviewers(queue, 1)
    (settler,) = reviewers(queue, 1, Role.ADJUDICATOR)
    answer(queue, anna)
    assert claim(queue, settler, only=services.Only.ADJUDICATION).is_adjudication
    assert not claim(queue, settler, only=services.Only.REVIEW).is_adjudication


def test_a_heartbeat_renews_the_lease() -> None:
    queue = make_queue()
    make_items(queue)
    (anna,) = reviewers(queue, 1)
    slot = claim(queue, anna)
    expire(slot)
    held = services.hold_on(slot, by=anna, lease_token=slot.lease_token)
    assert held.lease_expires_at > timezone.now()


def test_a_heartbeat_after_somebody_else_claimed_is_refused() -> None:
    queue = make_queue()
    make_items(queue)
    anna, ben = reviewers(queue, 2)
    slot = claim(queue, anna)
    expire(slot)
    claim(queue, ben)
    with pytest.raises(LeaseLostError):
        services.hold_on(slot, by=anna, lease_token=slot.lease_token)


def test_a_slot_that_is_given_back_is_served_to_the_next_person() -> None:
    queue = make_queue()
    make_items(queue)
    anna, ben = reviewers(queue, 2)
    slot = claim(queue, anna)
    services.give_back(slot, by=anna, lease_token=slot.lease_token)
    assert claim(queue, ben).pk == slot.pk


def test_a_judged_slot_that_is_given_back_stands_as_the_answer() -> None:
    queue = make_queue()
    (item,) = make_items(queue)
    (anna,) = reviewers(queue, 1)
    slot = claim(queue, anna)
    judge(slot, anna, "no")
    services.give_back(slot, by=anna, lease_token=slot.lease_token)
    item.refresh_from_db()
    assert (item.label, item.state) == (0.0, "closed")


def test_a_former_adjudicator_cannot_settle() -> None:
    queue = make_queue(adjudication_rate_agreed=1.0)
    make_items(queue)
    (anna,) = reviewers(queue, 1)
    (settler,) = reviewers(queue, 1, Role.ADJUDICATOR)
    answer(queue, anna)
    slot = claim(queue, settler)
    settler.role = Role.REVIEWER
    with pytest.raises(ForbiddenError):
        decide(slot, settler)


def test_a_claim_is_one_statement_however_long_the_queue(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    queue = make_queue(overlap=2)
    make_items(queue, 6)
    (anna,) = reviewers(queue, 1)
    with django_assert_num_queries(1):
        claim(queue, anna)
    make_items(queue, 60)
    services.give_back(slot := claim(queue, anna), by=anna, lease_token=slot.lease_token)
    with django_assert_num_queries(1):
        assert len(services.claim_slots(queue, by=anna, limit=9)) == 9


def test_nothing_to_do_says_why() -> None:
    queue = make_queue(adjudication_rate_agreed=1.0)
    anna, ben = reviewers(queue, 2)
    assert services.why_waiting(queue, by=anna).is_empty
    make_items(queue, 3)
    answer(queue, anna)
    slot = claim(queue, anna)
    decide(slot, anna, "cannot_tell")
    claim(queue, ben)
    assert services.claim_slots(queue, by=anna) == []
    waiting = services.why_waiting(queue, by=anna)
    assert (waiting.items, waiting.leased_by_others, waiting.snoozed_by_you, waiting.done_by_you) == (3, 1, 1, 1)
    # The number of adjudications would tell a reviewer whether others answered alike.
    assert (waiting.awaiting_adjudication, waiting.for_other_reviewers) == (0, 0)
    (carla,) = reviewers(queue, 1, Role.ADJUDICATOR)
    assert services.why_waiting(queue, by=carla).awaiting_adjudication == 1


def test_the_second_slot_of_an_item_waits_for_other_reviewers() -> None:
    queue = make_queue(overlap=2)
    make_items(queue)
    (anna,) = reviewers(queue, 1)
    answer(queue, anna)
    assert services.claim_slots(queue, by=anna) == []
    assert services.why_waiting(queue, by=anna).for_other_reviewers == 1


@pytest.mark.django_db(transaction=True)
def test_reviewers_who_claim_at_once_get_different_slots() -> None:
    queue = make_queue()
    make_items(queue, 12)
    people = reviewers(queue, 12)
    slots = _claim_at_once(queue, people)
    assert len(set(slots)) == 12


def test_a_lapsed_judgement_is_closed_before_anything_is_claimed() -> None:
    queue = make_queue(adjudication_rate_agreed=1.0)
    make_items(queue)
    anna, ben = reviewers(queue, 2, Role.ADJUDICATOR)
    judge(slot := claim(queue, anna), anna)
    expire(slot)
    # Closing it opens the adjudication that the same claim then takes.
    assert claim(queue, ben).is_adjudication
    slot.refresh_from_db()
    assert slot.outcome == Slot.Outcome.ANSWERED


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("limit", [1, 2])
def test_one_person_in_many_tabs_never_gets_two_slots_of_an_item(limit: int) -> None:
    queue = make_queue(overlap=2)
    make_items(queue, 2)
    person = make_member(queue.model.project, Role.REVIEWER)
    _claim_at_once(queue, [person] * 6, limit=limit)
    items = Slot.objects.filter(reviewer=person.user).values_list("item", flat=True)
    assert len(items) == len(set(items))


def _claim_at_once(queue: ReviewQueue, people: list[Membership], *, limit: int = 1) -> list[int]:
    claims = (partial(services.claim_slots, queue, by=person, limit=limit) for person in people)
    return [slot.pk for slots in at_once(*claims) for slot in slots]
