"""Reports whose truth has moved on are made again, by looking: nobody tells."""

from datetime import date, datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from apps.registry.models import MonitoredModel
from apps.reports.models import Report, ReportJob
from apps.reports.services.jobs import TooManyJobsError, request_report
from apps.truth.models import Resolution
from apps.truth.services.cohorts import day_start, is_final

QUIET_MINUTES = 15


def refresh_due(*, now: datetime | None = None) -> int:
    """Ask anew for every window whose newest report is overtaken; answers how many jobs that made."""
    moment = now or timezone.now()
    quiet = timedelta(minutes=getattr(settings, "REPORT_QUIET_MINUTES", QUIET_MINUTES))
    standing = Report.objects.filter(jobs__as_of=None).newest_by_window().select_related("model__project")
    made = 0
    for report in standing:
        # Labels come one by one; a report for each of them would only make the queue long.
        if moment - report.created_at < quiet or not is_overtaken(report, now=moment):
            continue
        if not _was_asked_since(report):
            made += _ask_again(report)
    return made


def is_overtaken(report: Report, *, now: datetime) -> bool:
    """True where something is known of the window's predictions that the report did not know."""
    newer = Resolution.objects.filter(model=report.model, seq__gt=report.seq).predicted_between(
        day_start(report.model, report.start), day_start(report.model, report.end)
    )
    return newer.exists() or _final_days(report.model, report.start, report.end, as_of=now) != _final_days(
        report.model, report.start, report.end, as_of=report.as_of
    )


def _final_days(model: MonitoredModel, start: date, end: date, *, as_of: datetime) -> int:
    days = (end - start).days
    return sum(is_final(model, start + timedelta(days=day), as_of=as_of) for day in range(days))


def _was_asked_since(report: Report) -> bool:
    """A job for the same window is under way, or failed since: then it waits for somebody to look at it."""
    same = ReportJob.objects.filter(
        model=report.model, kind=report.kind, start=report.start, end=report.end, as_of=None, report=None
    )
    return bool(same.filter(Q(finished_at=None) | Q(finished_at__gt=report.created_at)).exists())


def _ask_again(report: Report) -> int:
    """The same request again, if the project has room for it; else a later bell finds it."""
    last = report.jobs.filter(as_of=None).latest("id")
    declared = {each.name for each in report.model.slice_list}
    try:
        request_report(
            report.model,
            report.kind,
            report.start,
            report.end,
            slices=[name for name in last.slices if name in declared],
        )
    except TooManyJobsError:
        return 0
    return 1
