"""Followed windows: what is made ahead, and how little of it."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.common.errors import DomainError
from apps.reports import services as reports
from apps.reports.models import FollowedWindow, Report, ReportJob
from apps.reports.services import following, refresh, windows
from apps.reports.services.windows import Standing
from tests.factories import make_member, make_model, prediction_row, push_predictions
from tests.reports.worlds import FIRST, World, close_days, correct_outcomes, make_world, report_of, send_outcomes

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def closed() -> World:
    world = make_world(400, days=4)
    send_outcomes(world, range(400))
    close_days(world, before=4)
    return world


def recent_model():
    """A model with predictions of today."""
    model = make_model()
    push_predictions(model, [prediction_row(n, predicted_at=timezone.now().isoformat()) for n in range(12)])
    return model


def test_a_window_that_is_wanted_is_stored_once_and_then_shown_at_once(closed: World) -> None:
    job = windows.want(closed.model, "performance", FIRST, closed.end)
    assert isinstance(job, ReportJob)
    assert windows.want(closed.model, "performance", FIRST, closed.end) == job
    reports.run_due()
    stored = windows.want(closed.model, "performance", FIRST, closed.end)
    assert isinstance(stored, Report)
    correct_outcomes(closed, range(10))
    assert isinstance(windows.want(closed.model, "performance", FIRST, closed.end), ReportJob)


def test_what_changes_nothing_gives_the_same_report_and_no_job_without_end(closed: World) -> None:
    """A day that turned final without a prediction changes no figure: the job finds the stored report again."""
    first = report_of(closed)
    empty = timezone.now() + HOUR
    job = reports.request_report(closed.model, "performance", FIRST, closed.end)
    reports.run_due()
    job.refresh_from_db()
    assert job.report == first
    assert not refresh.is_outdated(first, now=empty)


def test_a_changed_setting_makes_a_report_due_and_is_named_as_the_reason(closed: World) -> None:
    first = report_of(closed)
    later = first.created_at + HOUR
    closed.model.maturity_days += 3650
    closed.model.save()
    assert reports.refresh_due(now=later) == 1
    reports.run_due()
    second = Report.objects.latest("id")
    assert all(entry["why"]["maturity_days"] == 1 for entry in second.document["restatements"])
    assert second.settings["maturity_days"] == closed.model.maturity_days


def test_a_followed_standing_window_is_made_ahead_and_moves_on_with_the_days() -> None:
    model = recent_model()
    now = timezone.now()
    start, end = windows.days_of(model, Standing.LAST_28_DAYS, today=windows.today_of(model))
    following.follow(model, "performance", start, end, standing=Standing.LAST_28_DAYS)
    assert reports.refresh_due(now=now) == 1
    assert ReportJob.objects.get().is_refresh
    # A day later it is another window, which has no report yet.
    assert reports.refresh_due(now=now + timedelta(days=1)) == 1
    assert sorted(ReportJob.objects.values_list("start", flat=True)) == [start, start + timedelta(days=1)]


def test_a_window_that_nobody_looks_at_is_left_alone_after_two_weeks() -> None:
    model = recent_model()
    start, end = windows.days_of(model, Standing.LAST_28_DAYS, today=windows.today_of(model))
    following.follow(model, "performance", start, end, standing=Standing.LAST_28_DAYS)
    assert reports.refresh_due(now=timezone.now() + timedelta(days=14, hours=1)) == 0


def test_chosen_days_are_followed_until_they_are_final() -> None:
    model = make_model(maturity_days=60)
    start, end = FIRST, FIRST + timedelta(days=7)
    now = timezone.now().replace(year=2026, month=3, day=9)
    following.follow(model, "performance", start, end, now=now)
    window = FollowedWindow.objects.get()
    # The last day ends on 8 March; 60 days later it is final, on 7 May, and a day is left to make the report.
    assert f"{window.kept_until:%Y-%m-%d}" == "2026-05-08"


def test_many_looks_in_an_hour_are_written_down_once() -> None:
    model = make_model()
    for minute in (0, 1, 59):
        following.follow(model, "value", FIRST, FIRST + HOUR * 24, now=timezone.now() + timedelta(minutes=minute))
    first = FollowedWindow.objects.get()
    following.follow(model, "value", FIRST, FIRST + HOUR * 24, now=timezone.now() + timedelta(minutes=61))
    assert FollowedWindow.objects.get().seen_at > first.seen_at


def test_a_sweep_requests_few_reports_an_hour_and_looks_at_few_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refresh, "MOST_IN_AN_HOUR", 3)
    monkeypatch.setattr(refresh, "MOST_CHECKED", 4)
    model = recent_model()
    today = windows.today_of(model)
    for days in range(1, 9):
        following.follow(model, "performance", today - timedelta(days=days), today + timedelta(days=1))
    now = timezone.now()
    assert [reports.refresh_due(now=now) for _ in range(3)] == [3, 0, 0]
    assert ReportJob.objects.filter(is_refresh=True).count() == 3


def test_refreshes_leave_half_of_the_places_to_people_who_come_first(settings: object) -> None:
    settings.MAX_UNFINISHED_REPORTS = 4
    model = recent_model()
    today = windows.today_of(model)
    for days in range(1, 5):
        following.follow(model, "performance", today - timedelta(days=days), today + timedelta(days=1))
    assert reports.refresh_due() == 2
    person = reports.request_report(model, "value", today, today + timedelta(days=1))
    assert ReportJob.objects.due().first() == person
    # Whoever asks for what is being made again asks for the same job, which counts as theirs from then on.
    again = ReportJob.objects.filter(is_refresh=True).latest("id")
    assert reports.request_report(model, again.kind, again.start, again.end) == again
    assert ReportJob.objects.filter(is_refresh=True).count() == 1


def test_one_person_may_have_a_quarter_of_the_places(settings: object) -> None:
    settings.MAX_UNFINISHED_REPORTS = 8
    model = recent_model()
    one, other = (make_member(model.project).user for _ in range(2))
    today = windows.today_of(model)
    for days in (1, 2):
        reports.request_report(model, "value", today - timedelta(days=days), today, by=one)
    with pytest.raises(reports.TooManyJobsError, match="You already have 2 reports"):
        reports.request_report(model, "value", today - timedelta(days=9), today, by=one)
    assert reports.request_report(model, "value", today - timedelta(days=9), today, by=other)


def test_predictions_of_a_new_day_make_an_open_window_due_once_the_day_has_turned() -> None:
    world = make_world(40, days=1)
    start, end = windows.days_of(world.model, Standing.THIS_MONTH, today=windows.today_of(world.model))
    following.follow(world.model, "performance", start, end, standing=Standing.THIS_MONTH)
    now = timezone.now()
    push_predictions(world.model, [prediction_row(900, predicted_at=now.isoformat())])
    assert reports.refresh_due(now=now) == 1
    reports.run_due()
    report = Report.objects.get()
    push_predictions(world.model, [prediction_row(901, predicted_at=timezone.now().isoformat())])
    at_night = windows.day_start(world.model, windows.today_of(world.model) + timedelta(days=1))
    if at_night.date() < end:
        assert not refresh.is_outdated(report, now=timezone.now())
        assert refresh.is_outdated(report, now=at_night + HOUR)


def test_days_are_refused_from_which_single_cases_could_be_worked_out() -> None:
    """Days of 10, 3 and 10 predictions: no window may begin or end at the three."""
    model = make_model()
    for day, size in ((1, 10), (2, 3), (3, 10)):
        rows = [prediction_row(n, id=f"{day}-{n}", predicted_at=f"2026-03-0{day}T12:00:00Z") for n in range(size)]
        push_predictions(model, rows)
    days = [FIRST + timedelta(days=n) for n in range(6)]
    windows.check_apart(model, days[0], days[2])
    windows.check_apart(model, days[0], days[5])
    for start, end in ((days[0], days[1]), (days[1], days[3])):
        with pytest.raises(DomainError, match="Too few predictions came on 2 March 2026"):
            windows.check_apart(model, start, end)


def test_a_window_without_news_costs_a_sweep_no_look(django_assert_max_num_queries: Any, closed: World) -> None:
    first = report_of(closed)
    later = first.created_at + HOUR
    assert reports.refresh_due(now=later) == 0
    with django_assert_max_num_queries(8):
        assert reports.refresh_due(now=later) == 0
    correct_outcomes(closed, range(10))
    assert reports.refresh_due(now=later) == 1
