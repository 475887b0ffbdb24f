"""Make reports again when more is known; each sweep looks for them, and nothing announces them."""

import hashlib
import json
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, Max, OuterRef, Q, Subquery
from django.utils import timezone

from apps.common.isolation import one_by_one
from apps.predictions.models import Action, Batch, Prediction
from apps.registry.models import ModelVersion, MonitoredModel
from apps.reports.models import Comparison, FollowedWindow, Kind, Report, ReportJob
from apps.reports.services.configured import is_configured_anew, settings_of
from apps.reports.services.following import move_on
from apps.reports.services.jobs import TooManyJobsError, request_report
from apps.truth.models import Resolution
from apps.truth.services.cohorts import day_of, day_start, is_final

QUIET_MINUTES = 15
# A window that nobody has looked at for a day is made again this often at most.
UNSEEN, UNSEEN_QUIET = timedelta(days=1), timedelta(hours=6)
# A check takes seven queries where the model has news. A sweep comes every half minute; the next takes the rest.
MOST_CHECKED = 60
# A report takes a worker seconds: these leave most of its time to what people ask for.
MOST_IN_AN_HOUR = 120


def refresh_due(*, now: datetime | None = None) -> int:
    """Request a new report for followed windows whose newest one is out of date, and return the number of jobs."""
    moment = now or timezone.now()
    lately = ReportJob.objects.filter(is_refresh=True, requested_at__gt=moment - timedelta(hours=1)).count()
    room, requested = MOST_IN_AN_HOUR - lately, 0
    due = list(FollowedWindow.objects.due(moment).select_related("model__project", "version")[:MOST_CHECKED])

    known = _knowledge([window.model for window in due], now=moment)
    still = [window.pk for window in due if window.known == known[window.model_id]]
    FollowedWindow.objects.filter(pk__in=still).update(checked_at=moment)

    def check(window: FollowedWindow) -> None:
        nonlocal requested
        if requested < room:
            requested += _check(window, known=known[window.model_id], now=moment)

    one_by_one([window for window in due if window.pk not in still], check, name="refresh_reports")
    return requested


def _knowledge(models: Iterable[MonitoredModel], *, now: datetime) -> dict[int, str]:
    """Hash, by model, all that can make a report on it due: the record of truth, pushes, settings and the day."""
    by_key = {model.pk: model for model in models}
    of_model = {"model": OuterRef("pk")}
    newest = MonitoredModel.objects.filter(pk__in=by_key).values_list(
        "pk",
        Subquery(Resolution.objects.filter(**of_model).order_by("-seq").values("seq")[:1]),
        Subquery(Batch.objects.filter(**of_model).order_by("-id").values("pk")[:1]),
    )
    return {pk: _hash(by_key[pk], seq, batch, now=now) for pk, seq, batch in newest}


def _hash(model: MonitoredModel, seq: int | None, batch: int | None, *, now: datetime) -> str:
    basis = [seq, batch, str(day_of(model, now)), settings_of(model, Kind.VALUE)]
    return hashlib.sha256(json.dumps(basis, sort_keys=True).encode()).hexdigest()


def _check(window: FollowedWindow, *, known: str, now: datetime) -> int:
    """Look whether the window's report is to be made again; say when to look next."""
    quiet = timedelta(minutes=getattr(settings, "REPORT_QUIET_MINUTES", QUIET_MINUTES))
    move_on(window, now=now)
    newest = Report.objects.of_same_window(window).up_to_date().select_related("version").defer("document").first()
    window.checked_at, window.known = now, ""
    # Labels arrive one by one; a report for each of them would only fill the queue.
    window.quiet_until = newest.created_at + quiet if newest else None
    requested = 0
    if window.quiet_until is None or window.quiet_until <= now:
        if not _is_due(window, newest, now=now):
            window.known, window.quiet_until = known, None
        elif not _was_requested_since(window, newest) and (requested := _request(window, newest)):
            window.quiet_until = now + (UNSEEN_QUIET if now - window.seen_at > UNSEEN else quiet)
    window.save()
    return requested


