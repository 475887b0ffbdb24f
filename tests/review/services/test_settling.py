"""From answers to the label L, and to the second phase with its probability q."""

import pytest

from apps.accounts.models import Role
from apps.common.errors import DomainError, LeaseLostError
from apps.registry.models import MonitoredModel, ReviewQueue
from apps.review import services
from apps.review.models import ReviewItem, Slot
from apps.review.services.settling import differ, majority
from apps.sampling.services.randomness import permanent_number
from tests.review.factories import (
    NUMBER,
    answer,
    claim,
    decide,
    judge,
    make_items,
    make_numbers_queue,
    make_queue,
    reviewers,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("answers", "label"),
    [([1, 1], 1), ([0, 1], 0), ([0, 1, 1], 1), ([2, 1, 0], 2), ([2, 1, 1, 0, 0], 1)],
)
def test_the_label_is_the_majority_and_at_a_tie_the_first_slots(answers: list[float], label: float) -> None:
    assert majority(MonitoredModel(task="multiclass"), answers) == label


@pytest.mark.parametrize(
    ("answers", "label", "is_different"),
    [([100, 109], 100, False), ([100, 120], 100, True), ([200, 100, 105], 100, True), ([0.2, 0.1], 0.2, False)],
)
def test_numbers_within_the_tolerance_support_each_other(
    answers: list[float], label: float, is_different: bool
) -> None:
    model = MonitoredModel(task="regression", tolerance=0.1, tolerance_share=0.1)
    assert majority(model, answers) == label
    assert differ(model, answers) == is_different


@pytest.mark.parametrize(("second", "reason"), [(13.0, ""), (15.0, "disagreement")])
def test_numbers_apart_go_to_an_adjudicator(second: float, reason: str) -> None:
    queue = make_numbers_queue(tolerance=0.5)
    queue.overlap = 2
    queue.save()
    make_items(queue, **NUMBER)
    for person, value in zip(reviewers(queue, 2), (12.6, second), strict=True):
        slot = claim(queue, person)
        judge(slot, person, value)
        decide(slot, person, "agree" if abs(value - 12.5) <= 0.5 else "correct", value=value)
    item = ReviewItem.objects.get()
    assert (item.label, item.adjudication_reason) == (12.6, reason)


def test_a_blind_cases_label_is_the_first_answer_also_when_the_reveal_changed_it() -> None:
    queue = make_queue()
    make_items(queue)
    (anna,) = reviewers(queue, 1)
    slot = claim(queue, anna)
    judge(slot, anna, "no")
    decide(slot, anna, "agree")
    slot.item.refresh_from_db()
    assert slot.item.label == 0.0
    assert [d.value for d in slot.decisions.order_by("id")] == [0.0, 1.0]


def test_with_overlap_the_label_waits_for_all_answers() -> None:
    queue = make_queue(overlap=2)
    make_items(queue)
    anna, ben = reviewers(queue, 2)
    half = answer(queue, anna)
    assert (half.label, half.state, half.needs_resolution) == (None, "open", False)
    assert half.adjudication_probability is None
    whole = answer(queue, ben)
    assert (whole.label, whole.state, whole.needs_resolution) == (1.0, "closed", True)


def test_disagreement_opens_an_adjudication_for_certain() -> None:
    queue = make_queue(overlap=2)
    make_items(queue)
    anna, ben = reviewers(queue, 2)
    answer(queue, anna, "no")
    item = answer(queue, ben, "yes")
    assert (item.label, item.state) == (0.0, "adjudicating")
    assert (item.adjudication_reason, item.adjudication_probability, item.is_adjudication_chosen) == (
        "disagreement",
        1.0,
        True,
    )


def test_a_dispute_opens_an_adjudication_at_once() -> None:
    queue = make_queue(overlap=2)
    make_items(queue)
    (anna,) = reviewers(queue, 1)
    item = answer(queue, anna, "no", verdict="dispute", note="She works.")
    assert (item.state, item.adjudication_reason, item.adjudication_probability) == ("adjudicating", "dispute", 1.0)
    assert item.label is None


