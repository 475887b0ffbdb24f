"""Charts of the intake page."""

from collections.abc import Iterable
from datetime import date, datetime

from apps.common import dates
from apps.common.bars import SMALL, Bar, BarChart, date_tick
from apps.common.durations import seconds
from apps.common.numerals import count
from apps.monitoring.pages.intake import Intake, Latency, Volume

VOLUME = (("accepted", "accepted"), ("sent before", "duplicate"), ("rejected", "rejected"))
LATENCY = (("median", "accepted"), ("95th percentile", "duplicate"))
REJECTED = (("rejected", "rejected"),)
PAGE, CARD = 912, 288  # pixels


def by_hour(intake: Intake, kind: str) -> BarChart:
    volumes = intake.by_hour[kind]
    bars = (_volume_bar(*_hour_labels(intake, hour), volumes.get(hour, Volume())) for hour in intake.hours)
    return _volumes("Last 48 hours", "Rows per hour", ("Hour", "Accepted", "Sent before", "Rejected"), bars)


def by_day(intake: Intake, kind: str) -> BarChart:
    volumes = intake.by_day(kind)
    bars = (_volume_bar(*_day_labels(intake, day), volumes.get(day, Volume())) for day in intake.days)
    return _volumes("Last 30 days", "Rows per day", ("Day", "Accepted", "Sent before", "Rejected"), bars)


def latency(intake: Intake, latencies: dict[datetime, Latency]) -> BarChart:
    """Stack each hour's 95th percentile on its median."""
    bars = []
    for hour in intake.hours:
        label, tick = _hour_labels(intake, hour)
        waits = latencies.get(hour)
        if waits is None:
            bars.append(Bar(label, (0.0, 0.0), ("", ""), tick))
        else:
            cells = (seconds(waits.median), seconds(waits.p95))
            bars.append(Bar(label, (waits.median, waits.p95 - waits.median), cells, tick))
    columns = ("Hour", "Median", "95 % within")
    return BarChart("From arrival to draw", "Seconds", LATENCY, columns, tuple(bars), width=PAGE)


def rejected(intake: Intake, code: str) -> BarChart:
    rows = intake.rejected[code]
    bars = []
    for day in intake.days:
        label, tick = _day_labels(intake, day)
        bars.append(Bar(label, (rows.get(day, 0),), (count(rows.get(day, 0)),), tick))
    title = f"Rejected with {code}"
    return BarChart(title, "Rows per day", REJECTED, ("Day", "Rows"), tuple(bars), width=CARD, height=SMALL)


def _volumes(title: str, unit: str, columns: tuple[str, ...], bars: Iterable[Bar]) -> BarChart:
    return BarChart(title, unit, VOLUME, columns, tuple(bars))


def _volume_bar(label: str, tick: str, volume: Volume) -> Bar:
    parts = (volume.accepted, volume.duplicates, volume.rejected)
    return Bar(label, parts, tuple(count(part) for part in parts), tick)


def _hour_labels(intake: Intake, moment: datetime) -> tuple[str, str]:
    """Return the hour's label for the table and its tick: midnight shows the date, noon the time, others nothing."""
    hour = moment.astimezone(intake.model.zone)
    tick = dates.short(hour) if hour.hour == 0 else f"{hour:%H:%M}" if hour.hour == 12 else ""
    return f"{dates.of_year(hour)}, {hour:%H:%M}", tick


def _day_labels(intake: Intake, day: date) -> tuple[str, str]:
    return dates.of_year(day), date_tick(day, newest=intake.days[-1])
