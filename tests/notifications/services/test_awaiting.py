"""Editions wait for their reports, for an hour at most, and for final figures where their schedule asks."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from apps.accounts.models import Role
from apps.notifications.models import Edition, Letter, Subscription
from apps.notifications.services import awaiting
from apps.registry.models import MonitoredModel
from apps.reports.models import ComparisonJob, Report, ReportJob
from tests.factories import make_member, prediction_row, push_predictions
from tests.notifications.subscribers import DUE, publish, subscribe
from tests.reports.stored import make_report, report_model

pytestmark = pytest.mark.django_db


@pytest.fixture
def model() -> MonitoredModel:
    """A model with predictions in the last 28 days."""
    made = report_model()
    rows = [prediction_row(n, predicted_at=(DUE - timedelta(days=3)).isoformat()) for n in range(3)]
    push_predictions(made, rows)
    return made


def subscribed(model: MonitoredModel, **changes: Any) -> Subscription:
    return subscribe(make_member(model.project, Role.STAKEHOLDER), model, **changes)


def finish(job: ReportJob, *, as_of: datetime = DUE + timedelta(days=1)) -> Report:
    """Store the report of a job, as a worker would."""
    report = make_report(job.model, job.kind, start=job.start, end=job.end, as_of=as_of)
    ReportJob.objects.filter(pk=job.pk).update(report=report, finished_at=DUE)
    return report


def test_a_report_that_is_not_stored_is_asked_for_once_and_waited_for(model: MonitoredModel) -> None:
    subscribed(model)
    publish(DUE)
    publish(DUE + timedelta(minutes=1))
    job = ReportJob.objects.get()
    assert (job.kind, job.requested_by) == ("value", None)
    assert Letter.objects.get().next_try_at is None
    report = finish(job)
    publish(DUE + timedelta(minutes=2))
    edition = Edition.objects.get()
    assert (edition.report, edition.is_stale, edition.failure) == (report, False, "")
    assert Letter.objects.get().next_try_at is not None


def test_after_an_hour_the_newest_stored_report_goes_with_a_word(model: MonitoredModel) -> None:
    made = subscribed(model)
    days = {"start": (DUE - timedelta(days=27)).date(), "end": (DUE + timedelta(days=1)).date()}
    old = make_report(model, **days)
    publish(DUE)
    assert Edition.objects.get().ready_at is None
    publish(DUE + awaiting.PATIENCE)
    edition = made.schedule.editions.get()
    assert (edition.report, edition.is_stale) == (old, True)


def test_without_any_report_after_an_hour_the_letters_fail_and_say_why(model: MonitoredModel) -> None:
    subscribed(model)
    publish(DUE)
    publish(DUE + awaiting.PATIENCE)
    letter = Letter.objects.get()
    assert letter.failed_at is not None
    assert letter.said == "No report on this window could be made: the workers did not come to it within an hour."


def test_a_report_that_fails_is_not_waited_for(model: MonitoredModel) -> None:
    subscribed(model)
    publish(DUE)
    ReportJob.objects.update(finished_at=DUE + timedelta(minutes=1), error="No.")
    publish(DUE + timedelta(minutes=2))
    assert ReportJob.objects.count() == 1
    assert Letter.objects.get().said == "No report on this window could be made: it failed, and its page says why."


def test_a_time_without_predictions_is_told_and_no_report_is_asked_for() -> None:
    subscribed(report_model())
    publish(DUE)
    edition = Edition.objects.get()
    assert (edition.report, edition.failure) == (None, "")
    assert edition.ready_at is not None
    assert not ReportJob.objects.exists()


def test_a_schedule_waits_for_final_figures_but_no_longer_than_it_may(model: MonitoredModel) -> None:
    subscribed(model, waits_days=2)
    publish(DUE)
    publish(DUE + timedelta(days=1))
    assert not ReportJob.objects.exists()
    publish(DUE + timedelta(days=2))
    assert ReportJob.objects.count() == 1


def test_the_report_of_the_window_before_stands_beside(model: MonitoredModel) -> None:
    made = subscribed(model)
    start = (DUE - timedelta(days=27)).date()
    before = make_report(model, start=start - timedelta(days=28), end=start)
    publish(DUE)
    finish(ReportJob.objects.get(start=start))
    publish(DUE + awaiting.PATIENCE)
    assert made.schedule.editions.get().before == before


def test_the_reason_of_a_move_is_asked_for_and_waited_for_too() -> None:
    model = report_model()
    for days in (3, 31):
        push_predictions(model, [prediction_row(days, predicted_at=(DUE - timedelta(days=days)).isoformat())])
    subscribed(model)
    publish(DUE)
    for job in ReportJob.objects.all():
        finish(job, as_of=DUE)
    publish(DUE + timedelta(minutes=1))
    comparison = ComparisonJob.objects.get()
    assert (comparison.first_end, Edition.objects.get().ready_at) == (comparison.second_start, None)
    ComparisonJob.objects.update(finished_at=DUE, error="No.")
    publish(DUE + timedelta(minutes=2))
    assert Edition.objects.get().ready_at is not None
