"""Windows that every model has, by name: their days, their newest report, and a report on any other days."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from apps.accounts.models import User
from apps.common import dates
from apps.common.errors import DomainError
from apps.common.paging import keyset_page
from apps.predictions.models import Prediction
from apps.registry.models import ModelVersion, MonitoredModel
from apps.reports.models import Report, ReportJob, Standing
from apps.reports.services.jobs import request_report
from apps.reports.services.refresh import is_outdated
from apps.reports.services.small_cases import LEAST
from apps.reports.services.standing import days_of
from apps.truth.services.cohorts import day_of, day_start, is_final

__all__ = ["Standing", "days_of"]


@dataclass(frozen=True)
class Window:
    """A standing window on its present days."""

    standing: Standing
    start: date
    end: date
    is_final: bool


def today_of(model: MonitoredModel, *, now: datetime | None = None) -> date:
    """Return the present day in the project's time zone."""
    return day_of(model, now or timezone.now())


def offered(model: MonitoredModel, *, now: datetime) -> list[Window]:
    """List the standing windows that hold predictions, each span of days once: the last final month first."""
    ends = seen_days(model)
    if ends is None:
        return []
    windows: dict[tuple[date, date], Window] = {}
    for standing in Standing:
        start, end = days_of(model, standing, today=today_of(model, now=now))
        if start <= ends[1] and ends[0] < end:
            final = is_final(model, end - timedelta(days=1), as_of=now)
            windows.setdefault((start, end), Window(standing, start, end, final))
    return list(windows.values())


def default_of(windows: list[Window]) -> Window | None:
    """Choose the window that a page opens with: the last final month, else the last 28 days."""
    wanted = (Standing.FINAL_MONTH, Standing.LAST_28_DAYS)
    return next((window for standing in wanted for window in windows if window.standing == standing), None)


def seen_days(model: MonitoredModel) -> tuple[date, date] | None:
    """Return the days of the first and of the last prediction; None without any."""
    moments = Prediction.objects.filter(model=model).values_list("predicted_at", flat=True)
    first, last = moments.order_by("predicted_at").first(), moments.order_by("-predicted_at").first()
    return (day_of(model, first), day_of(model, last)) if first and last else None


def first_day(model: MonitoredModel) -> date | None:
    """Return the day of the first prediction; None without any."""
    moments = Prediction.objects.filter(model=model).values_list("predicted_at", flat=True)
    first = moments.order_by("predicted_at").first()
    return day_of(model, first) if first else None


def has_predictions(model: MonitoredModel, start: date, end: date) -> bool:
    rows = Prediction.objects.filter(model=model, predicted_at__gte=day_start(model, start))
    return rows.filter(predicted_at__lt=day_start(model, end)).exists()


def nearest_day(model: MonitoredModel, start: date, end: date) -> date | None:
    """Return the day with predictions that is nearest to a window without any; None if the model has none."""
    moments = Prediction.objects.filter(model=model).values_list("predicted_at", flat=True)
    before = moments.filter(predicted_at__lt=day_start(model, start)).order_by("-predicted_at").first()
    after = moments.filter(predicted_at__gte=day_start(model, end)).order_by("predicted_at").first()
    days = [day_of(model, moment) for moment in (before, after) if moment]
    return min(days, key=lambda day: max(start - day, day - end), default=None)


def standing_report(model: MonitoredModel, kind: str, standing: str, *, today: date) -> Report | None:
    """Return the newest stored report on a standing window."""
    return newest_report(model, kind, *days_of(model, standing, today=today))


def newest_report(
    model: MonitoredModel, kind: str, start: date, end: date, *, version: ModelVersion | None = None
) -> Report | None:
    """Return the newest stored report on these days, but for those on what was known at an earlier moment."""
    reports = Report.objects.filter(model=model, kind=kind, start=start, end=end, version=version).up_to_date()
    report: Report | None = reports.select_related("model__project", "version").first()
    return report


def want(
    model: MonitoredModel,
    kind: str,
    start: date,
    end: date,
    *,
    version: ModelVersion | None = None,
    by: User | None = None,
    now: datetime | None = None,
) -> Report | ReportJob:
    """Return the stored report on these days where it is current, else the job that makes one."""
    stored = newest_report(model, kind, start, end, version=version)
    if stored is not None and not is_outdated(stored, now=now or timezone.now()):
        return stored
    return request_report(model, kind, start, end, version=version.name if version else None, by=by)


def stored_reports(
    model: MonitoredModel, *, kind: str | None, days: tuple[date, date] | None, before: int | None, limit: int
) -> tuple[list[Report], int | None]:
    """Return a page of the model's reports, the newest first and without documents, and where the next one begins."""
    rows = Report.objects.filter(model=model).listed().order_by("-id")
    if kind:
        rows = rows.filter(kind=kind)
    if days:
        rows = rows.filter(start=days[0], end=days[1])
    if before:
        rows = rows.filter(pk__lt=before)
    return keyset_page(rows, limit=limit)


def check_apart(model: MonitoredModel, start: date, end: date) -> None:
    """Refuse days of one's own from which, less those of another report, fewer than ten predictions would be left.

    Those who may not see single cases choose only days that begin, and are followed, by a day of ten predictions or
    by none at all: between any two such bounds lie at least ten. Raises DomainError.
    """
    for bound, what in ((start, "start"), (end, "end")):
        later = Prediction.objects.filter(model=model, predicted_at__gte=day_start(model, bound))
        moment = later.order_by("predicted_at").values_list("predicted_at", flat=True).first()
        if moment is None:
            continue
        day = day_of(model, moment)
        ends = day_start(model, day + timedelta(days=1))
        if later.filter(predicted_at__lt=ends)[:LEAST].count() < LEAST:
            raise DomainError(
                f"Too few predictions came on {dates.full(day)} to {what} a window there: figures of single cases"
                " could be worked out from it. Choose a whole month, or other days.",
                code="too_few_apart",
            )
