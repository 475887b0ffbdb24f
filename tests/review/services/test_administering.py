"""Managing live work; the audit record keeps each act."""

import pytest

from apps.accounts.models import Membership, Role
from apps.audit.models import Entry
from apps.common.errors import ConflictError, DomainError, ForbiddenError, LeaseLostError
from apps.predictions.models import CaseView
from apps.predictions.services import sightings
from apps.registry.models import ReviewQueue
from apps.review import services
from apps.review.models import Decision, ReviewItem, Slot
from apps.truth.models import Resolution
from apps.truth.services import resolving as truth
from tests.factories import make_member
from tests.review.factories import answer, claim, decide, judge, make_items, make_queue, reviewers

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue() -> ReviewQueue:
    queue = make_queue()
    make_items(queue)
    return queue


@pytest.fixture
def engineer(queue: ReviewQueue) -> Membership:
    return make_member(queue.model.project, Role.ENGINEER)


def acts() -> list[str]:
    """Return the acts of people; nobody set up the queue itself."""
    return list(Entry.objects.exclude(actor_id=None).order_by("number").values_list("act", flat=True))


def test_a_case_taken_back_is_for_anybody_and_its_holder_learns_of_it(queue: ReviewQueue, engineer: Membership) -> None:
    anna, ben = reviewers(queue, 2)
    slot = claim(queue, anna)
    services.release(slot, by=engineer.user)
    assert claim(queue, ben).pk == slot.pk
    with pytest.raises(LeaseLostError):
        judge(slot, anna)
    assert acts() == ["slot.released"]


def test_a_first_answer_stands_when_its_case_is_taken_back(queue: ReviewQueue, engineer: Membership) -> None:
    (anna,) = reviewers(queue, 1)
    slot = claim(queue, anna)
    judge(slot, anna, "no")
    services.release(slot, by=engineer.user)
    slot.item.refresh_from_db()
    assert (slot.item.label, slot.item.state) == (0.0, "closed")


def test_a_case_nobody_holds_cannot_be_taken_back(queue: ReviewQueue, engineer: Membership) -> None:
    with pytest.raises(ConflictError):
        services.release(Slot.objects.get(), by=engineer.user)


def test_a_case_is_kept_for_the_person_it_is_handed_to(queue: ReviewQueue, engineer: Membership) -> None:
    anna, ben, carla = reviewers(queue, 3)
    slot = claim(queue, anna)
    services.reassign(slot, to=ben, by=engineer.user)
    assert services.claim_slots(queue, by=anna) == services.claim_slots(queue, by=carla) == []
    assert claim(queue, ben).pk == slot.pk
    assert acts() == ["slot.reassigned"]


def test_a_case_that_is_put_back_after_it_was_handed_over_is_for_anybody(
    queue: ReviewQueue, engineer: Membership
) -> None:
    anna, ben = reviewers(queue, 2)
    services.reassign(Slot.objects.get(), to=anna, by=engineer.user)
    slot = claim(queue, anna)
    services.give_back(slot, by=anna, lease_token=slot.lease_token)
    assert claim(queue, ben).pk == slot.pk


def test_nobody_is_handed_a_case_that_they_had_or_saw_or_may_not_judge(
    queue: ReviewQueue, engineer: Membership
) -> None:
    slot = Slot.objects.get()
    (ben,) = reviewers(queue, 1)
    CaseView.objects.create(prediction=slot.item.prediction, user=ben.user, place="case")
    with pytest.raises(ConflictError, match="has seen"):
        services.reassign(slot, to=ben, by=engineer.user)
    stakeholder = make_member(queue.model.project, Role.STAKEHOLDER)
    for nobody in (stakeholder, make_member(make_queue().model.project)):
        with pytest.raises(ForbiddenError):
            services.reassign(slot, to=nobody, by=engineer.user)
    assert acts() == []


def test_a_paused_queue_hands_nothing_out_and_takes_what_is_in_hand(queue: ReviewQueue, engineer: Membership) -> None:
    make_items(queue, 2)
    anna, ben = reviewers(queue, 2)
    slot = claim(queue, anna)
    services.pause(queue, by=engineer.user)
    services.pause(queue, by=engineer.user)
    queue.refresh_from_db()
    assert services.claim_slots(queue, by=ben) == []
    assert [each.pk for each in services.claim_slots(queue, by=anna, limit=3)] == [slot.pk]
    assert services.why_waiting(queue, by=ben).is_paused
    judge(slot, anna)
    decide(slot, anna)
    services.resume(queue, by=engineer.user)
    queue.refresh_from_db()
    assert len(services.claim_slots(queue, by=ben, limit=3)) == 2
    assert acts() == ["queue.paused", "queue.resumed"]


def test_a_case_is_judged_again_in_a_new_round(queue: ReviewQueue, engineer: Membership) -> None:
    anna, ben = reviewers(queue, 2)
    item = answer(queue, anna, "no")
    truth.resolve_due()
    services.reopen_item(item, by=engineer.user, why="The guidelines have changed.")
    truth.resolve_due()
    item.refresh_from_db()
    assert (item.round, item.state, item.label, item.adjudication_probability) == (2, "open", None, None)
    assert Resolution.objects.order_by("-seq")[0].source == "nothing"
    assert services.claim_slots(queue, by=anna) == []  # she has seen the reveal
    again = answer(queue, ben, "yes")
    truth.resolve_due()
    assert (again.label, again.state) == (1.0, "closed")
    assert Resolution.objects.order_by("-seq")[0].truth == 1.0
    assert Decision.objects.count() == 4  # both rounds stay
    assert acts() == ["item.reopened"]


def test_a_new_round_is_for_an_adjudicator_if_everybody_has_seen_the_case(queue: ReviewQueue) -> None:
    (anna,), (dan,) = reviewers(queue, 1), reviewers(queue, 1, Role.ENGINEER)
    item = answer(queue, anna, "no")
    sightings.note([item.prediction_id], dan.user, sightings.Place.CASE)
    services.reopen_item(item, by=dan.user, why="The guidelines have changed.")
    slot = claim(queue, dan)
    assert (slot.round, slot.is_adjudication, slot.item.adjudication_reason) == (2, True, "nobody_left")


def test_a_new_round_withdraws_what_was_open(engineer: Membership, queue: ReviewQueue) -> None:
    (anna,) = reviewers(queue, 1)
    slot = claim(queue, anna)
    services.reopen_item(slot.item, by=engineer.user, why="Wrong queue.")
    with pytest.raises(LeaseLostError):
        judge(slot, anna)
    assert claim(queue, anna).round == 2


def test_a_new_round_needs_a_reason(engineer: Membership, queue: ReviewQueue) -> None:
    with pytest.raises(DomainError):
        services.reopen_item(ReviewItem.objects.get(), by=engineer.user, why=" ")


def test_a_case_opened_elsewhere_is_not_served_blind(queue: ReviewQueue) -> None:
    anna, ben = reviewers(queue, 2)
    CaseView.objects.create(prediction=ReviewItem.objects.get().prediction, user=anna.user, place="case")
    assert services.claim_slots(queue, by=anna) == []
    assert claim(queue, ben)


def test_a_shown_case_opened_elsewhere_is_served() -> None:
    queue = make_queue(blind=False)
    (item,) = make_items(queue)
    (anna,) = reviewers(queue, 1)
    CaseView.objects.create(prediction=item.prediction, user=anna.user, place="case")
    assert claim(queue, anna).item == item
