"""Due moments: an hour on a day in a time zone, also where clocks are put on or back and where months are short."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from apps.notifications.models import Cadence, Schedule


@dataclass(frozen=True)
class Passed:
    """The last of the due moments that have passed, and how many came before it."""

    last: datetime
    missed: int


def next_due(schedule: Schedule, *, after: datetime) -> datetime:
    """Return the first due moment after this one."""
    return next(_moments(schedule, after=after))


def passed(schedule: Schedule, *, since: datetime, now: datetime) -> Passed:
    """Return the last due moment up to now, counting from one that has passed."""
    last, missed = since, 0
    for moment in _moments(schedule, after=since):
        if moment > now:
            return Passed(last, missed)
        last, missed = moment, missed + 1
    raise AssertionError("there is always a next due moment")


def at_hour(day: date, hour: int, zone: ZoneInfo) -> datetime:
    """Return the moment at which clocks show this hour.

    An hour that is left out when clocks are put on is the first one after it, and of one that comes twice the first
    counts.

    >>> at_hour(date(2026, 3, 29), 2, ZoneInfo("Europe/Berlin")).isoformat()
    '2026-03-29T01:00:00+00:00'
    >>> at_hour(date(2026, 10, 25), 2, ZoneInfo("Europe/Berlin")).isoformat()
    '2026-10-25T00:00:00+00:00'
    """
    return datetime.combine(day, time(hour), tzinfo=zone).astimezone(UTC)


def _moments(schedule: Schedule, *, after: datetime) -> Iterator[datetime]:
    zone, hour = ZoneInfo(schedule.zone), schedule.hour
    assert hour is not None, "upon events, nothing is due by the clock"
    # A day earlier: between two zones, or two clocks, it may still be that day.
    day = after.astimezone(zone).date() - timedelta(days=1)
    while True:
        if _falls_on(schedule, day) and (moment := at_hour(day, hour, zone)) > after:
            yield moment
        day += timedelta(days=1)


def _falls_on(schedule: Schedule, day: date) -> bool:
    if schedule.cadence == Cadence.WEEKLY:
        return day.isoweekday() == schedule.day
    if schedule.cadence == Cadence.MONTHLY:
        return day.day == min(schedule.day or 1, monthrange(day.year, day.month)[1])
    return True
