"""Going back to one's own answer: what it replaces, what it leaves, and when it is too late."""

from uuid import uuid4

import pytest

from apps.accounts.models import Membership, Role
from apps.common.errors import ConflictError
from apps.registry.models import ReviewQueue
from apps.review import services
from apps.review.models import Decision, ReviewItem, Slot, Verdict
from apps.review.services import Answer
from tests.pages import shown
from tests.review.factories import answer, claim, decide, make_items, make_queue, reviewers
from tests.review.people import Person

pytestmark = pytest.mark.django_db


def amend(slot: Slot, member: Membership, verdict: str, **changes: object) -> Decision:
    last = slot.decisions.order_by("-id").first()
    assert last is not None
    said = Answer(verdict=Verdict(verdict), **changes)  # type: ignore[arg-type]  # each test gives fields of their own types
    return services.amend(slot, by=member, lease_token=uuid4(), supersedes=last.pk, answer=said)


def answered(queue: ReviewQueue, member: Membership, value: str = "yes") -> Slot:
    item = answer(queue, member, value)
    return Slot.objects.get(item=item, reviewer=member.user)


def test_a_changed_answer_to_a_shown_case_counts_from_then_on() -> None:
    queue = make_queue(blind=False)
    make_items(queue)
    (anna,) = reviewers(queue, 1)
    slot = answered(queue, anna, "yes")
    assert services.go_back(slot, by=anna).closed_at is not None
    assert ReviewItem.objects.get().label == 1.0
    amend(slot, anna, "correct", value="no")
    item = ReviewItem.objects.get()
    assert (item.label, item.state, item.needs_resolution) == (0.0, "closed", True)
    assert Decision.objects.count() == 2


def test_the_first_answer_of_a_blind_case_is_never_replaced() -> None:
    queue = make_queue()
    make_items(queue)
    (anna,) = reviewers(queue, 1)
    slot = answered(queue, anna, "no")
    amend(slot, anna, "agree")
    assert ReviewItem.objects.get().label == 0.0
    assert list(Decision.objects.order_by("id").values_list("value", flat=True)) == [0.0, 0.0, 1.0]


def test_a_change_sent_twice_counts_once_and_one_from_an_old_page_is_refused() -> None:
    queue = make_queue(blind=False)
    make_items(queue)
    (anna,) = reviewers(queue, 1)
    slot = answered(queue, anna)
    last, token = slot.decisions.get(), uuid4()
    said = Answer(verdict=Verdict.CORRECT, value="no")
    first, again = (services.amend(slot, by=anna, lease_token=token, supersedes=last.pk, answer=said) for _ in range(2))
    assert first == again
    with pytest.raises(ConflictError, match="elsewhere"):
        services.amend(slot, by=anna, lease_token=uuid4(), supersedes=last.pk, answer=said)


def test_what_an_adjudicator_has_had_in_hand_stays() -> None:
    queue = make_queue(blind=False)
    make_items(queue)
    anna, ben = reviewers(queue, 1)[0], reviewers(queue, 1, Role.ADJUDICATOR)[0]
    slot = claim(queue, anna)
    decide(slot, anna, "dispute", value="no", note="Look at the age")
    services.go_back(slot, by=anna)
    claim(queue, ben)
    with pytest.raises(ConflictError, match="adjudicator"):
        services.go_back(slot, by=anna)
    with pytest.raises(ConflictError, match="adjudicator"):
        amend(slot, anna, "agree")


def test_a_skipped_case_comes_back_while_nobody_has_taken_it_up() -> None:
    queue = make_queue()
    make_items(queue)
    anna, ben = reviewers(queue, 2)
    slot = claim(queue, anna)
    decide(slot, anna, "skip")
    back = services.go_back(slot, by=anna)
    assert claim(queue, anna).pk == back.pk
    assert not services.claim_slots(queue, by=ben)
    answer(queue, anna, "no")
    assert ReviewItem.objects.get().label == 0.0


def test_a_skipped_case_that_somebody_has_taken_up_does_not() -> None:
    queue = make_queue()
    make_items(queue)
    anna, ben = reviewers(queue, 2)
    slot = claim(queue, anna)
    decide(slot, anna, "skip")
    claim(queue, ben)
    with pytest.raises(ConflictError, match="Somebody else"):
        services.go_back(slot, by=anna)


def test_a_case_that_was_put_off_comes_back_at_once() -> None:
    queue = make_queue()
    make_items(queue)
    (anna,) = reviewers(queue, 1)
    slot = claim(queue, anna)
    decide(slot, anna, "cannot_tell")
    assert services.claim_slots(queue, by=anna) == []
    services.go_back(slot, by=anna)
    assert claim(queue, anna).pk == slot.pk


def test_nobody_goes_back_to_the_answer_of_another() -> None:
    queue = make_queue(overlap=2)
    make_items(queue)
    anna, ben = reviewers(queue, 2)
    slot = answered(queue, anna)
    with pytest.raises(ConflictError):
        services.go_back(slot, by=ben)
    with pytest.raises(ConflictError):
        amend(slot, ben, "agree")


def test_a_judgement_that_was_left_offline_is_the_whole_answer_however_often_it_comes() -> None:
    queue = make_queue()
    make_items(queue)
    anna = Person(queue)
    anna.look()
    slot = anna.slot
    for _ in range(2):
        assert anna.say("class:0", slot=slot, phase="judge", leave="on").status_code == 200
    item = ReviewItem.objects.get()
    assert (item.label, item.state, Decision.objects.count()) == (0.0, "closed", 1)


def test_a_first_answer_that_is_sent_again_is_not_taken_for_the_second() -> None:
    queue = make_queue()
    make_items(queue)
    anna = Person(queue)
    anna.look()
    slot = anna.slot
    for _ in range(2):
        page = shown(anna.say("class:0", slot=slot, phase="judge"))
        assert "Keep: " in page
    assert Decision.objects.get().is_judgement


def test_answers_kept_in_a_browser_are_not_sent_by_somebody_else() -> None:
    queue = make_queue()
    make_items(queue)
    anna, ben = Person(queue), Person(queue)
    anna.look()
    refused = ben.say("class:0", slot=anna.slot, reviewer=anna.member.user.pk)
    assert (refused.status_code, b"another_person" in refused.content) == (403, True)
    assert not Decision.objects.exists()


def test_the_page_of_an_answer_once_more_replaces_it() -> None:
    queue = make_queue()
    make_items(queue)
    anna = Person(queue)
    anna.look()
    slot = anna.slot
    anna.say("class:0", slot=slot)
    anna.say("keep", slot=slot)
    page = anna.client.post(anna.url("slot_back", slot), headers={"X-Fragment": "1"}).content.decode()
    assert "Change your answer" in page
    supersedes = Decision.objects.latest("id").pk
    anna.say("class:1", slot=slot, lease_token=uuid4(), supersedes=supersedes, phase="amend")
    assert Decision.objects.latest("id").value == 1.0
    assert ReviewItem.objects.get().label == 0.0
