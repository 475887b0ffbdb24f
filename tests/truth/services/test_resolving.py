"""The resolver records each change once, under an increasing number, in whatever order things arrive."""

from unittest.mock import patch
from uuid import uuid4

import pytest
from django.db import DataError, OperationalError

from apps.common.errors import LeaseLostError
from apps.predictions.models import BatchStage, Prediction, Stage
from apps.predictions.services import stages
from apps.registry.models import Incident, MonitoredModel
from apps.review.models import ReviewItem
from apps.truth.models import Ledger, Resolution
from apps.truth.services import resolving
from tests.factories import draw_all, make_model, make_project, prediction_row, push_outcomes, push_predictions

pytestmark = pytest.mark.django_db


def outcome(number: int, value: str = "yes", at: str = "2026-03-20T00:00:00Z") -> dict[str, str]:
    return {"id": f"case-{number}", "outcome": value, "occurred_at": at}


def latest(model: MonitoredModel, number: int) -> Resolution:
    rows = Resolution.objects.filter(model=model, prediction__external_id=f"case-{number}")
    return rows.latest("seq")


def make_item(model: MonitoredModel, number: int, **fields: object) -> ReviewItem:
    draw = Prediction.objects.get(model=model, external_id=f"case-{number}").draw
    return ReviewItem.objects.create(
        draw=draw,
        prediction=draw.prediction,
        queue=draw.queue,
        is_blind=True,
        features={},
        needs_resolution=True,
        **fields,
    )


@pytest.fixture
def model() -> MonitoredModel:
    return make_model()


@pytest.fixture
def drawn(model: MonitoredModel) -> MonitoredModel:
    """A model with three predictions, all drawn."""
    model.policies.all().delete()
    from apps.sampling.services.policies import put_document

    put_document(model, {"floor": 1.0})
    push_predictions(model, [prediction_row(number) for number in (1, 2, 3)])
    draw_all(model)
    return model


def test_an_outcome_joins_an_earlier_prediction(model):
    push_predictions(model, [prediction_row(1), prediction_row(2)])
    push_outcomes(model, [outcome(1)])

    assert resolving.resolve_due() == 1
    resolution = Resolution.objects.get()
    assert (resolution.prediction.external_id, resolution.source, resolution.truth) == ("case-1", "outcome", 1.0)


def test_a_parked_outcome_joins_a_later_prediction(model):
    push_outcomes(model, [outcome(1), outcome(2, "no")])
    assert resolving.resolve_due() == 0
    push_predictions(model, [prediction_row(1)])

    assert resolving.resolve_due() == 1
    assert latest(model, 1).truth == 1.0


@pytest.mark.parametrize("first", ["predictions", "outcomes"])
def test_simultaneous_batches_join_whichever_is_resolved_first(model, first):
    push_predictions(model, [prediction_row(1)])
    push_outcomes(model, [outcome(1)])
    later = BatchStage.objects.filter(stage=Stage.RESOLVE).exclude(batch__kind=first)
    keys = list(later.values_list("pk", flat=True))
    later.update(done_at="2026-01-01T00:00:00Z")

    resolving.resolve_due()
    BatchStage.objects.filter(pk__in=keys).update(done_at=None)
    resolving.resolve_due()

    assert Resolution.objects.count() == 1


def test_a_second_run_writes_nothing(model):
    push_predictions(model, [prediction_row(1)])
    push_outcomes(model, [outcome(1)])
    resolving.resolve_due()

    assert resolving.resolve_due() == 0
    assert Ledger.objects.get(model=model).last_seq == 1
    BatchStage.objects.filter(stage=Stage.RESOLVE).update(done_at=None)
    assert resolving.resolve_due() == 0  # even if everything is due again


def test_a_corrected_outcome_is_a_new_row_and_the_old_one_stays(model):
    push_predictions(model, [prediction_row(1)])
    push_outcomes(model, [outcome(1, "yes")])
    resolving.resolve_due()
    push_outcomes(model, [outcome(1, "no", at="2026-03-25T00:00:00Z")])
    resolving.resolve_due()

    rows = Resolution.objects.order_by("seq")
    assert [(row.seq, row.truth) for row in rows] == [(1, 1.0), (2, 0.0)]
    assert [row.truth for row in rows.as_of(1)] == [1.0]
    assert [row.truth for row in Resolution.objects.as_of(2)] == [0.0]


