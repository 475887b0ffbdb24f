"""How dates are written: all texts ask here, and the order of a project takes the place of “28 November 2026”.

Months by themselves, such as “November 2026”, are the same everywhere; files for programs write ISO 8601.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime

from django.db.models import TextChoices
from django.utils.dateformat import format as written


class DateFormat(TextChoices):
    DAY_FIRST = "day_first", "28 November 2026"
    MONTH_FIRST = "month_first", "November 28, 2026"
    POINTS = "points", "28.11.2026"
    SLASHES = "slashes", "28/11/2026"
    SLASHES_MONTH_FIRST = "slashes_month", "11/28/2026"
    ISO = "iso", "2026-11-28"


# Patterns of Django: with the year, and without it.
PATTERNS = {
    DateFormat.POINTS: ("d.m.Y", "d.m."),
    DateFormat.SLASHES: ("d/m/Y", "d/m"),
    DateFormat.SLASHES_MONTH_FIRST: ("m/d/Y", "m/d"),
    DateFormat.ISO: ("Y-m-d", "m-d"),
}
ENGLISH = re.compile(r"j (?P<month>[FM])(?P<year> Y)?")
_in_force: ContextVar[str] = ContextVar("date_format", default=DateFormat.DAY_FIRST)


@contextmanager
def dates_as(date_format: str) -> Iterator[None]:
    """Write dates so for the length of the block, in this thread."""
    token = _in_force.set(date_format)
    try:
        yield
    finally:
        _in_force.reset(token)


def ordered(pattern: str) -> str:
    """Return a pattern of Django in the order in force; what is no date with the day first stays as it is.

    >>> with dates_as("slashes_month"):
    ...     ordered("j F Y, H:i"), ordered("j M"), ordered("F Y")
    ('m/d/Y, H:i', 'm/d', 'F Y')
    """
    return ENGLISH.sub(_in_order, pattern)


def _in_order(found: re.Match[str]) -> str:
    in_force, month = _in_force.get(), found["month"]
    if in_force == DateFormat.MONTH_FIRST:
        return f"{month} j, Y" if found["year"] else f"{month} j"
    patterns = PATTERNS.get(in_force)  # type: ignore[call-overload]  # a plain text finds its member
    return patterns[0 if found["year"] else 1] if patterns else found[0]


def full(day: date) -> str:
    """Write a date.

    >>> full(date(2026, 11, 8))
    '8 November 2026'
    """
    return written(day, ordered("j F Y"))


def of_year(day: date) -> str:
    """Write a date of a year that is clear.

    >>> of_year(date(2026, 11, 8))
    '8 November'
    """
    return written(day, ordered("j F"))


def short(day: date) -> str:
    """Write a date of a year that is clear, where there is little room.

    >>> short(date(2026, 11, 8))
    '8 Nov'
    """
    return written(day, ordered("j M"))


def moment(at: datetime) -> str:
    """Write a moment in its own time zone.

    >>> from datetime import UTC
    >>> moment(datetime(2026, 11, 8, 9, 5, tzinfo=UTC))
    '8 November 2026, 09:05 UTC'
    """
    return written(at, ordered("j F Y, H:i T"))


def span(first: date, last: date, *, has_year: bool = True) -> str:
    """Write the days from one to another; what both share is said once, where names of months allow it.

    >>> span(date(2026, 9, 24), date(2026, 9, 29)), span(date(2025, 12, 30), date(2026, 1, 2))
    ('24 to 29 September 2026', '30 December 2025 to 2 January 2026')
    >>> with dates_as("points"):
    ...     span(date(2026, 9, 24), date(2026, 9, 29))
    '24.09. to 29.09.2026'
    """
    end = full(last) if has_year else of_year(last)
    if first == last:
        return end
    if first.year != last.year:
        return f"{full(first)} to {full(last)}"
    in_force = _in_force.get()
    is_one_month = first.month == last.month
    if is_one_month and in_force == DateFormat.DAY_FIRST:
        return f"{first.day} to {end}"
    if is_one_month and in_force == DateFormat.MONTH_FIRST:
        return f"{of_year(first)} to {last.day}" + (f", {last.year}" if has_year else "")
    # ISO 8601 puts the year first: left out of one end, it would seem to belong to the other.
    return f"{full(first) if has_year and in_force == DateFormat.ISO else of_year(first)} to {end}"
