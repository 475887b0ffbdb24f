"""Ready: database and broker answer, and no stage keeps due work waiting too long."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from apps.predictions.models import BatchStage, Stage, Upload
from apps.predictions.services import stages
from apps.registry.services import incidents
from apps.reports import services as reports
from apps.reports.models import ReportJob
from apps.review.models import ReviewItem
from apps.truth.services import resolving
from tests.factories import draw_all, make_model, prediction_row, push_predictions
from tests.review.factories import make_items, make_queue

pytestmark = pytest.mark.django_db

LONG_AGO = timezone.now() - timedelta(minutes=11)
STAGES = {
    *Stage.values,
    "resolve_items",
    "uploads",
    "reports",
    "studies",
    "deliveries",
    "letters",
    "mails",
    "file_checks",
    "trials",
}


def ask():
    answer = Client().get("/readyz")
    return answer.status_code, answer.json()


def late():
    """Return the stages that are called late."""
    status, states = ask()
    found = {name for name in STAGES if not states[name]["ok"]}
    assert status == (503 if found else 200)
    assert states["status"] == ("not ready" if found else "ready")
    return found


@pytest.fixture
def model():
    made = make_model()
    push_predictions(made, [prediction_row(1)])
    return made


def test_with_nothing_due_it_is_ready():
    status, states = ask()
    assert status == 200
    assert set(states) == {"status", "database", "broker", "workers", "model_files", *STAGES}
    assert {states[stage]["waits_s"] for stage in STAGES} == {0.0}


def test_work_that_has_just_come_is_not_late(model):
    assert late() == set()


@pytest.mark.parametrize("stage", [Stage.DRAW, Stage.RESOLVE, Stage.INSPECT])
def test_a_stage_whose_batch_waits_is_named(model, stage):
    BatchStage.objects.filter(stage=stage).update(created_at=LONG_AGO)
    assert late() == {stage}
    waits = (timezone.now() - LONG_AGO).total_seconds()
    assert ask()[1][stage]["waits_s"] == pytest.approx(waits, abs=60)


def test_cases_wait_since_their_batch_was_drawn(model):
    BatchStage.objects.update(created_at=LONG_AGO)
    draw_all(model)
    assert Stage.OPEN_ITEMS not in late()
    BatchStage.objects.filter(stage=Stage.OPEN_ITEMS).update(created_at=LONG_AGO)
    assert Stage.OPEN_ITEMS in late()


def test_the_age_that_is_late_is_a_setting(model, settings):
    BatchStage.objects.update(created_at=LONG_AGO)
    settings.LATE_SECONDS = 1_000
    assert late() == set()


def test_work_under_way_is_not_waiting(model):
    BatchStage.objects.update(created_at=LONG_AGO)
    stages.claim(Stage.DRAW, model=model.pk)
    assert Stage.DRAW not in late()


def test_a_batch_that_was_given_up_waits_for_a_person(model):
    BatchStage.objects.update(created_at=LONG_AGO, attempts=stages.MAX_ATTEMPTS)
    assert late() == set()
    assert {stage for stage, state in ask()[1].items() if stage in STAGES and state["given_up"]} == {
        Stage.DRAW,
        Stage.RESOLVE,
        Stage.INSPECT,
    }
    stages.retry(stages.given_up())
    assert late() == set()


def test_answers_that_nobody_resolves_are_late_unless_an_incident_tells_of_them():
    queue = make_queue()
    make_items(queue, 1)
    ReviewItem.objects.update(needs_resolution=True, labelled_at=timezone.now())
    assert late() == set()
    ReviewItem.objects.update(labelled_at=LONG_AGO)
    assert late() == {"resolve_items"}
    incidents.note_stuck(
        queue.model, resolving.ITEMS, rows=1, first_at=LONG_AGO, last_at=timezone.now(), detail="item 1"
    )
    assert late() == set()


def test_a_report_that_nobody_begins_is_late(model):
    today = timezone.now().date()
    job = reports.request_report(model, "performance", today, today + timedelta(days=1))
    assert late() == set()
    ReportJob.objects.update(requested_at=LONG_AGO)
    assert late() == {"reports"}
    ReportJob.objects.due().claim(seconds=60)
    assert late() == set()
    ReportJob.objects.update(finished_at=timezone.now(), lease_token=None, lease_expires_at=None)
    reports.retry_job(job)
    assert late() == set()


def test_a_file_that_nobody_begins_is_late_and_one_between_two_turns_is_not(model):
    file = Upload.objects.create(model=model, kind="predictions", form="csv", size=1, confirmed_at=LONG_AGO)
    assert late() == {"uploads"}
    Upload.objects.filter(pk=file.pk).update(position=1)
    assert late() == set()
    Upload.objects.filter(pk=file.pk).update(lease_expires_at=LONG_AGO, lease_token=uuid4())
    assert late() == {"uploads"}


def test_a_broker_that_is_down_is_named_and_stops_no_push(settings, django_capture_on_commit_callbacks):
    # Where doorbell and readiness look. Celery itself tries for six seconds.
    settings.CELERY_BROKER_URL = "redis+socket:///nonexistent/valkey.sock"
    status, states = ask()
    assert (status, states["broker"]["ok"], states["database"]["ok"]) == (503, False, True)
    with django_capture_on_commit_callbacks(execute=True) as rung:
        assert push_predictions(make_model(), [prediction_row(1)]).accepted == 1
    assert rung
