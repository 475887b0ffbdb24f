"""Windows that every model has, by name: their days, their newest report, and a report on any other days."""

from datetime import date, datetime, timedelta

from django.db.models import TextChoices
from django.utils import timezone

from apps.accounts.models import User
from apps.registry.models import MonitoredModel
from apps.reports.models import Report, ReportJob
from apps.reports.services.jobs import request_report
from apps.reports.services.refresh import is_outdated
from apps.truth.services.cohorts import day_of

Days = tuple[date, date]


class Standing(TextChoices):
    """Windows that move with the calendar. Days are half-open, in the project's time zone."""

    FINAL_MONTH = "final_month"  # the last calendar month whose days are all final
    LAST_MONTH = "last_month"  # the calendar month before this one, final or still open
    THIS_MONTH = "this_month"
    LAST_28_DAYS = "last_28_days"  # today is the last of them
    THIS_QUARTER = "this_quarter"
    LAST_QUARTER = "last_quarter"


def today_of(model: MonitoredModel, *, now: datetime | None = None) -> date:
    """Return the present day in the project's time zone."""
    return day_of(model, now or timezone.now())


def days_of(model: MonitoredModel, standing: str, *, today: date) -> Days:
    """Return the half-open days of a standing window.

    This month and this quarter reach to their last day, though it lies ahead: all their reports are on the same days,
    so that what was said in the middle of the month can be compared with what is said at its end.
    """
    if standing == Standing.LAST_28_DAYS:
        return today - timedelta(days=27), today + timedelta(days=1)
    if standing in (Standing.THIS_QUARTER, Standing.LAST_QUARTER):
        first = today.replace(month=3 * ((today.month - 1) // 3) + 1, day=1)
        return _months(first if standing == Standing.THIS_QUARTER else _months_back(first, 3), 3)
    first = today.replace(day=1)
    if standing == Standing.FINAL_MONTH:
        # A day is final once the horizon has passed since its end.
        first = (today - model.horizon).replace(day=1)
    return _months(first if standing == Standing.THIS_MONTH else _months_back(first, 1), 1)


def standing_report(model: MonitoredModel, kind: str, standing: str, *, today: date) -> Report | None:
    """Return the newest stored report on a standing window."""
    return newest_report(model, kind, *days_of(model, standing, today=today))


def newest_report(model: MonitoredModel, kind: str, start: date, end: date) -> Report | None:
    """Return the newest stored report on these days, but for those on what was known at an earlier moment."""
    reports = Report.objects.filter(model=model, kind=kind, start=start, end=end, jobs__as_of=None)
    report: Report | None = reports.order_by("-id").first()
    return report


def want(
    model: MonitoredModel, kind: str, start: date, end: date, *, by: User | None = None, now: datetime | None = None
) -> Report | ReportJob:
    """Return the stored report on these days where it is current, else the job that makes one."""
    stored = newest_report(model, kind, start, end)
    if stored is not None and not is_outdated(stored, now=now or timezone.now()):
        return stored
    return request_report(model, kind, start, end, by=by)


def _months(first: date, number: int) -> Days:
    return first, _months_back(first, -number)


def _months_back(first: date, number: int) -> date:
    """Return the first day of the month so many months before the one that begins on `first`.

    >>> _months_back(date(2026, 2, 1), 3), _months_back(date(2026, 11, 1), -3)
    (datetime.date(2025, 11, 1), datetime.date(2027, 2, 1))
    """
    months = 12 * first.year + first.month - 1 - number
    return date(months // 12, months % 12 + 1, 1)
