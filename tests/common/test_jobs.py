"""A job's lease is kept while its worker lives, however long a step takes, and runs out soon after."""

import time

import pytest

from apps.common import jobs
from apps.predictions.models import Upload
from tests.factories import make_model

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_lease_is_kept_during_a_long_step_and_nobody_else_takes_the_job(monkeypatch):
    monkeypatch.setattr(jobs, "LEASE_SECONDS", 1)
    monkeypatch.setattr(jobs, "BEAT_SECONDS", 0.1)
    Upload.objects.create(model=make_model(), kind="predictions", form="csv", size=1, confirmed_at="2026-03-02T00:00Z")
    claimed = []

    def work(upload: Upload) -> None:
        time.sleep(1.3)
        claimed.extend(Upload.objects.due().claim(seconds=60))
        upload.complete()

    assert jobs.run_next(Upload, work)
    assert claimed == []
    assert Upload.objects.get().finished_at is not None


def test_a_killed_workers_job_is_free_before_the_minute_is_over():
    assert jobs.BEAT_SECONDS < jobs.LEASE_SECONDS / 2
    from django.conf import settings

    assert jobs.LEASE_SECONDS + settings.SWEEP_SECONDS < 60


def test_a_job_done_in_its_second_attempt_is_done_and_keeps_no_error():
    Upload.objects.create(model=make_model(), kind="predictions", form="csv", size=1, confirmed_at="2026-03-02T00:00Z")
    [first] = Upload.objects.due().claim(seconds=60)
    first.fail(RuntimeError("The database went away."))
    assert Upload.objects.get().status == "queued"
    [second] = Upload.objects.due().claim(seconds=60)
    second.complete()
    upload = Upload.objects.get()
    assert (upload.status, upload.error) == ("done", "")
