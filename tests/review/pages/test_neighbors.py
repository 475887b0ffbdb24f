"""The tabs beside a case: usual values, history, similar cases, precedents. None shows a prediction."""

import pytest
from django.core.cache import caches
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import Membership, Role
from apps.predictions.models import CaseView
from apps.registry.models import ReviewQueue
from apps.review import services
from apps.review.models import ReviewItem, Slot
from apps.review.pages import neighbors
from apps.review.pages.cases import fact_groups
from apps.review.pages.usual import FEWEST
from apps.review.services import Only
from tests.factories import push_outcomes, push_predictions
from tests.review.factories import answer, claim, decide, judge, make_items, make_queue, reviewers, row
from tests.review.people import Person
from tests.review.planted import NUMBERS, PLANTED

pytestmark = pytest.mark.django_db


def settle(queue: ReviewQueue, n: int, value: str = "no") -> None:
    (anna,) = reviewers(queue, 1)
    for _ in range(n):
        answer(queue, anna, value)


def reader(queue: ReviewQueue) -> Membership:
    return reviewers(queue, 1)[0]


def test_most_numbers_give_the_range_and_a_number_outside_is_odd() -> None:
    caches["process"].clear()
    queue = make_queue()
    others = range(FEWEST)
    push_predictions(queue.model, [row(3 * n + 4, features={"age": 20 + n, "sex": 1}) for n in others])
    *_, odd = make_items(queue, features={"age": 99, "sex": 1})
    age = next(fact for group in fact_groups(odd) for fact in group.facts if fact.meaning.startswith("99"))
    assert (age.usual, age.is_odd) == ("usually 21–69", True)


def test_with_few_predictions_no_value_is_usual() -> None:
    caches["process"].clear()
    queue = make_queue()
    (item,) = make_items(queue)
    assert not any(fact.usual or fact.is_odd for group in fact_groups(item) for fact in group.facts)


def test_history_shows_settled_answers_and_outcomes_of_the_same_subject_only() -> None:
    queue = make_queue()
    first, second = make_items(queue, 2, subject="anna")
    make_items(queue, 1, subject="ben")
    settle(queue, 3)
    for outcome, day in (("yes", 2), ("no", 1)):  # the older one is received last
        row = {"id": first.prediction.external_id, "outcome": outcome, "occurred_at": f"2026-11-0{day}T00:00:00Z"}
        push_outcomes(queue.model, [row])
    (past,) = neighbors.history(ReviewItem.objects.get(pk=second.pk), by=reader(queue))
    assert (past.case, past.settled, past.outcome) == (first.prediction.external_id, "Not employed", "Employed")


def test_open_cases_show_nobodys_answers() -> None:
    queue = make_queue(overlap=2)
    make_items(queue, 2, subject="anna")
    (anna,) = reviewers(queue, 1)
    answered = answer(queue, anna, "no")
    other = ReviewItem.objects.exclude(pk=answered.pk).get()
    assert [past.settled for past in neighbors.history(other, by=reader(queue))] == [""]
    assert neighbors.nearest(other, by=reader(queue)) == []


def test_the_outcome_of_a_case_that_is_judged_blind_is_not_shown() -> None:
    queue = make_queue()
    first, second = make_items(queue, 2, subject="anna")
    row = {"id": first.prediction.external_id, "outcome": "yes", "occurred_at": "2026-11-01T00:00:00Z"}
    push_outcomes(queue.model, [row])
    anna = reader(queue)
    assert [past.outcome for past in neighbors.history(second, by=anna)] == [""]
    assert not CaseView.objects.exists()
    answer(queue, anna)
    answer(queue, anna)
    assert [past.outcome for past in neighbors.history(second, by=anna)] == ["Employed"]
    assert CaseView.objects.get(place="beside").prediction == first.prediction


def test_a_tab_leaves_out_what_its_reader_has_yet_to_judge_and_notes_the_rest() -> None:
    queue = make_queue()
    make_items(queue, 2)
    settle(queue, 2)
    (item,), anna = make_items(queue), reader(queue)
    known = ReviewItem.objects.exclude(pk=item.pk).order_by("pk")[0]
    gold = services.make_gold(known, value=0.0, by=None)
    probe = ReviewItem.objects.create(
        purpose="gold", gold=gold, prediction=known.prediction, queue=queue, is_blind=True, features={}
    )
    Slot.objects.create(item=probe, queue=queue, reviewer=anna.user, is_reserved=True, position=0, order_key=0.5)
    (found,) = neighbors.nearest(item, by=anna)
    assert found.case != known.prediction.external_id
    assert [view.prediction.external_id for view in CaseView.objects.filter(user=anna.user)] == [found.case]


