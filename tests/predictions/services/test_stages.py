"""A batch that fails harms no other: it ends up alone, is tried again, and is given up with an incident."""

from datetime import timedelta

import pytest
from django.db import OperationalError, transaction
from django.utils import timezone

from apps.common.deadlines import TookTooLongError
from apps.predictions.models import BatchStage, Prediction, Stage
from apps.predictions.services import stages, stuck
from apps.registry.models import Incident, MonitoredModel
from apps.registry.services import incidents
from tests.factories import make_member, make_model, prediction_row, push_predictions

pytestmark = pytest.mark.django_db

POISON = "case-13"
PAST = timezone.now() - timedelta(hours=1)


class Work:
    """Finishes batches, and fails on the poison row. Keeps the ids of the batches of each call."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error or ValueError("a value that nobody foresaw")
        self.calls: list[list[int]] = []

    def __call__(self, _model: MonitoredModel, states: list[BatchStage]) -> None:
        self.calls.append([state.batch_id for state in states])
        self._work(states)

    @transaction.atomic
    def _work(self, states: list[BatchStage]) -> None:
        stages.finish(states)
        rows = [row for state in states for row in Prediction.objects.of_batch(state.batch)]
        if POISON in {row.external_id for row in rows}:
            raise self.error


def push(model: MonitoredModel, *numbers: int) -> int:
    batch = push_predictions(model, [prediction_row(number) for number in numbers]).batch
    assert batch is not None
    return batch


def draw_states() -> list[BatchStage]:
    return list(BatchStage.objects.filter(stage=Stage.DRAW).order_by("batch_id"))


def expire_leases() -> None:
    BatchStage.objects.filter(lease_expires_at__isnull=False).update(lease_expires_at=PAST)


def give_up(work: Work) -> BatchStage:
    """Let the poisoned batch use up its attempts."""
    BatchStage.objects.filter(done_at=None).update(attempts=stages.MAX_ATTEMPTS - 1, lease_expires_at=PAST)
    stages.consume(Stage.DRAW, work)
    stuck.watch()
    return BatchStage.objects.get(stage=Stage.DRAW, done_at=None)


@pytest.fixture
def model():
    return make_model()


def test_the_claim_is_halved_until_the_poison_is_alone_and_all_others_are_consumed(model):
    batches = [push(model, number) for number in range(10, 18)]
    work = Work()
    assert stages.consume(Stage.DRAW, work) == 7
    a, b, c, poison, *rest = batches
    assert work.calls == [batches, [a, b, c, poison], [a, b], [c, poison], [c], [poison], rest]
    (left,) = BatchStage.objects.filter(stage=Stage.DRAW, done_at=None)
    assert (left.batch_id, left.attempts, left.error) == (poison, 1, "ValueError: a value that nobody foresaw")


def test_other_models_go_on_and_take_turns(model, monkeypatch):
    monkeypatch.setattr(stages, "MAX_ROWS_PER_CLAIM", 1)
    poison, other = push(model, 13), make_model()
    more, theirs, last = push(model, 14), push(other, 1), push(model, 15)
    work = Work()
    assert stages.consume(Stage.DRAW, work) == 3
    assert work.calls == [[poison], [theirs], [more], [last]]


def test_a_failed_batch_waits_longer_each_time_and_is_tried_alone(model):
    poison, waits = push(model, 13), []
    for _ in range(5):
        work = Work()
        stages.consume(Stage.DRAW, work)
        assert work.calls[-1] == [poison]
        (state,) = draw_states()
        waits.append(round((state.lease_expires_at - timezone.now()).total_seconds(), -1))
        assert stages.consume(Stage.DRAW, Work()) == 0
        expire_leases()
    assert waits == [20, 40, 80, 120, 120]
    other = push(model, 14)
    assert stages.consume(Stage.DRAW, work) == 1
    assert work.calls[-2:] == [[poison], [other]]


def test_batches_of_a_killed_worker_are_claimed_alone(model):
    first, second = push(model, 1), push(model, 2)
    assert len(stages.claim(Stage.DRAW, model=model.pk)) == 2
    expire_leases()
    third, fourth = push(model, 3), push(model, 4)
    work = Work()
    assert stages.consume(Stage.DRAW, work) == 4
    assert work.calls == [[first], [second], [third, fourth]]


def test_a_killed_worker_keeps_its_batches_for_less_than_half_a_minute(model):
    push(model, 1)
    (state,) = stages.claim(Stage.DRAW, model=model.pk)
    assert (state.lease_expires_at - timezone.now()).total_seconds() == pytest.approx(20, abs=2)


def test_a_claim_that_takes_too_long_is_given_back_to_be_tried_one_by_one(model):
    batches = [push(model, 13), push(model, 14)]
    work = Work(TookTooLongError("It took longer than 300 s."))
    assert stages.consume(Stage.DRAW, work) == 1
    assert work.calls == [batches, batches[:1], batches[1:]]


def test_a_failure_of_the_database_counts_against_no_batch(model):
    push(model, 13)
    push(model, 14)
    assert stages.consume(Stage.DRAW, Work(OperationalError("the connection is lost"))) == 0
    assert [(state.attempts, state.error, state.lease_token) for state in draw_states()] == [(0, "", None)] * 2
    expire_leases()
    assert stages.consume(Stage.DRAW, Work(OperationalError("again"))) == 0
    assert {state.attempts for state in draw_states()} == {0}


def test_a_batch_given_up_is_an_incident_of_its_own_project_that_names_batch_and_row(model):
    other = make_model()
    push(other, *range(20, 40))
    poison = push(model, 11, 12, 13, 14, 15)
    stages.consume(Stage.DRAW, Work())
    state = give_up(Work())
    assert (state.batch_id, state.row, state.error) == (poison, POISON, "ValueError: a value that nobody foresaw")
    assert stages.consume(Stage.DRAW, Work()) == 0
    incident = Incident.objects.get(model=model)
    assert (incident.kind, incident.stage, incident.rows) == ("batches_stuck", "draw", 5)
    assert incident.detail == f"batch {poison} (row {POISON})"
    assert str(incident) == f"{model.name} predictions that cannot be drawn"


def test_a_batch_that_fails_only_as_a_whole_names_no_row(model):
    push(model, 11, 12, 13)

    class WholeWork(Work):
        @transaction.atomic
        def _work(self, states):
            stages.finish(states)
            if Prediction.objects.of_batch(states[0].batch).count() == 3:
                raise self.error

    assert give_up(WholeWork()).row == ""


def test_a_batch_whose_workers_were_all_killed_is_given_up_too(model):
    poison = push(model, 13)
    BatchStage.objects.filter(stage=Stage.DRAW).update(attempts=stages.MAX_ATTEMPTS, lease_expires_at=PAST)
    assert stages.consume(Stage.DRAW, Work()) == 0
    stuck.watch()
    assert draw_states()[0].error == stuck.KILLED
    assert Incident.objects.get().detail == f"batch {poison}"


def test_the_incident_stays_through_another_try_and_closes_once_the_batch_is_consumed(model):
    push(model, 13)
    give_up(Work())
    assert stages.retry(stages.given_up()) == 1
    stages.consume(Stage.DRAW, Work())
    stuck.watch()
    assert Incident.objects.open().count() == 1
    expire_leases()
    assert stages.consume(Stage.DRAW, lambda _, states: stages.finish(states)) == 1
    stuck.watch()
    incident = Incident.objects.get()
    assert (incident.closed_at is not None, incident.closed_by, incident.note) == (
        True,
        None,
        incidents.CLOSED_BY_RETRY,
    )


def test_an_incident_that_somebody_closed_opens_again_only_for_another_batch(model):
    push(model, 13)
    give_up(Work())
    incidents.close(Incident.objects.get(), by=make_member(model.project).user, note="known")
    stuck.watch()
    assert not Incident.objects.open().exists()
    BatchStage.objects.filter(batch=push(model, 113), stage=Stage.DRAW).update(
        attempts=stages.MAX_ATTEMPTS, lease_expires_at=timezone.now() + timedelta(milliseconds=1)
    )
    stuck.watch()
    assert Incident.objects.open().count() == 1


@pytest.mark.parametrize("message", ["\x00", "\ud83d"])
def test_an_error_that_postgresql_cannot_store_is_stored_in_part(model, message):
    push(model, 13)
    stages.consume(Stage.DRAW, Work(ValueError(f"before {message} after")))
    assert draw_states()[0].error in {"ValueError: before \ufffd after", "ValueError: before ? after"}