def test_of_two_outcomes_for_one_id_in_a_batch_the_later_counts(model):
    push_predictions(model, [prediction_row(1)])
    push_outcomes(model, [outcome(1, "yes"), outcome(1, "no")])
    resolving.resolve_due()

    assert latest(model, 1).truth == 0.0


EARLIER, LATER = "2026-03-10T00:00:00Z", "2026-03-30T00:00:00Z"


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize(
    "sent",
    [
        [outcome(1, "yes", at=EARLIER), outcome(1, "no", at=LATER)],
        [outcome(1, "no", at=LATER), outcome(1, "yes", at=EARLIER)],
        [outcome(1, "yes", at=EARLIER), outcome(1, "no", at=LATER), outcome(1, "yes", at=EARLIER)],
        [outcome(1, "yes", at=LATER), outcome(1, "no", at=LATER)],
        [outcome(1, "yes", at=LATER), outcome(1, "no", at=LATER), outcome(1, "yes", at=LATER)],
    ],
    ids=["newer after older", "older after newer", "older again", "one moment", "one moment, the first again"],
)
def test_the_outcome_that_occurred_last_counts(model, sent, at_once):
    """At one moment, the one received last. It does not matter whether they come in one push or in several."""
    push_predictions(model, [prediction_row(1)])
    for rows in [sent] if at_once else [[each] for each in sent]:
        push_outcomes(model, rows)
        resolving.resolve_due()

    assert (latest(model, 1).truth, latest(model, 1).occurred_at.isoformat()[:10]) == (0.0, "2026-03-30")


def test_an_older_outcome_changes_nothing_that_was_believed(model):
    push_predictions(model, [prediction_row(1)])
    push_outcomes(model, [outcome(1, "no", at=LATER)])
    resolving.resolve_due()
    push_outcomes(model, [outcome(1, "yes", at=EARLIER)])

    assert resolving.resolve_due() == 0
    assert [row.truth for row in Resolution.objects.as_of(Ledger.objects.get(model=model).last_seq)] == [0.0]


def test_the_latest_of_several_parked_outcomes_joins_its_prediction(model):
    push_outcomes(model, [outcome(1, "no", at=LATER)])
    push_outcomes(model, [outcome(1, "yes", at=EARLIER)])
    push_predictions(model, [prediction_row(1)])
    resolving.resolve_due()

    assert [row.truth for row in Resolution.objects.all()] == [0.0]


def test_an_adjudication_overrides_a_label_and_an_outcome_overrides_both(drawn):
    item = make_item(drawn, 1, label=1.0, is_adjudication_chosen=True, adjudication_probability=0.25)
    resolving.resolve_due()
    first = latest(drawn, 1)
    assert (first.source, first.truth, first.adjudication_probability) == ("consensus", 1.0, 0.25)

    ReviewItem.objects.filter(pk=item.pk).update(adjudicated=0.0, needs_resolution=True)
    resolving.resolve_due()
    second = latest(drawn, 1)
    assert (second.source, second.truth, second.label) == ("adjudication", 0.0, 1.0)

    push_outcomes(drawn, [outcome(1, "yes")])
    resolving.resolve_due()
    third = latest(drawn, 1)
    assert (third.source, third.truth) == ("outcome", 1.0)
    # The reviewers' answers stay beside it.
    assert (third.label, third.adjudicated, third.is_adjudication_chosen) == (1.0, 0.0, True)


def test_a_label_after_the_outcome_is_kept_but_does_not_count(drawn):
    push_outcomes(drawn, [outcome(1, "no")])
    resolving.resolve_due()
    make_item(drawn, 1, label=1.0)
    resolving.resolve_due()

    resolution = latest(drawn, 1)
    assert (resolution.source, resolution.truth, resolution.label, resolution.outcome) == ("outcome", 0.0, 1.0, 0.0)


