"""The pictures of the intake page."""

from collections.abc import Iterable
from datetime import date, datetime

from apps.common.pictures import Bar, Chart, seconds
from apps.monitoring.pages.intake import Intake, Latency, Volume

VOLUME = (("accepted", "accepted"), ("sent before", "duplicate"), ("rejected", "rejected"))
LATENCY = (("half of the batches", "accepted"), ("95 % of the batches", "duplicate"))
REJECTED = (("rejected", "rejected"),)


def by_hour(intake: Intake, kind: str) -> Chart:
    volumes, zone = intake.by_hour[kind], intake.model.zone
    hours = ((_hour_label(hour.astimezone(zone)), volumes.get(hour, Volume())) for hour in intake.hours)
    return _volumes("Last 48 hours", "Rows an hour", ("Hour", "Accepted", "Sent before", "Rejected"), hours)


def by_day(intake: Intake, kind: str) -> Chart:
    volumes = intake.by_day(kind)
    days = ((_day_label(day), volumes.get(day, Volume())) for day in intake.days)
    return _volumes("Last 30 days", "Rows a day", ("Day", "Accepted", "Sent before", "Rejected"), days)


def latency(intake: Intake, latencies: dict[datetime, Latency]) -> Chart:
    """The lower part ends at the median, the upper at the 95th percentile."""
    bars = []
    for hour in intake.hours:
        label, found = _hour_label(hour.astimezone(intake.model.zone)), latencies.get(hour)
        if found is None:
            bars.append(Bar(label, (0.0, 0.0), ("", "")))
        else:
            cells = (seconds(found.median), seconds(found.p95))
            bars.append(Bar(label, (found.median, found.p95 - found.median), cells))
    columns = ("Hour", "Half within", "95 % within")
    return Chart("From arrival to drawn", "Seconds", LATENCY, columns, bars)


def rejected(intake: Intake, code: str) -> Chart:
    days = intake.rejected[code]
    bars = [Bar(_day_label(day), (days.get(day, 0),), (f"{days.get(day, 0):,}",)) for day in intake.days]
    return Chart(f"Rejected with {code}", "Rows a day", REJECTED, ("Day", "Rows"), bars)


def _volumes(title: str, unit: str, columns: tuple[str, ...], volumes: Iterable[tuple[str, Volume]]) -> Chart:
    bars = []
    for label, volume in volumes:
        parts = (volume.accepted, volume.duplicates, volume.rejected)
        bars.append(Bar(label, parts, tuple(f"{part:,}" for part in parts)))
    return Chart(title, unit, VOLUME, columns, bars)


def _hour_label(hour: datetime) -> str:
    return f"{hour.day} {hour:%B}, {hour:%H:%M}"


def _day_label(day: date) -> str:
    return f"{day.day} {day:%B}"
