"""Windows and days as people say them, in sentences and titles."""

from calendar import monthrange
from datetime import date, timedelta

from apps.common import dates


def day(moment: date) -> str:
    """
    >>> day(date(2026, 10, 14))
    '14 October 2026'
    """
    return dates.full(moment)


def is_month(start: date, end: date) -> bool:
    """Say whether the window is [first of a month, first of the next).

    >>> is_month(date(2026, 2, 1), date(2026, 3, 1)), is_month(date(2026, 2, 1), date(2026, 3, 2))
    (True, False)
    """
    return start.day == 1 and end == start + timedelta(days=monthrange(start.year, start.month)[1])


def last_day(end: date) -> date:
    """Return the last day of a half-open window.

    >>> last_day(date(2026, 11, 1))
    datetime.date(2026, 10, 31)
    """
    return end - timedelta(days=1)


def period(start: date, end: date) -> str:
    """Write the window [start, end) as a title, with the last day it includes.

    >>> period(date(2026, 10, 1), date(2026, 11, 1))
    'October 2026'
    >>> period(date(2026, 5, 3), date(2026, 10, 31))
    '3 May to 30 October 2026'
    >>> period(date(2025, 12, 3), date(2026, 1, 31))
    '3 December 2025 to 30 January 2026'
    >>> period(date(2026, 5, 25), date(2026, 6, 1))
    '25 to 31 May 2026'
    """
    if is_month(start, end):
        return f"{start:%B %Y}"
    return dates.span(start, last_day(end))


def in_period(start: date, end: date) -> str:
    """Write the window as the beginning of a sentence; the year of a month stands above it.

    >>> in_period(date(2026, 10, 1), date(2026, 11, 1)), in_period(date(2026, 5, 3), date(2026, 10, 31))
    ('In October', 'From 3 May to 30 October 2026,')
    """
    if is_month(start, end):
        return f"In {start:%B}"
    if end - start == timedelta(days=1):
        return f"On {day(start)},"
    return f"From {period(start, end)},"
