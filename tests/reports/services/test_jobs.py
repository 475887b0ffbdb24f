"""Report jobs: requested once, limited in number, tried three times, with their error visible."""

import time
from datetime import timedelta
from unittest.mock import Mock, patch

import pytest
from django.utils import timezone

from apps.common.errors import ConflictError, DomainError, LeaseLostError
from apps.reports import services as reports
from apps.reports.models import Report, ReportJob
from apps.reports.services import jobs
from tests.factories import make_model
from tests.reports.worlds import FIRST, ask, label_draws, make_world, report_of

pytestmark = pytest.mark.django_db

BROKEN = patch("apps.reports.services.making.make_report", side_effect=RuntimeError("the disk is full"))


def request(model, **changes) -> ReportJob:
    asked = {"kind": "performance", "start": FIRST, "end": FIRST + timedelta(days=2), **changes}
    return reports.request_report(model, **asked)


def test_the_same_request_twice_is_one_job():
    model = make_model()
    assert request(model) == request(model)
    assert request(model, kind="value") != request(model)


def test_all_declared_slices_unless_some_are_named():
    model = make_model()
    assert request(model).slices == ["sex"]
    assert request(model, slices=[]).slices == []
    with pytest.raises(DomainError, match="no slice 'age'"):
        request(model, slices=["age"])


def test_an_empty_window_is_refused():
    with pytest.raises(DomainError, match="end after it starts"):
        request(make_model(), end=FIRST)


def test_a_project_has_only_so_many_unfinished_reports():
    model = make_model()
    for day in range(jobs.MAX_UNFINISHED):
        request(model, end=FIRST + timedelta(days=day + 1))
    with pytest.raises(reports.TooManyJobsError) as refusal:
        request(model, end=FIRST + timedelta(days=99))
    assert refusal.value.status == 429
    # Another project has its own limit.
    assert request(make_model()).status == "queued"


def test_a_job_runs_through_its_steps_to_a_report():
    world = make_world(100, days=2)
    job = ask(world)
    assert (job.status, job.progress) == ("queued", 0.0)
    assert reports.run_due() == 1
    job.refresh_from_db()

    assert (job.status, job.progress, job.step) == ("done", 1.0, "done")
    assert job.report.document["window"]["start"] == FIRST.isoformat()
    assert reports.run_due() == 0


def test_progress_is_written_in_words_while_it_runs():
    world = make_world(100, days=2)
    ask(world)
    seen = []
    with patch.object(jobs.Progress, "__call__", lambda self, step, progress: seen.append((step, progress))):
        reports.run_due()

    assert seen[0][0] == "reading predictions, outcomes and reviews"
    assert [progress for _, progress in seen] == sorted(progress for _, progress in seen)


def test_a_failing_job_is_tried_three_times_and_then_shows_its_error():
    job = request(make_model())
    with BROKEN:
        assert reports.run_due() == 3
    job.refresh_from_db()

    assert (job.status, job.attempts) == ("failed", 3)
    assert job.error == "RuntimeError: the disk is full"
    assert reports.run_due() == 0


def test_a_failed_job_can_be_tried_again():
    job = request(make_model())
    with BROKEN:
        reports.run_due()
    job.refresh_from_db()
    reports.retry_job(job)
    reports.run_due()
    job.refresh_from_db()

    assert (job.status, job.error) == ("done", "")
    with pytest.raises(ConflictError):
        reports.retry_job(job)


def test_a_report_that_takes_too_long_fails_at_once_and_can_be_tried_again(settings):
    settings.REPORT_SECONDS = 1
    job = request(make_model())
    with patch("apps.reports.services.making.make_report", side_effect=lambda job, tell: time.sleep(30)):
        assert reports.run_due() == 1
    job.refresh_from_db()

    assert (job.status, job.attempts) == ("failed", 1)
    assert job.error.startswith("The report took longer than")
    settings.REPORT_SECONDS = 60
    reports.retry_job(job)
    reports.run_due()
    job.refresh_from_db()
    assert (job.status, job.error) == ("done", "")


def test_a_turn_ends_with_the_report_begun_in_it_and_rings_for_the_rest(settings):
    first, second = request(make_model()), request(make_model())
    settings.REPORT_SECONDS = 0.01
    slowly = patch("apps.reports.services.jobs.run_job", side_effect=lambda job: time.sleep(0.02))
    with slowly, patch("apps.common.doorbell.ring") as rung:
        assert reports.run_due() == 1
    rung.assert_called_once_with(jobs.BELL)
    assert {ReportJob.objects.get(pk=job.pk).status for job in (first, second)} == {"running", "queued"}


def test_projects_take_turns():
    crowded, other = make_model(), make_model()
    first, second, third = (request(crowded, end=FIRST + timedelta(days=days)) for days in (1, 2, 3))
    theirs = request(other)
    assert list(ReportJob.objects.due()) == [first, theirs, second, third]
    ReportJob.objects.due().claim(seconds=60)
    assert ReportJob.objects.due().unleased().first() == theirs


def test_a_job_whose_worker_vanished_every_time_has_failed():
    job = request(make_model())
    ReportJob.objects.filter(pk=job.pk).update(
        attempts=3,
        lease_token="5cf9d5f2-8a44-4d8e-8f0c-0a2f5c1a7b11",
        lease_expires_at=timezone.now() - timedelta(minutes=1),
    )
    reports.run_due()
    job.refresh_from_db()

    assert job.status == "failed"
    assert "stopped" in job.error


def test_a_worker_that_lost_the_lease_writes_nothing():
    job = request(make_model())
    (mine,) = ReportJob.objects.due().claim(seconds=60)
    ReportJob.objects.filter(pk=job.pk).update(lease_token="5cf9d5f2-8a44-4d8e-8f0c-0a2f5c1a7b11")
    with pytest.raises(LeaseLostError):
        reports.run_job(mine)
    job.refresh_from_db()

    assert job.status == "running"
    assert not Report.objects.exists()


@pytest.mark.slow
def test_the_same_knowledge_gives_the_same_report():
    world = make_world(100, days=2)
    first, second = report_of(world), report_of(world)
    assert first == second

    label_draws(world)
    assert report_of(world) != first


@pytest.mark.slow
def test_one_figure_that_cannot_be_computed_leaves_the_others():
    world = make_world(300, days=2)
    label_draws(world)
    broken = {"auc": Mock(side_effect=ZeroDivisionError)}
    with patch.dict("apps.stats.estimators.metrics.OF_SCORE", broken):
        found = report_of(world).document["sections"]["all"]

    assert (found["auc"]["value"], found["auc"]["code"]) == (None, "failed")
    assert found["accuracy"]["value"] is not None
