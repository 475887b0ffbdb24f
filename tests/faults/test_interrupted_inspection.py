"""A worker that dies by kill -9 in the middle of inspecting: the batch is counted once all the same."""

import os
import signal
import subprocess
import sys

import pytest
from django.db import connection

from apps.monitoring.models import FeatureDay, IntakeHour
from apps.monitoring.services import inspecting
from apps.predictions.models import BatchStage, Stage
from apps.registry.models import Incident
from tests.factories import make_model, prediction_row, push_predictions

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

# Inspects, and stops dead after everything was written but before the commit.
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


def _database_url() -> str:
    settings = connection.settings_dict
    return f"postgresql://{settings['USER']}:{settings['PASSWORD']}@/{settings['NAME']}?host={settings['HOST']}"


def test_a_batch_whose_worker_is_killed_while_inspecting_is_counted_once():
    model = make_model(features=[{"name": "income", "type": "number"}], slices=[])
    push_predictions(model, [prediction_row(n, version="v7", features={"income": "text"}) for n in range(500)])

    for _ in range(3):
        environment = {**os.environ, "DATABASE_URL": _database_url(), "DJANGO_SETTINGS_MODULE": "config.settings"}
        worker = subprocess.Popen(
            [sys.executable, "-c", HANGING_WORKER], env=environment, stdout=subprocess.PIPE, text=True
        )
        assert worker.stdout is not None
        assert worker.stdout.readline().strip() == "in the middle"
        # While it lives, nobody else is given its batch.
        assert inspecting.inspect_due() == 0
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        assert not Incident.objects.exists()
        BatchStage.objects.filter(stage=Stage.INSPECT).update(lease_expires_at="2020-01-01T00:00:00Z")

    assert [inspecting.inspect_due(), inspecting.inspect_due()] == [1, 0]
    assert Incident.objects.get().rows == FeatureDay.objects.get().rows == IntakeHour.objects.get().accepted == 500