@pytest.mark.slow
@pytest.mark.parametrize(("value", "q"), [("yes", 0.3), ("no", 0.6)])
def test_other_cases_are_adjudicated_with_the_queues_probability_by_a_hash_of_their_own(value: str, q: float) -> None:
    queue = make_queue(adjudication_rate_agreed=0.3, adjudication_rate_differs=0.6)
    make_items(queue, 20)
    (anna,) = reviewers(queue, 1)
    for _ in range(20):
        answer(queue, anna, value)
    chosen = 0
    for item in ReviewItem.objects.select_related("prediction"):
        number = permanent_number(bytes(queue.model.salt), item.prediction.external_id, "adjudication")
        assert item.adjudication_probability == q
        assert item.is_adjudication_chosen == (number < q)
        assert item.state == ("adjudicating" if number < q else "closed")
        assert item.slots.filter(is_adjudication=True).count() == (number < q)
        chosen += item.is_adjudication_chosen
    assert 0 < chosen < 20


@pytest.fixture
def disagreed() -> ReviewQueue:
    queue = make_queue(overlap=2)
    make_items(queue)
    anna, ben = reviewers(queue, 2)
    answer(queue, anna, "no")
    answer(queue, ben, "yes")
    ReviewItem.objects.update(needs_resolution=False)
    return queue


def test_the_adjudicators_word_settles_the_case(disagreed: ReviewQueue) -> None:
    (settler,) = reviewers(disagreed, 1, Role.ADJUDICATOR)
    slot = claim(disagreed, settler)
    assert not slot.is_blind
    assert [answer.value for answer in slot.answers_to_settle if answer.is_judgement] == [0.0, 1.0]
    decide(slot, settler, "agree")
    item = ReviewItem.objects.get()
    assert (item.label, item.adjudicated, item.state, item.needs_resolution) == (0.0, 1.0, "closed", True)


def test_an_adjudicator_cannot_dispute(disagreed: ReviewQueue) -> None:
    (settler,) = reviewers(disagreed, 1, Role.ADJUDICATOR)
    with pytest.raises(DomainError) as error:
        decide(claim(disagreed, settler), settler, "dispute", value="no", note="x")
    assert error.value.code == "not_for_adjudicators"


def test_an_adjudication_that_is_skipped_goes_to_another_adjudicator(disagreed: ReviewQueue) -> None:
    first, second = reviewers(disagreed, 2, Role.ADJUDICATOR)
    decide(claim(disagreed, first), first, "skip")
    assert services.claim_slots(disagreed, by=first) == []
    assert claim(disagreed, second).is_adjudication


def test_settling_withdraws_what_is_still_open_and_keeps_what_was_judged() -> None:
    queue = make_queue(overlap=3)
    make_items(queue)
    anna, ben, carl = reviewers(queue, 3)
    (settler,) = reviewers(queue, 1, Role.ADJUDICATOR)
    answer(queue, anna, "no", verdict="dispute", note="She works.")
    judged, untouched = claim(queue, ben), claim(queue, carl)
    judge(judged, ben, "no")
    decide(claim(queue, settler, only=services.Only.ADJUDICATION), settler, "agree")
    item = ReviewItem.objects.get()
    assert (item.label, item.adjudicated, item.state) == (0.0, 1.0, "closed")
    outcomes = dict(Slot.objects.values_list("pk", "outcome"))
    assert (outcomes[judged.pk], outcomes[untouched.pk]) == ("answered", "passed")
    with pytest.raises(LeaseLostError) as error:
        judge(untouched, carl)
    assert error.value.code == "case_settled"


def test_every_change_of_label_rings_for_truth(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: object
) -> None:
    rung: list[str] = []
    monkeypatch.setattr("apps.common.doorbell.ring", rung.append)
    queue = make_queue()
    make_items(queue)
    (anna,) = reviewers(queue, 1)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]  # a fixture without a public type
        answer(queue, anna)
    assert rung == ["resolve"]
