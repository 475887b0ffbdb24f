"""Standing windows: which days they are, by the calendar of the project."""

from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from apps.registry.models import MonitoredModel
from apps.reports.services import windows
from apps.reports.services.standing import days_of
from apps.reports.services.windows import Standing
from apps.truth.services.cohorts import day_start, is_final
from tests.factories import make_model, make_project, prediction_row, push_predictions

pytestmark = pytest.mark.django_db


# By a calendar: 1 December 2026 is a Tuesday, 2024 is a leap year.
@pytest.mark.parametrize(
    ("standing", "today", "first", "last"),
    [
        ("last_month", "2026-12-01", "2026-11-01", "2026-11-30"),
        ("last_month", "2026-01-31", "2025-12-01", "2025-12-31"),
        ("last_month", "2024-03-01", "2024-02-01", "2024-02-29"),
        ("this_month", "2026-12-31", "2026-12-01", "2026-12-31"),
        ("this_month", "2024-02-10", "2024-02-01", "2024-02-29"),
        ("last_28_days", "2026-12-01", "2026-11-04", "2026-12-01"),
        ("this_quarter", "2026-12-01", "2026-10-01", "2026-12-31"),
        ("this_quarter", "2026-01-01", "2026-01-01", "2026-03-31"),
        ("last_quarter", "2026-02-15", "2025-10-01", "2025-12-31"),
        ("last_quarter", "2026-04-01", "2026-01-01", "2026-03-31"),
        # With 60 days until a day is final: 30 September was final on 30 November, at its start.
        ("final_month", "2026-11-29", "2026-08-01", "2026-08-31"),
        ("final_month", "2026-11-30", "2026-09-01", "2026-09-30"),
        ("final_month", "2026-12-31", "2026-10-01", "2026-10-31"),
    ],
)
def test_a_standing_window_is_found_by_the_calendar(standing: str, today: str, first: str, last: str) -> None:
    model = make_model(maturity_days=60)
    start, end = days_of(model, standing, today=date.fromisoformat(today))
    assert (str(start), str(end - timedelta(days=1))) == (first, last)


def model_in(zone: str, **changes: Any) -> MonitoredModel:
    project = make_project()
    project.time_zone = zone
    project.save()
    return make_model(project, **changes)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Santiago"])
def test_the_last_final_month_is_final_and_the_next_one_is_not(zone: str) -> None:
    """Over two years of days, with both changes of the clock in each; in Santiago they come at midnight."""
    model = model_in(zone)
    for number, maturity in product(range(0, 730, 5), (0, 1, 30, 60, 365)):
        model.maturity_days = maturity
        today = date(2025, 1, 1) + timedelta(days=number)
        start, end = days_of(model, Standing.FINAL_MONTH, today=today)
        now = day_start(model, today)
        following = (end + timedelta(days=31)).replace(day=1)
        assert is_final(model, end - timedelta(days=1), as_of=now)
        assert not is_final(model, following - timedelta(days=1), as_of=now)
        assert (start.day, end.day) == (1, 1)


def test_a_month_begins_at_midnight_of_the_project() -> None:
    """Berlin: midnight of 1 November 2026 is 23:00 of the day before in UTC; of 1 July it is 22:00, summer time."""
    model = model_in("Europe/Berlin")
    assert windows.today_of(model, now=datetime(2026, 10, 31, 22, 59, tzinfo=UTC)) == date(2026, 10, 31)
    assert windows.today_of(model, now=datetime(2026, 10, 31, 23, 0, tzinfo=UTC)) == date(2026, 11, 1)
    assert windows.today_of(model, now=datetime(2026, 6, 30, 21, 59, tzinfo=UTC)) == date(2026, 6, 30)
    assert windows.today_of(model, now=datetime(2026, 6, 30, 22, 0, tzinfo=UTC)) == date(2026, 7, 1)


def test_a_prediction_a_minute_before_midnight_is_in_the_old_month() -> None:
    """In summer time, 23:59 on 30 September is 21:59 in UTC; in winter, 23:59 on 31 December is 22:59."""
    model = model_in("Europe/Berlin")
    berlin = ZoneInfo("Europe/Berlin")
    moments = [datetime(2025, 9, 30, 23, 59, tzinfo=berlin), datetime(2025, 12, 31, 23, 59, tzinfo=berlin)]
    push_predictions(model, [prediction_row(n, predicted_at=at.isoformat()) for n, at in enumerate(moments)])
    assert windows.seen_days(model) == (date(2025, 9, 30), date(2025, 12, 31))
    assert windows.has_predictions(model, date(2025, 9, 1), date(2025, 10, 1))
    assert not windows.has_predictions(model, date(2025, 10, 1), date(2025, 12, 31))
    assert not windows.has_predictions(model, date(2026, 1, 1), date(2026, 2, 1))


def test_only_windows_with_predictions_are_offered_and_each_span_once() -> None:
    model = make_model(maturity_days=0)
    now = datetime(2026, 12, 1, 12, tzinfo=UTC)
    assert windows.offered(model, now=now) == []
    push_predictions(model, [prediction_row(1, predicted_at="2026-11-20T00:00:00Z")])
    found = {window.standing: window.is_final for window in windows.offered(model, now=now)}
    # Every day is final at its end: November is both the last month and the last final one. December has nothing.
    assert found == {"final_month": True, "last_28_days": False, "this_quarter": False}


def test_pages_open_with_the_last_final_month_else_with_the_last_28_days() -> None:
    now = datetime(2026, 12, 1, 12, tzinfo=UTC)
    for maturity, expected in ((0, "final_month"), (60, "last_28_days")):
        model = make_model(maturity_days=maturity)
        push_predictions(model, [prediction_row(1, predicted_at="2026-11-20T00:00:00Z")])
        usual = windows.default_of(windows.offered(model, now=now))
        assert usual is not None
        assert usual.standing == expected


def test_the_nearest_day_with_predictions_is_found_on_either_side() -> None:
    model = make_model()
    assert windows.nearest_day(model, date(2026, 5, 1), date(2026, 6, 1)) is None
    rows = [
        prediction_row(1, predicted_at="2026-04-20T12:00:00Z"),
        prediction_row(2, predicted_at="2026-06-04T12:00:00Z"),
    ]
    push_predictions(model, rows)
    # From the end of May to 4 June it is nearer than from 20 April to the start.
    assert windows.nearest_day(model, date(2026, 5, 1), date(2026, 6, 1)) == date(2026, 6, 4)
    assert windows.nearest_day(model, date(2026, 4, 22), date(2026, 6, 1)) == date(2026, 4, 20)
