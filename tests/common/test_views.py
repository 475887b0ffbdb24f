"""Health checks: alive, and ready with each part by name."""

import pytest
from celery import Celery
from django.test import Client

from apps.common.models import Heartbeat

pytestmark = pytest.mark.django_db


def test_a_process_is_alive_whatever_else_is_down():
    assert Client().get("/healthz").json() == {"status": "alive"}


def test_it_is_ready_once_database_broker_and_a_worker_are_up():
    Heartbeat.objects.beat("worker@here")
    answer = Client().get("/readyz")
    assert answer.status_code == 200
    assert [answer.json()[part]["ok"] for part in ("database", "broker", "worker")] == [True, True, True]


def test_a_silent_worker_is_named():
    Heartbeat.objects.create(name="worker@gone", seen_at="2020-01-01T00:00:00Z")
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["worker"]["ok"] is False
    assert answer.json()["database"]["ok"] is True


def test_a_broker_that_is_down_is_named_and_stops_no_push(settings, monkeypatch, django_capture_on_commit_callbacks):
    from apps.common import doorbell
    from tests.factories import make_model, prediction_row, push_predictions

    down = Celery("down", broker="redis+socket:///nonexistent/valkey.sock", set_as_current=False)
    monkeypatch.setattr("apps.common.views.current_app", down)
    monkeypatch.setattr(doorbell, "current_app", down)
    assert Client().get("/readyz").json()["broker"]["ok"] is False
    with django_capture_on_commit_callbacks(execute=True) as rung:
        assert push_predictions(make_model(), [prediction_row(1)]).accepted == 1
    assert rung
