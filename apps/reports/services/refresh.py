"""Make reports again when more is known; each sweep looks for them, and nothing announces them."""

from datetime import date, datetime, timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from apps.common.isolation import one_by_one
from apps.predictions.models import Action, Prediction
from apps.registry.models import MonitoredModel
from apps.reports.models import Report, ReportJob
from apps.reports.services.jobs import TooManyJobsError, request_report
from apps.truth.models import Resolution
from apps.truth.services.cohorts import day_start, is_final

QUIET_MINUTES = 15


def refresh_due(*, now: datetime | None = None) -> int:
    """Request a new report for every window whose newest one is out of date, and return the number of jobs."""
    moment = now or timezone.now()
    quiet = timedelta(minutes=getattr(settings, "REPORT_QUIET_MINUTES", QUIET_MINUTES))
    current = Report.objects.filter(jobs__as_of=None, model__archived_at=None)
    newest = current.newest_by_window().select_related("model__project", "version")
    # Labels arrive one by one; a report for each of them would only fill the queue.
    settled = [report for report in newest if moment - report.created_at >= quiet]
    return sum(one_by_one(settled, lambda report: _refresh(report, now=moment), name="refresh_reports"))


def _refresh(report: Report, *, now: datetime) -> int:
    if not is_outdated(report, now=now) or _was_requested_since(report):
        return 0
    return _request_again(report)


def is_outdated(report: Report, *, now: datetime) -> bool:
    """Say whether more is known of the window's predictions than the report knew."""
    start, end = day_start(report.model, report.start), day_start(report.model, report.end)
    newer = Resolution.objects.filter(model=report.model, seq__gt=report.seq).predicted_between(start, end)
    if report.version_id is not None:
        newer = newer.filter(prediction__version=report.version_id)
    about = Prediction.objects.filter(model=report.model, external_id=OuterRef("external_id"))
    about = about.of_version(report.version)
    about = about.filter(predicted_at__gte=start, predicted_at__lt=end)
    acted = Action.objects.filter(Exists(about), model=report.model, received_at__gt=report.as_of)
    return (
        newer.exists()
        or acted.exists()
        or _final_days(report.model, report.start, report.end, as_of=now)
        != _final_days(report.model, report.start, report.end, as_of=report.as_of)
    )


def _final_days(model: MonitoredModel, start: date, end: date, *, as_of: datetime) -> int:
    days = (end - start).days
    return sum(is_final(model, start + timedelta(days=day), as_of=as_of) for day in range(days))


def _was_requested_since(report: Report) -> bool:
    """Say whether a job for the same window is under way, or failed since and waits for a person to look at it."""
    same = ReportJob.objects.of_same_window(report).filter(as_of=None, report=None)
    return bool(same.filter(Q(finished_at=None) | Q(finished_at__gt=report.created_at)).exists())


def _request_again(report: Report) -> int:
    """Repeat the last request and return 1; 0 where the project has no room, and a later sweep tries again."""
    last = report.jobs.filter(as_of=None).latest("id")
    declared = {each.name for each in report.model.slice_list}
    try:
        request_report(
            report.model,
            report.kind,
            report.start,
            report.end,
            version=report.version.name if report.version else None,
            slices=[name for name in last.slices if name in declared],
        )
    except TooManyJobsError:
        return 0
    return 1
