"""How often a rule would have fired in the last days at some level, from what is still known of them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise

from apps.monitoring.models import DataEvent, IntakeHour
from apps.notifications.models import Alert, RuleKind
from apps.notifications.services.signs import LEAST_WEEKS, WEEKS, moved_by, value_of
from apps.predictions.models import BatchKind
from apps.registry.models import IncidentKind, MonitoredModel
from apps.reports.models import Report, ReportJob

LOOKED_BACK = timedelta(days=90)
HOUR, WEEK = timedelta(hours=1), timedelta(days=7)


def would_have_fired(model: MonitoredModel, kind: RuleKind, *, level: float | None, now: datetime) -> int:
    """Count the alerts of the last 90 days at this level; those that fired, where nothing else is kept."""
    if level is None:
        return 0
    return PAST.get(kind, _fired(kind))(model, level, now)


def _fired(kind: RuleKind) -> "Count":
    def count(model: MonitoredModel, _: float, now: datetime) -> int:
        fired: int = Alert.objects.fired().filter(model=model, kind=kind, fired_at__gte=now - LOOKED_BACK).count()
        return fired

    return count


def _events(kind: DataEvent.Kind) -> "Count":
    def count(model: MonitoredModel, level: float, now: datetime) -> int:
        events = DataEvent.objects.filter(model=model, kind=kind, found_at__gte=now - LOOKED_BACK)
        return sum(value_of(event) >= level for event in events)

    return count


def _silences(model: MonitoredModel, level: float, now: datetime) -> int:
    """Count the gaps in whose hours each of the weeks before had so many rows."""
    hours = IntakeHour.objects.filter(
        model=model, kind=BatchKind.PREDICTIONS, hour__gte=now - LOOKED_BACK - WEEKS * WEEK
    )
    rows = dict(hours.values_list("hour", "accepted"))
    busy = sorted(hour for hour, accepted in rows.items() if accepted)
    return sum(
        _is_silence(rows, busy[0], last, following, level)
        for last, following in pairwise(busy)
        if following - last > HOUR and following > now - LOOKED_BACK
    )


def _is_silence(rows: dict[datetime, int], first: datetime, last: datetime, following: datetime, level: float) -> bool:
    gap = [last + HOUR * n for n in range(1, min(int((following - last) / HOUR), int(WEEK / HOUR)))]
    weeks = [back for back in range(1, WEEKS + 1) if last - WEEK * back >= first]
    return len(weeks) >= LEAST_WEEKS and all(
        sum(rows.get(hour - WEEK * back, 0) for hour in gap) >= level for back in weeks
    )


def _targets(model: MonitoredModel, level: float, now: datetime) -> int:
    # Loads scipy, which few requests need.
    from apps.monitoring.services import targets  # noqa: PLC0415  # see above

    found = targets.of_quarter(model, now=now, target=level)
    return int(found is not None and found.is_below)


def _restated(model: MonitoredModel, level: float, now: datetime) -> int:
    reports = Report.objects.filter(model=model, previous__isnull=False, created_at__gte=now - LOOKED_BACK)
    return sum(moved_by(report) >= level for report in reports)


def _failed(model: MonitoredModel, _: float, now: datetime) -> int:
    jobs: int = ReportJob.objects.filter(model=model, report=None, finished_at__gte=now - LOOKED_BACK).count()
    return jobs


def _incidents(model: MonitoredModel, _: float, now: datetime) -> int:
    opened = model.incidents.exclude(kind=IncidentKind.DATA_CHANGED).filter(first_seen_at__gte=now - LOOKED_BACK)
    return len({moment.date() for moment in opened.values_list("first_seen_at", flat=True)})


Count = Callable[[MonitoredModel, float, datetime], int]
PAST: dict[RuleKind, Count] = {
    RuleKind.SILENCE: _silences,
    RuleKind.INCIDENT: _incidents,
    RuleKind.DRIFT: _events(DataEvent.Kind.INPUT),
    RuleKind.RIGHT: _events(DataEvent.Kind.RIGHT),
    RuleKind.TARGET: _targets,
    RuleKind.RESTATED: _restated,
    RuleKind.REPORT_FAILED: _failed,
}
