"""Disputes: raised, replied to for the model, settled or withdrawn."""

import pytest

from apps.accounts.models import Role
from apps.audit.models import Entry
from apps.common.errors import ConflictError, DomainError
from apps.registry.models import ReviewQueue
from apps.review import services
from apps.review.models import Dispute, Slot
from apps.review.pages.disputes import followed
from apps.review.services import Answer, Verdict
from tests.factories import make_member
from tests.review.factories import answer, claim, decide, make_items, make_queue, reviewers

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue() -> ReviewQueue:
    queue = make_queue()
    make_items(queue)
    return queue


def disputed(queue: ReviewQueue) -> Dispute:
    (anna,) = reviewers(queue, 1)
    answer(queue, anna, "no", verdict="dispute", note="She works.")
    return Dispute.objects.get()


def state_of(dispute: Dispute, queue: ReviewQueue) -> tuple[str, str]:
    (line,) = followed([Dispute.objects.get(pk=dispute.pk)], by=make_member(queue.model.project))
    return line.state, line.waits_for


def test_a_dispute_waits_for_an_adjudicator_and_an_engineer_may_reply_for_the_model(queue: ReviewQueue) -> None:
    dispute = disputed(queue)
    assert state_of(dispute, queue) == ("open", "an adjudicator; an engineer may reply for the model")
    engineer = make_member(queue.model.project, Role.ENGINEER)
    services.reply(dispute, by=engineer.user, text="Income is the deciding fact.")
    assert state_of(dispute, queue) == ("open", "an adjudicator")
    assert Entry.objects.get(actor_id=engineer.user_id).act == "dispute.answered"
    with pytest.raises(ConflictError):
        services.reply(dispute, by=engineer.user, text="And age.")


@pytest.mark.parametrize(
    ("value", "state"), [("no", "settled against the model: Not employed"), ("yes", "settled for the model: Employed")]
)
def test_the_adjudicators_answer_settles_a_dispute(queue: ReviewQueue, value: str, state: str) -> None:
    dispute = disputed(queue)
    (settler,) = reviewers(queue, 1, Role.ADJUDICATOR)
    said = {"verdict": "agree"} if value == "yes" else {"verdict": "correct", "value": value}
    decide(claim(queue, settler), settler, **said)
    assert state_of(dispute, queue) == (state, "")
    assert not Dispute.objects.open().exists()
    with pytest.raises(ConflictError):
        services.reply(dispute, by=settler.user, text="Too late.")


def test_an_answer_that_is_changed_withdraws_its_dispute(queue: ReviewQueue) -> None:
    dispute = disputed(queue)
    slot = Slot.objects.on_desk().get(is_adjudication=False)
    anna = queue.model.project.memberships.get(user=dispute.decision.reviewer)
    services.amend(
        slot,
        by=anna,
        lease_token=services.new_token(),
        supersedes=dispute.decision_id,
        answer=Answer(verdict=Verdict.CORRECT, value="no"),
    )
    assert state_of(dispute, queue) == ("withdrawn by its reviewer", "")
    assert not Dispute.objects.open().exists()


def test_a_reply_needs_text(queue: ReviewQueue) -> None:
    engineer = make_member(queue.model.project, Role.ENGINEER)
    with pytest.raises(DomainError):
        services.reply(disputed(queue), by=engineer.user, text=" ")
