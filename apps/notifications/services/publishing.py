"""Open editions: one for each due moment that has come, and one for each event that a schedule waits for.

A schedule's row lock admits one worker at a time, and the key of an edition makes it one however often it is found.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from apps.common import doorbell
from apps.common.isolation import one_by_one
from apps.notifications.models import EVENTS, Alert, Cadence, Edition, Letter, RuleKind, Schedule
from apps.notifications.services import occasions
from apps.notifications.services.signs import moved_by
from apps.reports.models import Report
from apps.reports.services.standing import days_of, final_window
from apps.reports.services.windows import today_of
from apps.truth.services.cohorts import day_of, day_start

BELL = "publish"
LETTERS_AT_ONCE = 5_000
RESTATED = "A figure of this report moved by more than half its range."
BELOW, MET = "Right decisions have fallen below their target.", "Right decisions are no longer below their target."


@dataclass(frozen=True)
class Occasion:
    """A reason to send: a due moment, or something that happened."""

    key: str
    at: datetime
    start: date
    end: date
    missed: int = 0
    cause: str = ""


def open_due(*, now: datetime | None = None) -> int:
    """Open the editions of all schedules that are due, and return how many."""
    moment = now or timezone.now()
    working = Schedule.objects.working()
    due = working.filter(next_due_at__lte=moment).order_by("next_due_at", "pk")
    upon_events = working.filter(cadence__in=EVENTS).order_by("pk")
    numbers = [*due.values_list("pk", flat=True), *upon_events.values_list("pk", flat=True)]
    return sum(one_by_one(numbers, lambda pk: _open(pk, now=moment), name="publish"))


@transaction.atomic
def _open(pk: int, *, now: datetime) -> int:
    locked = Schedule.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=pk)
    schedule = locked.select_related("project", "model__project").first()
    if schedule is None:
        return 0
    opened = sum(_write(schedule, occasion) for occasion in OCCASIONS.get(schedule.cadence, _by_clock)(schedule, now))
    schedule.save(update_fields=["next_due_at", "final_end", "last_report"])
    return opened


def _by_clock(schedule: Schedule, now: datetime) -> Iterator[Occasion]:
    """The newest due moment that has passed: after a long stop, the reports of each day before are no news."""
    if schedule.next_due_at is None or schedule.next_due_at > now:
        return
    found = occasions.passed(schedule, since=schedule.next_due_at, now=now)
    schedule.next_due_at = occasions.next_due(schedule, after=now)
    start, end = _days(schedule, at=found.last)
    yield Occasion(found.last.isoformat(), found.last, start, end, missed=found.missed)


def _days(schedule: Schedule, *, at: datetime) -> tuple[date, date]:
    """Return the days of the window as it stood at a moment; all models of a project have the same calendar."""
    model = schedule.model or schedule.project.models.filter(archived_at=None).order_by("-maturity_days").first()
    if model is None:
        day = at.astimezone(schedule.project.zone).date()
        return day, day
    return days_of(model, schedule.standing, today=day_of(model, at))


def _final(schedule: Schedule, now: datetime) -> Iterator[Occasion]:
    assert schedule.model is not None, "upon events, a schedule is about one model"
    window = final_window(schedule.model, schedule.standing, today=today_of(schedule.model, now=now))
    if window is None or (schedule.final_end is not None and window[1] <= schedule.final_end):
        return
    schedule.final_end = window[1]
    yield Occasion(f"final {window[0]}", now, *window, cause="All days of this window are final now.")


def _restated(schedule: Schedule, now: datetime) -> Iterator[Occasion]:
    """Reports on windows that were over before, with a figure that moved by more than half its range."""
    rows = Report.objects.filter(model=schedule.model, pk__gt=schedule.last_report).order_by("pk")
    for report in rows.select_related("model__project", "previous").defer("previous__document"):
        schedule.last_report = report.pk
        before = report.previous
        if report.kind != schedule.kind or report.version_id is not None or before is None:
            continue
        if before.as_of >= day_start(report.model, report.end) and moved_by(report) >= 1:
            yield Occasion(f"restated {report.pk}", now, report.start, report.end, cause=RESTATED)


def _target(schedule: Schedule, now: datetime) -> Iterator[Occasion]:
    """Alerts that right decisions are below their target, and the ends of such alerts."""
    assert schedule.model is not None, "upon events, a schedule is about one model"
    start, end = days_of(schedule.model, schedule.standing, today=today_of(schedule.model, now=now))
    told = set(schedule.editions.values_list("key", flat=True))
    alerts = Alert.objects.fired().filter(model=schedule.model, kind=RuleKind.TARGET)
    for alert in alerts.filter(fired_at__gt=schedule.created_at):
        yield from _unless(told, Occasion(f"below {alert.pk}", now, start, end, cause=BELOW))
    for alert in alerts.filter(resolved_at__gt=schedule.created_at):
        yield from _unless(told, Occasion(f"met {alert.pk}", now, start, end, cause=MET))


def _unless(told: set[str], occasion: Occasion) -> Iterator[Occasion]:
    if occasion.key not in told:
        yield occasion


def _write(schedule: Schedule, occasion: Occasion) -> int:
    """Store an edition with a letter for each subscriber; return 0 where it is stored already."""
    fields = {"start": occasion.start, "end": occasion.end, "missed": occasion.missed, "cause": occasion.cause}
    edition, is_new = Edition.objects.get_or_create(
        schedule=schedule, key=occasion.key, defaults={"due_at": occasion.at, "look_at": occasion.at, **fields}
    )
    if not is_new:
        return 0
    people = schedule.subscriptions.active().order_by("pk").values_list("pk", flat=True)
    letters = [Letter(edition=edition, subscription_id=subscription) for subscription in people]
    Letter.objects.bulk_create(letters, batch_size=LETTERS_AT_ONCE)
    doorbell.ring_on_commit(BELL)
    return 1


OCCASIONS = {Cadence.FINAL: _final, Cadence.RESTATED: _restated, Cadence.TARGET: _target}
