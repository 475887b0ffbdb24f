"""In every stage, one row that cannot be processed stops no other batch, and its incident names it."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.utils import timezone

from apps.common import doorbell
from apps.explanations.services import summing
from apps.monitoring.services import inspecting
from apps.predictions.models import BatchStage, Payload, Prediction, Stage
from apps.predictions.services import stages, stuck
from apps.registry.models import Incident
from apps.registry.services.registering import put_model
from apps.review import services as review
from apps.sampling.services import drawing, filling, policies
from apps.truth.services import resolving
from tests.factories import make_model, prediction_row, push_outcomes, push_predictions

pytestmark = pytest.mark.django_db

POISON = "case-13"
EXPLAINED = {"attributions": {"age": 0.5}}
OUTCOME = {"outcome": "yes", "occurred_at": "2026-03-20T00:00:00Z"}
# What each stage writes of a row, as far as it writes rows.
TABLES = {
    Stage.DRAW: "INSERT ON sampling_draw",
    Stage.OPEN_ITEMS: "INSERT ON review_reviewitem",
    Stage.RESOLVE: "INSERT ON truth_resolution",
}
SWEEPS: dict[Stage, Callable[[], object]] = {
    Stage.DRAW: drawing.draw_due,
    Stage.OPEN_ITEMS: review.open_due_items,
    Stage.RESOLVE: resolving.resolve_due,
    Stage.INSPECT: inspecting.inspect_due,
    Stage.ADD_UP: summing.add_up_due,
    Stage.FILL_SLICES: filling.fill_due,
}


def poison(stage: Stage) -> None:
    row = Prediction.objects.get(external_id=POISON)
    if stage not in TABLES:
        Payload.objects.filter(prediction=row).update(features="not an object")
        return
    with connection.cursor() as cursor:
        cursor.execute(f"""
            CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF NEW.prediction_id = {row.pk} THEN RAISE 'poison'; END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER poison BEFORE {TABLES[stage]} FOR EACH ROW EXECUTE FUNCTION pg_temp.refuse();
        """)


def cure(stage: Stage) -> None:
    if stage in TABLES:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TRIGGER poison {TABLES[stage].removeprefix('INSERT ')}")
    else:
        Payload.objects.filter(prediction__external_id=POISON).update(features={"age": 1, "sex": 1})


@pytest.mark.slow
@pytest.mark.parametrize("stage", SWEEPS)
def test_a_poisoned_row_is_named_and_all_other_batches_go_on(stage, monkeypatch):
    monkeypatch.setattr(doorbell, "ring", lambda _bell: None)
    model = make_model(slices=[])
    policies.put_document(model, {"floor": 1.0})
    for first in range(10, 30, 5):
        push_predictions(model, [prediction_row(number, **EXPLAINED) for number in range(first, first + 5)])
    push_outcomes(model, [{"id": f"case-{number}", **OUTCOME} for number in range(10, 30)])
    for earlier in list(SWEEPS)[: list(SWEEPS).index(stage)]:
        SWEEPS[earlier]()
    slices = [{"name": "sex", "feature": "sex", "edges": []}]
    put_model(model.project, slug=model.slug, document={"slices": slices})
    poison(stage)

    SWEEPS[stage]()
    (state,) = BatchStage.objects.filter(stage=stage, done_at=None, batch__kind="predictions")
    assert (state.attempts, state.batch.accepted) == (1, 5)

    BatchStage.objects.filter(stage=stage, done_at=None).update(
        attempts=stages.MAX_ATTEMPTS - 1, lease_expires_at=timezone.now()
    )
    SWEEPS[stage]()
    state.refresh_from_db()
    assert (state.row, state.attempts) == (POISON, stages.MAX_ATTEMPTS)
    assert state.error
    stuck.watch()
    incident = Incident.objects.get(kind="batches_stuck")
    assert (incident.model, incident.stage) == (model, stage)
    assert f"batch {state.batch_id} (row {POISON})" in incident.detail

    cure(stage)
    stages.retry(stages.given_up())
    SWEEPS[stage]()
    stuck.watch()
    assert not BatchStage.objects.filter(stage=stage, done_at=None).exists()
    assert not Incident.objects.open().filter(kind="batches_stuck").exists()