def test_a_withdrawn_label_is_no_longer_believed(drawn):
    item = make_item(drawn, 1, label=1.0)
    resolving.resolve_due()
    ReviewItem.objects.filter(pk=item.pk).update(label=None, needs_resolution=True)
    resolving.resolve_due()

    resolution = latest(drawn, 1)
    assert (resolution.source, resolution.truth) == ("nothing", None)


def test_an_item_without_a_label_is_marked_done_and_writes_nothing(drawn):
    item = make_item(drawn, 1)
    assert resolving.resolve_due() == 0
    item.refresh_from_db()
    assert not item.needs_resolution


def test_a_failed_step_leaves_everything_due(model):
    push_predictions(model, [prediction_row(1), prediction_row(2)])
    push_outcomes(model, [outcome(1), outcome(2)])
    broken = patch.object(resolving, "_write", side_effect=OperationalError("the connection is gone"))

    with broken:
        assert resolving.resolve_due() == 0

    assert Resolution.objects.count() == 0
    BatchStage.objects.update(lease_expires_at=None)
    assert resolving.resolve_due() == 2
    assert Ledger.objects.get().last_seq == 1


def test_many_batches_are_resolved_in_bounded_steps(model, monkeypatch):
    for number in range(1, 6):
        push_predictions(model, [prediction_row(number)])
        push_outcomes(model, [outcome(number)])

    monkeypatch.setattr(stages, "MAX_ROWS_PER_CLAIM", 4)
    assert resolving.resolve_due() == 5
    assert not BatchStage.objects.filter(stage=Stage.RESOLVE, done_at=None).exists()
    # Ten one-row batches take three steps of four; each step holds outcomes, so each uses a number.
    assert Ledger.objects.get().last_seq == 3


def test_batches_that_another_worker_holds_are_left_alone(model):
    push_predictions(model, [prediction_row(1)])
    push_outcomes(model, [outcome(1)])
    stages.claim(Stage.RESOLVE, model=model.pk)

    assert resolving.resolve_due() == 0


def test_a_resolver_that_lost_its_lease_writes_nothing(model):
    push_predictions(model, [prediction_row(1)])
    push_outcomes(model, [outcome(1)])
    mine = stages.claim(Stage.RESOLVE, model=model.pk)
    BatchStage.objects.update(lease_token=uuid4())

    with pytest.raises(LeaseLostError):
        resolving.resolve_batches(model, mine)
    assert Resolution.objects.count() == 0


def test_an_item_that_cannot_be_resolved_stops_no_other_and_is_an_incident(drawn, monkeypatch):
    resolving.resolve_due()
    items = [make_item(drawn, number, label=1.0) for number in (1, 2, 3)]
    write = resolving._write

    def poisoned(ledger, **rows):
        if "case-2" in rows.get("cases", ()):
            raise DataError("out of range")
        return write(ledger, **rows)

    with monkeypatch.context() as broken:
        broken.setattr(resolving, "_write", poisoned)
        assert resolving.resolve_due() == 2
        assert resolving.resolve_due() == 0
    assert [item.pk for item in ReviewItem.objects.unresolved()] == [items[1].pk]
    incident = Incident.objects.get()
    assert (incident.kind, incident.stage, incident.rows) == ("batches_stuck", "resolve_items", 1)
    assert incident.detail == "reviews of case-2"

    assert resolving.resolve_due() == 1
    incident.refresh_from_db()
    assert incident.closed_at is not None


def test_models_do_not_see_each_others_outcomes(model):
    other = make_model(make_project())
    push_predictions(model, [prediction_row(1)])
    push_outcomes(other, [outcome(1)])

    assert resolving.resolve_due() == 0


def test_a_second_resolver_finds_nothing_to_do(model):
    push_predictions(model, [prediction_row(number) for number in range(1, 50)])
    push_outcomes(model, [outcome(number) for number in range(1, 50)])
    written = [resolving.resolve_due(), resolving.resolve_due()]
    assert written == [49, 0]
