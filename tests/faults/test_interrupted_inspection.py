"""A worker is killed while it inspects: the batch is still counted exactly once."""

import pytest

from apps.monitoring.models import FeatureDay, IntakeHour
from apps.monitoring.services import inspecting
from apps.predictions.models import BatchStage, Stage
from apps.registry.models import Incident
from tests.factories import make_model, prediction_row, push_predictions
from tests.faults.workers import stuck_worker

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

# Inspects, and hangs after everything is written but before the commit.
HANGING_WORKER = """
import django, time
django.setup()
from apps.registry.services import incidents
from apps.monitoring.services import inspecting

observe = incidents.observe

def hang(*args, **kwargs):
    observe(*args, **kwargs)
    print("in the middle", flush=True)
    time.sleep(600)

incidents.observe = hang
inspecting.inspect_due()
"""


def test_a_batch_whose_worker_is_killed_while_inspecting_is_counted_once():
    model = make_model(features=[{"name": "income", "type": "number"}], slices=[])
    push_predictions(model, [prediction_row(n, version="v7", features={"income": "text"}) for n in range(500)])

    for _ in range(3):
        with stuck_worker(HANGING_WORKER):
            # While the worker lives, no other gets its batch.
            assert inspecting.inspect_due() == 0
        assert not Incident.objects.exists()
        BatchStage.objects.filter(stage=Stage.INSPECT).update(lease_expires_at="2020-01-01T00:00:00Z")

    assert [inspecting.inspect_due(), inspecting.inspect_due()] == [1, 0]
    assert Incident.objects.get().rows == FeatureDay.objects.get().rows == IntakeHour.objects.get().accepted == 500
