"""Known answers and repeats: mixed in, unrecognizable, and counted in no estimate."""

from typing import Any

import pytest

from apps.accounts.models import Membership, Role
from apps.common.errors import ConflictError
from apps.registry.models import MonitoredModel, ReviewQueue
from apps.review import services
from apps.review.api.serializers import SlotSerializer
from apps.review.models import Decision, ReviewItem, Slot
from apps.review.services import probing
from apps.truth.models import Resolution
from apps.truth.services import resolving as truth
from tests.review.factories import answer, decide, judge, make_items, make_queue, reviewers, with_rules

pytestmark = pytest.mark.django_db


def answer_all(queue: ReviewQueue, *people: Membership) -> None:
    """Everybody answers whatever is served to them."""
    for member in people:
        while services.claim_slots(queue, by=member):
            answer(queue, member)


@pytest.fixture
def queue() -> ReviewQueue:
    """With the same choices in every run."""
    queue = make_queue()
    MonitoredModel.objects.filter(pk=queue.model_id).update(salt=bytes(32))
    return with_rules(queue)


def gold_queue(queue: ReviewQueue, n: int = 6) -> tuple[ReviewQueue, Membership, Membership]:
    """Settled cases with known answers, all of Anna's; Ben has answered one other."""
    anna, ben = reviewers(queue, 2)
    make_items(queue, n, processed={"age": -0.25})
    answer_all(queue, anna)
    for item in ReviewItem.objects.filter(queue=queue):
        services.mark_gold(item, by=anna.user)
    make_items(queue, 1)
    answer_all(queue, ben)
    return with_rules(queue, gold_rate=0.5), anna, ben


@pytest.mark.slow
def test_known_cases_are_mixed_in_for_those_who_have_not_seen_them(queue: ReviewQueue) -> None:
    queue, _, ben = gold_queue(queue)
    make_items(queue, 12)
    probes = ReviewItem.objects.probes()
    assert {probe.purpose for probe in probes} == {"gold"}
    slots = Slot.objects.filter(item__in=probes)
    assert {slot.reviewer for slot in slots} == {ben.user}  # Anna has answered every one of them
    assert {probe.gold.item.prediction for probe in probes} == {probe.prediction for probe in probes}
    assert {str(probe.processed) for probe in probes} == {"{'age': -0.25}"}
    assert len({probe.prediction for probe in probes}) == len(probes) > 1


@pytest.mark.slow
def test_a_share_of_freshly_opened_cases_brings_a_probe(queue: ReviewQueue) -> None:
    queue, _, _ = gold_queue(queue, 30)
    queue = with_rules(queue, gold_rate=0.2)
    make_items(queue, 60)
    # 12 expected of 60; half of the active people, Anna, has seen all known cases.
    assert 1 <= ReviewItem.objects.probes().count() <= 14


def test_a_person_is_asked_again_about_what_they_have_forgotten(
    queue: ReviewQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, "FORGOTTEN_AFTER", 2)
    (anna,) = reviewers(queue, 1)
    first = make_items(queue, 6)
    answer_all(queue, anna)
    queue = with_rules(queue, repeat_rate=0.5)
    make_items(queue, 12)
    repeats = ReviewItem.objects.probes()
    assert {repeat.purpose for repeat in repeats} == {"repeat"}
    assert {repeat.repeats.reviewer for repeat in repeats} == {anna.user}
    assert {repeat.prediction_id for repeat in repeats} <= {item.prediction_id for item in first}
    late = Slot.objects.filter(item__in=first).order_by("-closed_at")[:2]
    assert not {slot.item.prediction_id for slot in late} & {repeat.prediction_id for repeat in repeats}


@pytest.mark.slow
def test_a_probe_looks_like_any_other_case(queue: ReviewQueue) -> None:
    queue, _, ben = gold_queue(queue)
    make_items(queue, 12)
    probe = Slot.objects.get(pk=Slot.objects.filter(item__draw=None).values("pk")[:1])
    other = Slot.objects.filter(item__draw__isnull=False, reviewer=None).first()
    assert other is not None
    one, two = (SlotSerializer(slot, context={"member": ben}).data for slot in (probe, other))
    assert (one.keys(), one["item"].keys()) == (two.keys(), two["item"].keys())
    numbers = {slot.pk: slot.item.is_probe for slot in Slot.objects.filter(closed_at=None)}
    assert [numbers[key] for key in sorted(numbers)] != sorted(numbers.values())  # not all at the end
    assert ben.user == probe.reviewer


