"""Editions wait for their reports: each is asked for once, and after an hour the newest stored one is sent."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum

from django.db import transaction
from django.utils import timezone

from apps.common import doorbell
from apps.common.errors import DomainError
from apps.common.isolation import one_by_one
from apps.notifications.models import Edition, Letter
from apps.registry.models import MonitoredModel
from apps.reports.models import ComparisonJob, Kind, Report, ReportJob
from apps.reports.services import windows
from apps.reports.services.comparisons import Side, request_comparison
from apps.reports.services.standing import Days, days_before
from apps.truth.services.cohorts import is_final

BELL = "letters"
# So long the report is waited for; then the newest one goes out, with a word.
PATIENCE = timedelta(hours=1)
# Between two looks: at a report under way, and at days that are not final.
SOON, LATER = timedelta(seconds=20), timedelta(hours=1)
MOST_LOOKED_AT = 500
NO_REPORT = "No report on this window could be made: {}"
NOT_IN_TIME = "the workers did not come to it within an hour."
FAILED = "it failed, and its page says why."
NOTHING = "There was nothing to report on: no model of the project is in use."


class State(Enum):
    ABSENT = "no predictions on these days"
    CURRENT = "stored, with all that is known"
    UNDER_WAY = "asked for"
    FAILED = "its job has failed"


@dataclass(frozen=True)
class Awaited:
    """A report that an edition waits for: the newest one stored, and what is known of a better one."""

    report: Report | None
    state: State


def look_due(*, now: datetime | None = None) -> int:
    """Look at the editions that wait, and return how many are ready now."""
    moment = now or timezone.now()
    waiting = Edition.objects.waiting(moment).values_list("pk", flat=True)[:MOST_LOOKED_AT]
    return sum(one_by_one(list(waiting), lambda pk: _look(pk, now=moment), name="publish"))


@transaction.atomic
def _look(pk: int, *, now: datetime) -> bool:
    locked = Edition.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=pk, ready_at=None)
    edition = locked.select_related("schedule__project", "schedule__model__project").first()
    if edition is None:
        return False
    if not _waits_for_days(edition, now=now):
        edition.asked_at = edition.asked_at or now
        _of_model(edition, now=now) if edition.schedule.model else _of_all(edition, now=now)
    edition.save()
    if edition.ready_at is None:
        return False
    ended = {"failed_at": now, "said": edition.failure} if edition.failure else {"next_try_at": now}
    if Letter.objects.unsent().filter(edition=edition).update(**ended) and not edition.failure:
        doorbell.ring_on_commit(BELL)
    return True


def _waits_for_days(edition: Edition, *, now: datetime) -> bool:
    """Whether it waits until its days are final, as its schedule asks; then say when to look again."""
    until = edition.due_at + timedelta(days=edition.schedule.waits_days)
    models = models_of(edition)
    if now >= until or all(is_final(each, edition.end - timedelta(days=1), as_of=now) for each in models):
        return False
    edition.look_at = min(now + LATER, until)
    return True


def models_of(edition: Edition) -> list[MonitoredModel]:
    """Return the models that an edition is about."""
    schedule = edition.schedule
    if schedule.model is not None:
        return [schedule.model]
    return list(schedule.project.models.filter(archived_at=None).select_related("project").order_by("name"))


def _of_model(edition: Edition, *, now: datetime) -> None:
    """Take the report on the window, and the one on the window before, once both are there."""
    model, kind = edition.schedule.model, edition.schedule.kind
    assert model is not None, "a schedule of all models has no report of its own"
    spans = ((edition.start, edition.end), days_before(edition.start, edition.end))
    this, before = (_ask(model, kind, *days, edition=edition, now=now) for days in spans)
    is_made = all(each.report and each.state != State.UNDER_WAY for each in (this, before))
    compared = [_compare(model, kind, spans)] if is_made else []
    if not _may_go(edition, [this, before, *compared], now=now):
        return
    edition.report, edition.before = this.report, before.report
    edition.is_stale = this.report is not None and this.state != State.CURRENT
    if this.report is None and this.state != State.ABSENT:
        edition.failure = NO_REPORT.format(FAILED if this.state == State.FAILED else NOT_IN_TIME)


def _compare(model: MonitoredModel, kind: str, spans: tuple[Days, Days]) -> Awaited:
    """Ask for the comparison with the window before: it says why the figure moved."""
    this, before = (Side(*days) for days in spans)
    try:
        made = request_comparison(model, kind, before, this, once=True)
    except DomainError:
        return Awaited(None, State.UNDER_WAY)
    is_under_way = isinstance(made, ComparisonJob) and made.status in ("queued", "running")
    return Awaited(None, State.UNDER_WAY if is_under_way else State.CURRENT)


def _of_all(edition: Edition, *, now: datetime) -> None:
    """Wait for the reports on right decisions of all models, and on money where decisions have a value."""
    days = edition.start, edition.end
    models = models_of(edition)
    awaited = [_ask(model, kind, *days, edition=edition, now=now) for model in models for kind in kinds_of(model)]
    if not _may_go(edition, awaited, now=now):
        return
    edition.is_stale = any(each.state in (State.FAILED, State.UNDER_WAY) for each in awaited)
    if not models:
        edition.failure = NOTHING


def kinds_of(model: MonitoredModel) -> list[Kind]:
    """Return which reports tell of a model among others; the last one leads."""
    return [Kind.PERFORMANCE, Kind.VALUE] if model.value_models.exists() else [Kind.PERFORMANCE]


def _may_go(edition: Edition, awaited: list[Awaited], *, now: datetime) -> bool:
    """Whether all reports are there, or have been waited for long enough; else say when to look again."""
    is_over = now >= (edition.asked_at or now) + PATIENCE
    if is_over or not any(each.state == State.UNDER_WAY for each in awaited):
        edition.ready_at = now
        return True
    edition.look_at = now + SOON
    return False


def _ask(model: MonitoredModel, kind: str, start: date, end: date, *, edition: Edition, now: datetime) -> Awaited:
    """Look for a report, and ask for it unless it is stored and current, or its job has failed."""
    stored = windows.newest_report(model, kind, start, end)
    if stored is None and not windows.has_predictions(model, start, end):
        return Awaited(None, State.ABSENT)
    jobs = ReportJob.objects.filter(model=model, kind=kind, start=start, end=end, version=None, as_of=None)
    if jobs.filter(report=None, finished_at__gte=edition.asked_at).exists():
        return Awaited(stored, State.FAILED)
    try:
        made = windows.want(model, kind, start, end, now=now)
    except DomainError:
        # Too many reports are under way, or the model has just been archived: it is asked for again.
        return Awaited(stored, State.UNDER_WAY)
    return Awaited(made, State.CURRENT) if isinstance(made, Report) else Awaited(stored, State.UNDER_WAY)
