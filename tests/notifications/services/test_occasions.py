"""Due moments: DST, months' ends, and long stops. Expected moments were read off `zdump -v` and a calendar."""

from datetime import UTC, datetime

from apps.notifications.models import Schedule
from apps.notifications.services.occasions import next_due, passed


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def daily(hour: int = 8, zone: str = "UTC") -> Schedule:
    return Schedule(cadence="daily", hour=hour, zone=zone)


def test_a_schedule_made_a_minute_before_its_hour_sends_the_same_day() -> None:
    assert next_due(daily(), after=at("2026-12-01 07:59")) == at("2026-12-01 08:00")


def test_what_is_due_at_this_moment_is_next_due_tomorrow() -> None:
    assert next_due(daily(), after=at("2026-12-01 08:00")) == at("2026-12-02 08:00")


def test_an_hour_that_clocks_leave_out_is_the_one_after_it() -> None:
    # Berlin: from 02:00 to 03:00 on 29 March 2026, at 01:00 UTC.
    schedule = daily(2, "Europe/Berlin")
    assert next_due(schedule, after=at("2026-03-28 12:00")) == at("2026-03-29 01:00")
    assert next_due(schedule, after=at("2026-03-29 01:00")) == at("2026-03-30 00:00")


def test_of_an_hour_that_comes_twice_the_first_counts_and_only_that() -> None:
    # Berlin: 02:00 summer time on 25 October 2026 is 00:00 UTC, 02:00 winter time 01:00 UTC.
    schedule = daily(2, "Europe/Berlin")
    assert next_due(schedule, after=at("2026-10-24 12:00")) == at("2026-10-25 00:00")
    assert next_due(schedule, after=at("2026-10-25 00:30")) == at("2026-10-26 01:00")


def test_eight_in_the_morning_stays_eight_over_the_change_of_clocks() -> None:
    schedule = daily(8, "America/New_York")
    assert next_due(schedule, after=at("2026-10-31 13:00")) == at("2026-11-01 13:00")


def test_a_day_ahead_of_utc_is_the_day_of_the_zone() -> None:
    schedule = Schedule(cadence="weekly", day=1, hour=8, zone="Pacific/Kiritimati")
    # Monday 7 December 2026, 08:00 at UTC+14, is Sunday 18:00 UTC.
    assert next_due(schedule, after=at("2026-12-02 00:00")) == at("2026-12-06 18:00")


def test_a_month_that_lacks_the_day_is_told_on_its_last_one() -> None:
    schedule = Schedule(cadence="monthly", day=31, hour=8, zone="UTC")
    assert next_due(schedule, after=at("2026-01-31 08:00")) == at("2026-02-28 08:00")
    assert next_due(schedule, after=at("2026-02-28 08:00")) == at("2026-03-31 08:00")
    assert next_due(schedule, after=at("2028-01-31 08:00")) == at("2028-02-29 08:00")


def test_three_days_without_a_worker_are_one_due_moment_and_two_that_are_missed() -> None:
    found = passed(daily(), since=at("2026-12-01 08:00"), now=at("2026-12-03 09:00"))
    assert (found.last, found.missed) == (at("2026-12-03 08:00"), 2)


def test_a_due_moment_that_has_just_come_misses_none() -> None:
    found = passed(daily(), since=at("2026-12-01 08:00"), now=at("2026-12-01 08:00"))
    assert (found.last, found.missed) == (at("2026-12-01 08:00"), 0)
