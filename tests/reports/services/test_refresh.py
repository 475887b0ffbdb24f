"""Refresh: a report is requested again when more is known of its window."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.reports import services as reports
from apps.reports.models import Report, ReportJob
from tests.predictions.actions import push_actions
from tests.reports.worlds import FIRST, World, close_days, correct_outcomes, make_world, report_of, send_outcomes

pytestmark = pytest.mark.django_db


@pytest.fixture
def closed() -> World:
    world = make_world(400, days=4)
    send_outcomes(world, range(400))
    close_days(world, before=4)
    return world


@pytest.mark.slow
def test_an_outdated_report_is_requested_again_after_a_quiet_time(closed):
    first = report_of(closed)
    correct_outcomes(closed, range(10))

    assert reports.refresh_due(now=first.created_at + timedelta(minutes=14)) == 0
    assert reports.refresh_due(now=first.created_at + timedelta(minutes=16)) == 1
    # The job under way is enough.
    assert reports.refresh_due(now=first.created_at + timedelta(minutes=17)) == 0
    job = ReportJob.objects.latest("id")
    assert (job.start, job.end, job.kind, job.slices) == (first.start, first.end, first.kind, ["sex"])

    reports.run_due()
    assert Report.objects.latest("id").previous == first
    assert reports.refresh_due(now=first.created_at + timedelta(hours=1)) == 0


@pytest.mark.slow
def test_a_changed_outcome_makes_due_the_windows_that_it_touches_and_no_other(closed):
    days = [FIRST + timedelta(days=number) for number in range(5)]
    windows = [(days[0], days[2]), (days[2], days[4]), (days[1], days[3]), (days[0], days[4])]
    for start, end in windows:
        reports.request_report(closed.model, "performance", start, end)
    reports.run_due()
    later = timezone.now() + timedelta(hours=1)
    assert reports.refresh_due(now=later) == 0

    correct_outcomes(closed, range(3, 4))  # of the last day
    assert reports.refresh_due(now=later) == 2
    due = ReportJob.objects.filter(report=None).order_by("start")
    assert list(due.values_list("start", "end")) == [windows[3], windows[1]]


@pytest.mark.slow
def test_what_was_done_makes_a_report_due_and_the_next_one_knows_it(closed):
    first = report_of(closed)
    later = first.created_at + timedelta(hours=1)
    push_actions(closed.model, [{"id": "unknown", "action": "yes", "taken_at": "2026-03-20T00:00:00Z"}])
    assert reports.refresh_due(now=later) == 0
    push_actions(closed.model, [{"id": "case-1", "action": "yes", "taken_at": "2026-03-20T00:00:00Z"}])
    assert reports.refresh_due(now=later) == 1
    reports.run_due()
    second = Report.objects.latest("id")
    assert (second.seq, second.previous) == (first.seq, first)
    assert second.document["overrides"]["groups"][0]["n"] == 1


def test_a_current_report_is_left_alone(closed):
    first = report_of(closed)
    assert reports.refresh_due(now=first.created_at + timedelta(hours=1)) == 0


@pytest.mark.slow
def test_a_report_as_of_a_moment_is_never_made_again(closed):
    report_of(closed, as_of=timezone.now())
    correct_outcomes(closed, range(10))
    assert reports.refresh_due(now=timezone.now() + timedelta(hours=1)) == 0


def test_days_that_became_final_make_a_window_due():
    world = make_world(200, days=4)
    close_days(world, before=2)
    first = report_of(world)

    end_of_day = first.created_at.replace(hour=23, minute=59, second=59)
    assert reports.refresh_due(now=min(first.created_at + timedelta(hours=1), end_of_day)) == 0
    assert reports.refresh_due(now=first.created_at + timedelta(days=2)) == 1
