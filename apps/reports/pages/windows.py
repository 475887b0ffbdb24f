"""The row of windows above a report, and the address of each."""

from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone

from apps.registry.models import MonitoredModel
from apps.reports.models import Report
from apps.reports.pages import numbers
from apps.reports.services.windows import Standing, Window, newest_report, offered, today_of

Days = tuple[date, date]

NAMES = {
    Standing.LAST_28_DAYS: "Last 28 days",
    Standing.THIS_QUARTER: "This quarter",
    Standing.LAST_QUARTER: "Last quarter",
}


@dataclass(frozen=True)
class Tab:
    """A window as people choose it."""

    label: str
    note: str
    address: str
    is_current: bool


def tabs(model: MonitoredModel, kind: str, *, shown: Days | None, version: str = "", now: datetime) -> list[Tab]:
    """Lay out the row; what is shown and is no standing window stands first."""
    windows, today = offered(model, now=now), today_of(model, now=now)
    row = [
        Tab(
            tab_label(window, today=today),
            _note(window, windows),
            address_of(model, kind, standing=window.standing),
            (window.start, window.end) == shown and not version,
        )
        for window in windows
    ]
    if shown and not any(tab.is_current for tab in row):
        period = numbers.period(*shown)
        label, note = (f"Version {version}", period) if version else (period, "days chosen")
        # The page itself: one version's reports are found by their number alone.
        row.insert(0, Tab(label, note, "" if version else address_of(model, kind, days=shown), is_current=True))
    return row


def address_of(model: MonitoredModel, kind: str, *, standing: str = "", days: Days | None = None) -> str:
    """Return the address of a window's newest report: it stays the same when more is known."""
    query = {"window": standing} if standing else {}
    if days and not standing:
        query = {"start": days[0].isoformat(), "end": days[1].isoformat()}
    return f"{reverse('reports', args=[model.project.slug, model.slug, kind])}?{urlencode(query)}"


def address_of_report(report: Report) -> str:
    """Return the address of its window where the report is the newest there, else its own."""
    newest = newest_report(report.model, report.kind, report.start, report.end)
    # Reports on one version have no address of a window.
    if newest is None or newest.pk != report.pk:
        return reverse("report", args=[report.model.project.slug, report.pk])
    days = (report.start, report.end)
    found = [window for window in offered(report.model, now=timezone.now()) if (window.start, window.end) == days]
    return address_of(report.model, report.kind, standing=found[0].standing if found else "", days=days)


def tab_label(window: Window, *, today: date) -> str:
    """Name a standing window: a month of this year without the year."""
    name = NAMES.get(window.standing)
    if name is None:
        return f"{window.start:%B}" if window.start.year == today.year else f"{window.start:%B %Y}"
    return name


def _note(window: Window, windows: list[Window]) -> str:
    state = "final" if window.is_final else "open"
    if window.standing == Standing.FINAL_MONTH:
        is_followed = any(other.standing == Standing.LAST_MONTH for other in windows)
        return "last final month" if is_followed else "last month, final"
    if window.standing == Standing.LAST_MONTH:
        return f"last month, {state}"
    return "this month so far" if window.standing == Standing.THIS_MONTH else state
