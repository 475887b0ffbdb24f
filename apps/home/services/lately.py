"""What happened in a project in the last days: figures restated, alerts, reports that became final."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from apps.accounts.models import Project
from apps.notifications.models import Alert
from apps.reports.models import Headline

SHOWN = 5


@dataclass(frozen=True)
class Restated:
    """A figure that reads otherwise than at the beginning of these days."""

    headline: Headline
    was: float
    # {what became known: how many}
    why: dict[str, int]


@dataclass(frozen=True)
class Lately:
    """What happened since a moment; lists are cut, the numbers count everything."""

    since: datetime
    restated: list[Restated]
    restatements: int
    alerts: list[Alert]
    opened: int
    closed: int
    final: list[Headline]
    finals: int


def alerts_of(project: Project, *, since: datetime) -> list[Alert]:
    """Read the alerts that are open, and those that fired or closed since a moment; the newest first."""
    alerts = Alert.objects.in_project(project).fired()
    alerts = alerts.standing() | alerts.filter(Q(fired_at__gte=since) | Q(resolved_at__gte=since))
    return list(alerts.select_related("model", "acknowledged_by").order_by("-fired_at", "-pk"))


def lately(project: Project, alerts: Iterable[Alert], *, since: datetime, is_priced: bool) -> Lately:
    """Read what happened since a moment, beside these alerts; without money unless asked for."""
    rows = Headline.objects.in_project(project).filter(created_at__gte=since, model__archived_at=None)
    rows = rows.filter(Q(restated__isnull=False) | Q(is_newly_final=True)).exclude(value=None).defer("weeks")
    told = [row for row in rows.select_related("model").order_by("report") if is_priced or not row.currency]
    restated = [each for each in _restated(told) if each.was != each.headline.value]
    final = _final(told)
    found = [each for each in alerts if any(at is not None and at >= since for at in (each.fired_at, each.resolved_at))]
    closed = sum(alert.state == Alert.State.RESOLVED for alert in found)
    opened = sum(alert.fired_at is not None and alert.fired_at >= since for alert in found)
    return Lately(since, restated[:SHOWN], len(restated), found[:SHOWN], opened, closed, final[:SHOWN], len(final))


def _final(rows: Iterable[Headline]) -> list[Headline]:
    """Return one report that became final of each window: on its value, where that has a figure; the newest first."""
    by_window: dict[tuple[Any, ...], Headline] = {}
    for row in rows:
        window = (row.model_id, row.start, row.end)
        if row.is_newly_final and not (window in by_window and by_window[window].currency):
            by_window[window] = row
    return sorted(by_window.values(), key=lambda row: row.pk, reverse=True)


def _restated(rows: Iterable[Headline]) -> list[Restated]:
    """Return one restatement of each window, from what was said first to what is said now; the newest first."""
    by_window: dict[tuple[Any, ...], list[Headline]] = defaultdict(list)
    for row in rows:
        if row.restated and row.restated["was"] is not None:
            by_window[row.model_id, row.kind, row.start, row.end].append(row)
    found = [Restated(each[-1], _restatement(each[0])["was"], _why(each)) for each in by_window.values()]
    return sorted(found, key=lambda each: each.headline.pk, reverse=True)


def _why(rows: Iterable[Headline]) -> dict[str, int]:
    why: dict[str, int] = defaultdict(int)
    for row in rows:
        for what, count in _restatement(row)["why"].items():
            why[what] += count
    return dict(why)


def _restatement(row: Headline) -> dict[str, Any]:
    found: dict[str, Any] | None = row.restated
    assert found is not None
    return found
