"""A worker is killed while it trains new models: the study is made by the next one, once, or given up with a reason."""

import pytest

from apps.retraining import services
from apps.retraining.models import Study, StudyJob
from tests.factories import make_member
from tests.faults.workers import stuck_worker
from tests.retraining.worlds import make_learning_world

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

# Reads labels and features, and hangs before the first candidate is trained.
HANGING_WORKER = """
import django, time
django.setup()
from apps.retraining.services import making, studies

def hang(*args, **kwargs):
    print("in the middle", flush=True)
    time.sleep(600)

making.cross_fit = hang
studies.run_due()
"""


def let_the_lease_run_out() -> None:
    StudyJob.objects.update(lease_expires_at="2020-01-01T00:00:00Z")


def test_a_study_whose_worker_is_killed_is_made_by_the_next_one():
    model = make_learning_world()
    by = make_member(model.project).user
    job = services.request_study(model, days=365, without_sensitive=False, by=by)
    with stuck_worker(HANGING_WORKER):
        # While the worker lives, no other gets its study, and who asks meanwhile is told of this one.
        services.run_due()
        assert not Study.objects.exists()
        assert services.request_study(model, days=90, without_sensitive=False, by=by) == job
        job.refresh_from_db()
        assert job.status == "running"
    let_the_lease_run_out()
    services.run_due()
    job.refresh_from_db()
    assert (job.status, job.attempts, job.error) == ("done", 2, "")
    assert Study.objects.count() == 1


def test_a_study_that_kills_every_worker_is_given_up_and_can_be_tried_again():
    job = services.request_study(make_learning_world(), days=365, without_sensitive=False, by=None)
    for _ in range(StudyJob.MAX_ATTEMPTS):
        with stuck_worker(HANGING_WORKER):
            pass
        let_the_lease_run_out()
    services.run_due()
    job.refresh_from_db()
    assert job.status == "failed"
    assert job.error == "At every attempt, the worker stopped before it was done."
    services.retry_study(job)
    services.run_due()
    job.refresh_from_db()
    assert job.status == "done"
