"""Report jobs: requested, claimed, run with visible progress, finished or failed with a visible error."""

import time
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Min
from django.db.models.functions import Now
from django.utils import timezone

from apps.accounts.models import Project, User
from apps.common import doorbell
from apps.common.deadlines import deadline
from apps.common.durations import limit
from apps.common.errors import ConflictError, DomainError
from apps.common.jobs import run_next
from apps.common.numerals import count
from apps.registry.models import ModelVersion, MonitoredModel
from apps.registry.services.archiving import require_active
from apps.reports.models import ComparisonJob, EvidenceFile, Kind, ReportJob
from apps.reports.services.following import follow
from apps.truth.services.marks import mark_of

BELL = "run_reports"
MAX_UNFINISHED = 20
FIRST_YEAR, LONGEST = 2000, timedelta(days=3_700)


class TooManyJobsError(DomainError):
    """The project has as many unfinished reports as it may have."""

    status = 429
    code = "too_many_jobs"


@transaction.atomic
def request_report(
    model: MonitoredModel,
    kind: str,
    start: date,
    end: date,
    *,
    version: str | None = None,
    as_of: datetime | None = None,
    slices: Sequence[str] | None = None,
    by: User | None = None,
    is_refresh: bool = False,
) -> ReportJob:
    """Request a report on the days in [start, end); the same request made twice is one job.

    With a version, the report is about its predictions alone.
    Without `as_of`, the report uses everything known when it runs, and is made again when more is known. A moment of an
    earlier day means the end of that day.
    """
    require_active(model)
    if kind not in Kind.values:
        raise DomainError(f"There is no report of the kind {kind!r}.", code="unknown_kind")
    check_window(start, end, as_of)
    names, of_version = _slices(model, slices), version_named(model, version)
    if as_of is not None:
        # A moment of today is kept for minutes only, and the job may wait longer.
        mark_of(model, as_of)
    # One request at a time per project, or two could pass the limit together.
    Project.objects.select_for_update(no_key=True).get(pk=model.project_id)
    unfinished = ReportJob.objects.unfinished()
    same = unfinished.filter(model=model, kind=kind, start=start, end=end, as_of=as_of, slices=names)
    same = same.filter(version=of_version)
    if as_of is None and not is_refresh:
        follow(model, kind, start, end, version=of_version)
    if (job := same.first()) is not None:
        assert isinstance(job, ReportJob)
        if job.is_refresh and not is_refresh:
            same.filter(pk=job.pk).update(is_refresh=False)
        return job
    _check_room(model, by=by, is_refresh=is_refresh)
    job = ReportJob.objects.create(
        model=model,
        kind=kind,
        start=start,
        end=end,
        version=of_version,
        as_of=as_of,
        slices=names,
        requested_by=by,
        is_refresh=is_refresh,
    )
    doorbell.ring_on_commit(BELL)
    return job


def _check_room(model: MonitoredModel, *, by: User | None, is_refresh: bool) -> None:
    """Refuse what would keep others waiting: a project's limit, half of it for refreshes, a quarter for one person."""
    limit = getattr(settings, "MAX_UNFINISHED_REPORTS", MAX_UNFINISHED)
    waiting = ReportJob.objects.unfinished().filter(model__project=model.project_id, model__archived_at=None)
    mine = max(1, limit // 4)
    if by is not None and waiting.filter(requested_by=by).count() >= mine:
        under_way = "1 report" if mine == 1 else f"{mine} reports"
        raise TooManyJobsError(f"You already have {under_way} under way in this project. Try again when one is done.")
    if is_refresh and waiting.filter(is_refresh=True).count() >= max(1, limit // 2):
        raise TooManyJobsError("The reports being made again fill half of the places; the others are for people.")
    if waiting.count() >= limit:
        raise TooManyJobsError(f"This project already has {limit} reports under way. Try again when some are done.")


def version_named(model: MonitoredModel, name: str | None) -> ModelVersion | None:
    """Return the version of this name; None for all of them. Raises DomainError."""
    if name is None:
        return None
    version: ModelVersion | None = model.versions.filter(name=name).first()
    if version is None:
        raise DomainError(f"No prediction of a version {name!r} of this model has arrived.", code="unknown_version")
    return version


def check_window(start: date, end: date, as_of: datetime | None) -> None:
    """Refuse windows that are empty, too long or too early, and moments still to come. Raises DomainError."""
    if start >= end:
        raise DomainError("A window must end after it starts.", code="empty_window")
    if start.year < FIRST_YEAR or end - start > LONGEST:
        raise DomainError(
            f"A window must start in {FIRST_YEAR} or later and have at most {count(LONGEST.days)} days.",
            code="window_too_long",
        )
    if as_of is not None and as_of > timezone.now():
        raise DomainError("as_of must not be in the future.", code="as_of_in_future")


def _slices(model: MonitoredModel, names: Sequence[str] | None) -> list[str]:
    declared = [each.name for each in model.slice_list]
    if names is None:
        return declared
    unknown = sorted(set(names) - set(declared))
    if unknown:
        raise DomainError(f"This model has no slice {unknown[0]!r}.", code="unknown_slice", slices=unknown)
    return list(dict.fromkeys(names))


def retry_job(job: ReportJob) -> None:
    """Try a failed job again."""
    retried = ReportJob.objects.filter(pk=job.pk, report=None).retry(step="", progress=0.0, requested_at=Now())
    if not retried:
        raise ConflictError("Only a failed report can be tried again.")
    doorbell.ring_on_commit(BELL)


def run_due() -> int:
    """Run the jobs that are due, one of each kind after the other, for one turn of the worker; return how many."""
    # Imported here: both limit their jobs as reports do.
    from apps.reports.services.comparisons import run_comparison  # noqa: PLC0415  # see above
    from apps.reports.services.evidence import run_evidence  # noqa: PLC0415  # see above

    run, until = 0, time.monotonic() + settings.REPORT_SECONDS
    kinds: tuple[tuple[Any, Any], ...] = (
        (ReportJob, run_job),
        (ComparisonJob, run_comparison),
        (EvidenceFile, run_evidence),
    )
    while done := sum(run_next(kind, work) for kind, work in kinds):
        run += done
        if time.monotonic() > until:
            doorbell.ring(BELL)
            break
    return run


def waiting_since() -> datetime | None:
    """Return when the oldest report that no worker has begun was requested; None without any."""
    since: datetime | None = ReportJob.objects.due().unleased().aggregate(since=Min("requested_at"))["since"]
    return since


def run_job(job: ReportJob) -> None:
    """Make a claimed job's report. Raises TookTooLongError."""
    # Imported here: pages and API request reports and need not load the engine (100 MB, seconds).
    from apps.reports.services.making import make_report  # noqa: PLC0415  # see above

    seconds = settings.REPORT_SECONDS
    with deadline(seconds, f"The report took longer than {limit(seconds)}. Try it with fewer days or slices."):
        report = make_report(job, tell=Progress(job))
    job.complete(report=report, step="done")


class Progress:
    """Writes each step to the job. Raises LeaseLostError."""

    def __init__(self, job: ReportJob | ComparisonJob) -> None:
        self.job = job

    def __call__(self, step: str, progress: float) -> None:
        self.job.fenced_update(step=step, progress=progress)