@pytest.mark.slow
def test_a_probe_is_served_to_its_person_alone(queue: ReviewQueue) -> None:
    queue, _, ben = gold_queue(queue)
    make_items(queue, 12)
    (carla,) = reviewers(queue, 1)
    answer_all(queue, carla)
    assert not Slot.objects.filter(item__draw=None, reviewer=carla.user).exists()
    answer_all(queue, ben)
    assert not ReviewItem.objects.probes().exclude(state="closed").exists()


@pytest.mark.slow
def test_no_estimate_and_no_record_of_truth_knows_a_probe(queue: ReviewQueue) -> None:
    queue, _, ben = gold_queue(queue)
    truth.resolve_due()
    make_items(queue, 12)
    before = Resolution.objects.count()
    probed = list(Slot.objects.filter(item__draw=None).values_list("pk", flat=True))
    for slot in services.claim_slots(queue, by=ben, limit=30):
        if slot.pk in probed:
            judge(slot, ben, "no")
            decide(slot, ben, "correct", value="no")
    truth.resolve_due()
    assert Resolution.objects.count() == before
    assert not ReviewItem.objects.probes().exclude(label=None, adjudication_probability=None).exists()


def probe_of(queue: ReviewQueue) -> tuple[Slot, Membership]:
    queue, _, ben = gold_queue(queue)
    make_items(queue, 12)
    held = services.claim_slots(queue, by=ben, limit=30)
    return next(slot for slot in held if slot.item.is_probe), ben


@pytest.mark.slow
@pytest.mark.parametrize("verdict", ["skip", "recuse"])
def test_a_probe_that_is_passed_on_ends_there(queue: ReviewQueue, verdict: str) -> None:
    slot, ben = probe_of(queue)
    decide(slot, ben, verdict)
    slot.item.refresh_from_db()
    assert (slot.item.state, slot.item.slots.count()) == ("closed", 1)


@pytest.mark.slow
def test_a_probe_that_is_put_back_waits_for_the_same_person(queue: ReviewQueue) -> None:
    slot, ben = probe_of(queue)
    services.give_back(slot, by=ben, lease_token=slot.lease_token)
    slot.refresh_from_db()
    assert (slot.reviewer, slot.lease_token) == (ben.user, None)


def test_a_disputed_probe_is_settled_by_an_adjudicator_and_still_counts_nowhere(queue: ReviewQueue) -> None:
    slot, ben = probe_of(queue)
    judge(slot, ben, "no")
    decide(slot, ben, "dispute", note="The rule says otherwise.")
    slot.item.refresh_from_db()
    assert (slot.item.state, slot.item.adjudication_reason) == ("adjudicating", "dispute")
    (settler,) = reviewers(queue, 1, Role.ADJUDICATOR)
    (last,) = services.claim_slots(queue, by=settler, only=services.Only.ADJUDICATION)
    decide(last, settler, "correct", value="no")
    slot.item.refresh_from_db()
    assert (slot.item.adjudicated, slot.item.needs_resolution) == (0.0, False)


def test_only_a_settled_case_becomes_a_known_answer_and_only_once(queue: ReviewQueue) -> None:
    (item,) = make_items(queue)
    (anna,) = reviewers(queue, 1)
    with pytest.raises(ConflictError, match="settled"):
        services.mark_gold(item, by=anna.user)
    answer(queue, anna, "no")
    gold = services.mark_gold(item, by=anna.user)
    assert gold.value == 0.0
    with pytest.raises(ConflictError, match="already"):
        services.mark_gold(item, by=anna.user)
    services.unmark_gold(gold, by=anna.user)
    gold.refresh_from_db()
    assert gold.retired_at is not None


def test_every_answer_carries_the_guidelines_in_force(queue: ReviewQueue) -> None:
    make_items(queue)
    (anna,) = reviewers(queue, 1)
    guideline = queue.guidelines.create(version=1, text="Look twice.")
    answer(queue, anna)
    said: list[Any] = list(Decision.objects.values_list("guideline", flat=True))
    assert said == [guideline.pk, guideline.pk]
