"""Judgements, decisions, and their effect on the slot."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from apps.accounts.models import Role
from apps.common.errors import ConflictError, DomainError, LeaseLostError, UnprocessableError
from apps.registry.models import ReviewQueue
from apps.review import services
from apps.review.models import Decision, Slot
from tests.review.factories import (
    NUMBER,
    answer,
    claim,
    decide,
    expire,
    judge,
    make_items,
    make_numbers_queue,
    make_queue,
    reviewers,
)

pytestmark = pytest.mark.django_db


def code_of(error: pytest.ExceptionInfo[DomainError]) -> str:
    return error.value.code


@pytest.fixture
def blind() -> ReviewQueue:
    queue = make_queue(dispute_reasons=["A fact speaks against it"])
    make_items(queue, 2)
    return queue


@pytest.fixture
def shown() -> ReviewQueue:
    queue = make_queue(blind=False, dispute_reasons=["A fact speaks against it"])
    make_items(queue, 2)
    return queue


# The first answer of a blind case


def test_a_judgement_is_stored_before_the_decision(blind: ReviewQueue) -> None:
    (anna,) = reviewers(blind, 1)
    slot = claim(blind, anna)
    judgement = judge(slot, anna, "no", certainty=2, active_ms=4_000)
    assert (judgement.value, judgement.is_judgement, judgement.certainty) == (0.0, True, 2)
    slot.refresh_from_db()
    assert slot.judged_at is not None
    assert slot.closed_at is None


def test_the_same_judgement_twice_is_the_same_answer(blind: ReviewQueue) -> None:
    (anna,) = reviewers(blind, 1)
    slot = claim(blind, anna)
    assert judge(slot, anna, "no").pk == judge(slot, anna, "no").pk
    assert Decision.objects.count() == 1


def test_another_judgement_after_the_reveal_is_a_conflict(blind: ReviewQueue) -> None:
    (anna,) = reviewers(blind, 1)
    slot = claim(blind, anna)
    judge(slot, anna, "no")
    with pytest.raises(ConflictError) as error:
        judge(slot, anna, "yes")
    assert code_of(error) == "already_judged"


def test_a_shown_case_takes_no_judgement(shown: ReviewQueue) -> None:
    (anna,) = reviewers(shown, 1)
    with pytest.raises(UnprocessableError) as error:
        judge(claim(shown, anna), anna)
    assert code_of(error) == "not_blind"


def test_an_unknown_class_is_refused(blind: ReviewQueue) -> None:
    (anna,) = reviewers(blind, 1)
    for value in ("maybe", 1, 1.0):
        with pytest.raises(DomainError) as error:
            judge(claim(blind, anna), anna, value)
        assert code_of(error) == "unknown_class"


@pytest.mark.parametrize("verdict", ["agree", "correct", "dispute"])
def test_a_blind_case_is_judged_before_it_is_decided(blind: ReviewQueue, verdict: str) -> None:
    (anna,) = reviewers(blind, 1)
    with pytest.raises(UnprocessableError) as error:
        decide(claim(blind, anna), anna, verdict, value="no", note="why")
    assert code_of(error) == "judge_first"


@pytest.mark.slow
@pytest.mark.parametrize("verdict", ["cannot_tell", "wrong_data", "escalate", "recuse", "skip"])
def test_nobody_withholds_an_answer_after_the_reveal(blind: ReviewQueue, verdict: str) -> None:
    (anna,) = reviewers(blind, 1)
    slot = claim(blind, anna)
    judge(slot, anna)
    with pytest.raises(UnprocessableError) as error:
        decide(slot, anna, verdict, note="after all")
    assert code_of(error) == "already_judged"


def test_a_judgement_stands_once_its_lease_lapses_and_somebody_claims(blind: ReviewQueue) -> None:
    anna, ben = reviewers(blind, 2)
    slot = claim(blind, anna)
    judge(slot, anna, "no")
    expire(slot)
    assert claim(blind, ben).item_id != slot.item_id
    slot.refresh_from_db()
    assert (slot.outcome, slot.item.label, slot.item.state) == ("answered", 0.0, "closed")
    with pytest.raises(LeaseLostError) as error:
        decide(slot, anna, "agree")
    assert code_of(error) == "first_answer_stands"


def test_the_sweep_closes_lapsed_judgements_of_all_queues(blind: ReviewQueue) -> None:
    (anna,) = reviewers(blind, 1)
    slot = claim(blind, anna)
    judge(slot, anna)
    assert services.close_lapsed() == 0
    expire(slot)
    assert services.close_lapsed() == 1


# Decisions that give a label


def test_agreeing_gives_the_models_label(shown: ReviewQueue) -> None:
    (anna,) = reviewers(shown, 1)
    item = answer(shown, anna)
    assert (item.label, item.needs_resolution, item.state) == (1.0, True, "closed")


def test_correcting_needs_another_label(shown: ReviewQueue) -> None:
    (anna,) = reviewers(shown, 1)
    slot = claim(shown, anna)
    for value, code in ((None, "value_missing"), ("yes", "as_predicted"), ("maybe", "unknown_class")):
        with pytest.raises(DomainError) as error:
            decide(slot, anna, "correct", value=value)
        assert code_of(error) == code
    assert decide(slot, anna, "correct", value="no").value == 0.0


def test_agreeing_with_another_label_is_refused(shown: ReviewQueue) -> None:
    (anna,) = reviewers(shown, 1)
    with pytest.raises(DomainError) as error:
        decide(claim(shown, anna), anna, "agree", value="no")
    assert code_of(error) == "not_as_predicted"


def test_a_dispute_needs_a_known_reason_or_a_note(shown: ReviewQueue) -> None:
    (anna,) = reviewers(shown, 1)
    slot = claim(shown, anna)
    for changes, code in (
        ({}, "reason_missing"),
        ({"note": "  "}, "reason_missing"),
        ({"reasons": ("x",)}, "unknown_reason"),
    ):
        with pytest.raises(DomainError) as error:
            decide(slot, anna, "dispute", value="no", **changes)
        assert code_of(error) == code
    assert decide(slot, anna, "dispute", value="no", note="She said so.").value == 0.0


def test_a_dispute_of_a_blind_case_keeps_the_first_answer_unless_it_gives_another(blind: ReviewQueue) -> None:
    (anna,) = reviewers(blind, 1)
    slot = claim(blind, anna)
    judge(slot, anna, "no")
    assert decide(slot, anna, "dispute", reasons=("A fact speaks against it",)).value == 0.0


def test_a_dispute_of_a_shown_case_needs_a_label(shown: ReviewQueue) -> None:
    (anna,) = reviewers(shown, 1)
    with pytest.raises(DomainError) as error:
        decide(claim(shown, anna), anna, "dispute", note="why")
    assert code_of(error) == "value_missing"


def test_a_regression_takes_numbers_within_range() -> None:
    queue = make_numbers_queue()
    make_items(queue, **NUMBER)
    (anna,) = reviewers(queue, 1)
    slot = claim(queue, anna)
    for value in ("12", 10**400):
        with pytest.raises(DomainError) as error:
            judge(slot, anna, value)
        assert code_of(error) == "number_range"
    assert judge(slot, anna, 13).value == 13.0


def test_a_number_within_the_tolerance_agrees_and_stays_the_persons_own() -> None:
    queue = make_numbers_queue(tolerance=1.0)
    make_items(queue, 2, **NUMBER)
    (anna,) = reviewers(queue, 1)
    slot = claim(queue, anna)
    judge(slot, anna, 13)
    with pytest.raises(DomainError) as error:
        decide(slot, anna, "correct", value=13)
    assert code_of(error) == "as_predicted"
    assert decide(slot, anna, value=13).value == 13.0
    slot = claim(queue, anna)
    judge(slot, anna, 14)
    with pytest.raises(DomainError) as error:
        decide(slot, anna, value=14)
    assert code_of(error) == "not_as_predicted"


# Leases


def test_an_expired_lease_that_nobody_claimed_since_is_good(shown: ReviewQueue) -> None:
    (anna,) = reviewers(shown, 1)
    slot = claim(shown, anna)
    expire(slot)
    assert decide(slot, anna).pk


def test_a_lease_that_somebody_else_took_over_is_lost_and_nothing_is_written(shown: ReviewQueue) -> None:
    anna, ben = reviewers(shown, 2)
    slot = claim(shown, anna)
    expire(slot)
    claim(shown, ben)
    with pytest.raises(LeaseLostError):
        decide(slot, anna)
    assert not Decision.objects.exists()


def test_a_made_up_token_is_refused(shown: ReviewQueue) -> None:
    (anna,) = reviewers(shown, 1)
    slot = claim(shown, anna)
    slot.lease_token = uuid4()
    with pytest.raises(LeaseLostError):
        decide(slot, anna)


def test_somebody_elses_token_is_refused(shown: ReviewQueue) -> None:
    anna, ben = reviewers(shown, 2)
    with pytest.raises(LeaseLostError):
        decide(claim(shown, anna), ben)


def test_the_same_decision_twice_counts_once(shown: ReviewQueue) -> None:
    (anna,) = reviewers(shown, 1)
    slot = claim(shown, anna)
    assert decide(slot, anna).pk == decide(slot, anna).pk
    assert Decision.objects.count() == 1


def test_another_decision_under_the_same_lease_is_a_conflict(shown: ReviewQueue) -> None:
    (anna,) = reviewers(shown, 1)
    slot = claim(shown, anna)
    decide(slot, anna)
    with pytest.raises(ConflictError) as error:
        decide(slot, anna, "correct", value="no")
    assert code_of(error) == "already_decided"


# Decisions that give none


def test_a_case_put_off_comes_back_to_the_same_person_on_its_date(shown: ReviewQueue) -> None:
    anna, ben = reviewers(shown, 2)
    until = timezone.now() + timedelta(days=3)
    slot = claim(shown, anna)
    decide(slot, anna, "cannot_tell", until=until)
    slot.refresh_from_db()
    assert (slot.snoozed_until, slot.reviewer, slot.closed_at) == (until, anna.user, None)
    assert claim(shown, anna).pk != slot.pk
    Slot.objects.filter(pk=slot.pk).update(snoozed_until=timezone.now() - timedelta(minutes=1), order_key=0)
    assert services.claim_slots(shown, by=ben) == []
    assert slot.pk in {each.pk for each in services.claim_slots(shown, by=anna, limit=2)}


def test_a_case_put_off_comes_back_tomorrow_by_default(shown: ReviewQueue) -> None:
    (anna,) = reviewers(shown, 1)
    decision = decide(claim(shown, anna), anna, "cannot_tell")
    today = timezone.now().date()
    assert decision.snoozed_until is not None
    assert decision.snoozed_until.date() == today + timedelta(days=1)


def test_a_return_in_the_past_or_after_more_than_a_year_is_refused(shown: ReviewQueue) -> None:
    (anna,) = reviewers(shown, 1)
    slot = claim(shown, anna)
    for until, code in (
        (timezone.now() - timedelta(days=1), "until_past"),
        (datetime(9998, 1, 1, tzinfo=timezone.get_default_timezone()), "until_too_far"),
    ):
        with pytest.raises(DomainError) as error:
            decide(slot, anna, "cannot_tell", until=until)
        assert code_of(error) == code


@pytest.mark.parametrize("verdict", ["skip", "recuse"])
def test_a_skipped_case_goes_to_somebody_else_and_not_back(verdict: str) -> None:
    queue = make_queue()
    (item,) = make_items(queue)
    anna, ben = reviewers(queue, 2)
    decide(claim(queue, anna), anna, verdict)
    assert services.claim_slots(queue, by=anna) == []
    again = claim(queue, ben)
    assert (again.item_id, again.position, again.is_adjudication) == (item.pk, 0, False)
    item.refresh_from_db()
    assert (item.label, item.state) == (None, "open")


def test_a_case_that_everybody_skipped_goes_to_an_adjudicator() -> None:
    queue = make_queue()
    (item,) = make_items(queue)
    (anna,) = reviewers(queue, 1)
    decide(claim(queue, anna), anna, "skip")
    item.refresh_from_db()
    assert (item.state, item.adjudication_reason, item.adjudication_probability) == ("adjudicating", "nobody_left", 1.0)


def test_a_case_with_wrong_data_goes_to_an_adjudicator() -> None:
    queue = make_queue()
    (item,) = make_items(queue)
    anna, _ = reviewers(queue, 2)
    (settler,) = reviewers(queue, 1, Role.ADJUDICATOR)
    decide(claim(queue, anna), anna, "wrong_data", note="The income is that of the household.")
    item.refresh_from_db()
    assert (item.state, item.adjudication_reason, item.label) == ("adjudicating", "referred", None)
    assert claim(queue, settler).is_adjudication


def test_a_decision_without_a_label_takes_no_value(shown: ReviewQueue) -> None:
    (anna,) = reviewers(shown, 1)
    with pytest.raises(DomainError) as error:
        decide(claim(shown, anna), anna, "skip", value="no")
    assert code_of(error) == "value_unexpected"