def test_the_nearest_case_comes_first_by_standard_deviations_and_codes() -> None:
    queue = make_queue()
    for age in (30, 40, 50):
        make_items(queue, features={"age": age, "sex": 1})
    settle(queue, 3)
    (item,) = make_items(queue, features={"age": 42, "sex": 1})
    found = neighbors.nearest(item, by=reader(queue))
    # One standard deviation of 30, 40, 50 is 8.165; of two features one differs.
    assert [round(each.distance, 2) for each in found] == [0.17, 0.69, 1.04]
    assert [each.differences[0].there for each in found] == ["40 years", "50 years", "30 years"]


def test_a_precedent_is_shown_with_its_reason_and_the_adjudicators_note() -> None:
    queue = make_queue(blind=False, dispute_reasons=["Looks retired"])
    make_items(queue, 2)
    anna, ben = reviewers(queue, 1)[0], reviewers(queue, 1, Role.ADJUDICATOR)[0]
    slot = claim(queue, anna)
    decide(slot, anna, "dispute", value="no", reasons=("Looks retired",))
    adjudication = claim(queue, ben, only=Only.ADJUDICATION)
    decide(adjudication, ben, "correct", value="no", note="Pensions are no wages", is_precedent=True)
    other = ReviewItem.objects.exclude(pk=slot.item_id).get()
    (precedent,) = neighbors.precedents(other, by=reader(queue))
    assert (precedent.settled, precedent.reasons) == ("Not employed", ["Looks retired"])
    assert precedent.word == "Pensions are no wages"


@pytest.mark.slow
@pytest.mark.parametrize("what", ["history", "similar", "precedents"])
def test_no_tab_of_a_blind_case_shows_the_prediction(what: str) -> None:
    queue = make_queue()
    make_items(queue, 3, subject="anna", **PLANTED)
    settle(queue, 2)
    anna = Person(queue)
    anna.look()
    page = anna.look_beside(what)
    assert page.status_code == 200
    assert [text for text in (b"73 %", b"agree", b"Model", *NUMBERS) if text in page.content] == []


def test_similar_cases_are_noted_once_they_are_looked_at_after_the_reveal() -> None:
    queue = make_queue()
    make_items(queue, 3)
    settle(queue, 2)
    anna = Person(queue)
    anna.look()
    anna.look_beside("similar")
    slot = anna.slot
    # What helps with the first answer is no part of the reveal.
    assert slot.similar_at is None
    judge(slot, anna.member)
    anna.look_beside("history")
    assert Slot.objects.get(pk=slot.pk).similar_at is None
    anna.look_beside("similar")
    noted = Slot.objects.get(pk=slot.pk).similar_at
    anna.look_beside("similar")
    assert noted == Slot.objects.get(pk=slot.pk).similar_at is not None


def test_without_a_similar_case_none_is_noted() -> None:
    queue = make_queue()
    make_items(queue)
    anna = Person(queue)
    anna.look()
    judge(anna.slot, anna.member)
    anna.look_beside("similar")
    assert Slot.objects.get().similar_at is None


def test_only_the_holder_looks_beside_a_case() -> None:
    queue = make_queue()
    make_items(queue)
    anna, ben = Person(queue), Person(queue)
    anna.look()
    path = reverse("slot_similar", args=[queue.model.project.slug, anna.slot.pk])
    assert (anna.client.get(path).status_code, ben.client.get(path).status_code) == (200, 404)
    assert Client().get(path).status_code == 302
    assert Slot.objects.get().reviewer == anna.member.user


def test_only_kept_cases_are_precedents_disputed_or_not() -> None:
    queue = make_queue(overlap=2)
    items = make_items(queue, 3)
    anna, ben = reviewers(queue, 2)
    (settler,) = reviewers(queue, 1, Role.ADJUDICATOR)
    for _ in range(2):
        answer(queue, anna, "no")
        answer(queue, ben, "yes")
    settled = []
    for keeps in (False, True):
        slot = claim(queue, settler, only=Only.ADJUDICATION)
        decide(slot, settler, "correct", value="no", is_precedent=keeps)
        settled.append(slot.item.prediction.external_id)
    (other,) = [item for item in items if item.prediction.external_id not in settled]
    assert [found.case for found in neighbors.precedents(other, by=reader(queue))] == settled[1:]


def test_a_repeated_case_does_not_find_itself() -> None:
    queue = make_queue()
    (item,) = make_items(queue)
    settle(queue, 1)
    ReviewItem.objects.update(adjudicated=0.0, adjudicated_at=timezone.now(), is_precedent=True)
    slot = Slot.objects.get()
    again = ReviewItem.objects.create(
        purpose="repeat",
        repeats=slot,
        prediction=item.prediction,
        queue=queue,
        is_blind=True,
        features=item.features,
    )
    assert (neighbors.nearest(again, by=reader(queue)), neighbors.precedents(again, by=reader(queue))) == ([], [])
