"""Standing windows: which days "last month" and its like are."""

from datetime import date, timedelta

from apps.registry.models import MonitoredModel
from apps.reports.models import Standing

Days = tuple[date, date]


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


def days_before(start: date, end: date) -> Days:
    """Return the days of the window before: as many months where it is of whole ones, else as many days.

    >>> days_before(date(2026, 3, 1), date(2026, 4, 1)), days_before(date(2026, 3, 9), date(2026, 3, 16))
    ((datetime.date(2026, 2, 1), datetime.date(2026, 3, 1)), (datetime.date(2026, 3, 2), datetime.date(2026, 3, 9)))
    """
    if start.day == end.day == 1:
        return _months_back(start, 12 * (end.year - start.year) + end.month - start.month), start
    return start - (end - start), start


def final_window(model: MonitoredModel, standing: str, *, today: date) -> Days | None:
    """Return the last month or quarter whose days are all final; None for a window of other days."""
    if standing == Standing.LAST_28_DAYS:
        return None
    is_quarter = standing in (Standing.THIS_QUARTER, Standing.LAST_QUARTER)
    # A day is final once the horizon has passed since its end.
    return days_of(model, Standing.LAST_QUARTER if is_quarter else Standing.LAST_MONTH, today=today - model.horizon)


def _months(first: date, number: int) -> Days:
    return first, _months_back(first, -number)


def _months_back(first: date, number: int) -> date:
    """Return the first day of the month so many months before the one that begins on `first`.

    >>> _months_back(date(2026, 2, 1), 3), _months_back(date(2026, 11, 1), -3)
    (datetime.date(2025, 11, 1), datetime.date(2027, 2, 1))
    """
    months = 12 * first.year + first.month - 1 - number
    return date(months // 12, months % 12 + 1, 1)
