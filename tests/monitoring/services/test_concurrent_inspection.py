"""Inspections, pushes, closings and schema changes running concurrently."""

from contextlib import suppress

import pytest
from django.db.models import Sum

from apps.common.errors import ConflictError
from apps.monitoring.models import FeatureDay, IntakeHour
from apps.monitoring.services import inspecting
from apps.predictions.models import BatchStage, Stage
from apps.registry.models import Incident
from apps.registry.services import incidents
from apps.registry.services.registering import put_model
from tests.factories import make_model, prediction_row, push_predictions
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

BATCHES, ROWS = 12, 20


def push_as_text(model, *, first: int) -> None:
    for batch in range(BATCHES):
        start = first + batch * ROWS
        rows = [prediction_row(start + n, version="v7", features={"income": "text"}) for n in range(ROWS)]
        push_predictions(model, rows)


def inspect() -> None:
    for _ in range(BATCHES):
        inspecting.inspect_due()


def test_concurrent_workers_make_one_incident_with_the_right_count():
    model = make_model(features=[{"name": "income", "type": "number"}], slices=[])
    at_once(lambda: push_as_text(model, first=0), lambda: push_as_text(model, first=10_000), inspect, inspect, inspect)
    inspecting.inspect_due()
    total = 2 * BATCHES * ROWS
    assert Incident.objects.get().rows == total
    assert FeatureDay.objects.aggregate(rows=Sum("rows"), wrong=Sum("unexpected_type")) == {
        "rows": total,
        "wrong": total,
    }
    assert IntakeHour.objects.aggregate(n=Sum("accepted"))["n"] == total
    assert not BatchStage.objects.filter(stage=Stage.INSPECT, done_at=None).exists()


def test_a_matching_schema_closes_the_incident_even_during_inspections():
    model = make_model(features=[{"name": "income", "type": "number"}], slices=[])

    def change_schema() -> None:
        put_model(model.project, slug=model.slug, document={"features": [{"name": "income", "type": "text"}]})

    at_once(lambda: push_as_text(model, first=0), inspect, change_schema, inspect)
    inspecting.inspect_due()
    assert not Incident.objects.open().exists()


def test_of_concurrent_closings_only_one_succeeds():
    model = make_model(features=[{"name": "income", "type": "number"}], slices=[])
    push_as_text(model, first=0)
    inspecting.inspect_due()
    incident = Incident.objects.get()
    notes = []

    def close(note: str) -> None:
        with suppress(ConflictError):
            notes.append(incidents.close(Incident.objects.get(pk=incident.pk), by=None, note=note).note)

    at_once(lambda: close("one"), lambda: close("other"), lambda: push_as_text(model, first=10_000), inspect)
    inspecting.inspect_due()
    assert len(notes) == 1
    assert Incident.objects.closed().get().note == notes[0]