def _is_due(window: FollowedWindow, newest: Report | None, *, now: datetime) -> bool:
    if newest is None:
        start, end = (day_start(window.model, day) for day in (window.start, window.end))
        rows = Prediction.objects.filter(model=window.model).of_version(window.version)
        rows = rows.filter(predicted_at__gte=start, predicted_at__lt=end)
        return rows.exists()
    return is_outdated(newest, now=now)


def is_outdated(report: Report, *, now: datetime) -> bool:
    """Say whether more is known of the window's predictions than the report knew, or its settings have changed."""
    window: dict[str, Any] = {"start": report.start, "end": report.end, "version": report.version}
    known_at = known_by(report)
    return is_more_known(report.model, seq=report.seq, known_at=known_at, now=now, **window) or is_configured_anew(
        report
    )


def is_more_known(
    model: MonitoredModel,
    *,
    start: date,
    end: date,
    version: ModelVersion | None,
    seq: int,
    known_at: datetime,
    now: datetime,
) -> bool:
    """Say whether more is known of a window's predictions than at a number of the record of truth and a moment."""
    first, after = day_start(model, start), day_start(model, end)
    newer = Resolution.objects.filter(model=model, seq__gt=seq).predicted_between(first, after)
    if version is not None:
        newer = newer.filter(prediction__version=version)
    about = Prediction.objects.filter(model=model, external_id=OuterRef("external_id")).of_version(version)
    about = about.filter(predicted_at__gte=first, predicted_at__lt=after)
    acted = Action.objects.filter(Exists(about), model=model, received_at__gt=known_at)
    return (
        newer.exists()
        or acted.exists()
        or _final_days(model, start, end, as_of=now) != _final_days(model, start, end, as_of=known_at)
        or _has_new_days(model, start, end, version=version, known_at=known_at, now=now)
    )


def known_by(made: Report | Comparison) -> datetime:
    """Return a moment of which a report knows everything: making it again without news gives the same report."""
    jobs = made.jobs.filter(as_of=None) if isinstance(made, Report) else made.jobs.all()
    again: datetime | None = jobs.aggregate(at=Max("requested_at"))["at"]
    return max(made.as_of, again) if again else made.as_of


def _final_days(model: MonitoredModel, start: date, end: date, *, as_of: datetime) -> int:
    days = (end - start).days
    return sum(is_final(model, start + timedelta(days=day), as_of=as_of) for day in range(days))


def _has_new_days(
    model: MonitoredModel, start: date, end: date, *, version: ModelVersion | None, known_at: datetime, now: datetime
) -> bool:
    """Say whether the day has turned in an open window and predictions came: once a day is often enough."""
    day = day_of(model, known_at)
    if day >= min(end, day_of(model, now)):
        return False
    rows = Prediction.objects.filter(model=model, predicted_at__lt=day_start(model, end)).of_version(version)
    return rows.filter(predicted_at__gte=day_start(model, max(day, start)), received_at__gt=known_at).exists()


def _was_requested_since(window: FollowedWindow, newest: Report | None) -> bool:
    """Say whether a job for the same window is under way, or failed since and waits for a person to look at it."""
    same = ReportJob.objects.of_same_window(window).filter(as_of=None, report=None)
    failed = Q(finished_at__gt=newest.created_at) if newest else Q(finished_at__isnull=False)
    return bool(same.filter(Q(finished_at=None) | failed).exists())


def _request(window: FollowedWindow, newest: Report | None) -> int:
    """Request the report, or repeat the last request, and return 1; 0 where the project has no room yet."""
    last = newest.jobs.filter(as_of=None).order_by("-id").first() if newest else None
    declared = {each.name for each in window.model.slice_list}
    slices = None if last is None else [name for name in last.slices if name in declared]
    try:
        request_report(
            window.model,
            window.kind,
            window.start,
            window.end,
            version=window.version.name if window.version else None,
            slices=slices,
            is_refresh=True,
        )
    except TooManyJobsError:
        return 0
    return 1
