"""Who gets which report by itself, and when. People subscribe themselves; owners subscribe others of the project."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from django.core import signing
from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now
from django.utils import timezone

from apps.accounts.models import ApiKey, Membership, Project, User
from apps.accounts.services import audit_log
from apps.common.errors import ConflictError, DomainError, NotFoundError
from apps.notifications.models import EVENTS, Cadence, Letter, Schedule, Subscription
from apps.notifications.services import occasions
from apps.registry.models import MonitoredModel
from apps.registry.services.archiving import require_active
from apps.reports.models import Kind, Report, Standing
from apps.reports.services.standing import final_window
from apps.reports.services.windows import today_of

# Of one project; a person on all of them would get as many mails.
MOST_SCHEDULES = 200
LONGEST_WAIT_DAYS = 60
LEFT = "Left before it was sent."
SALT = "unsubscribe"
DAYS = {Cadence.WEEKLY: 7, Cadence.MONTHLY: 31}


@dataclass(frozen=True)
class Wanted:
    """What is to be sent, and when; without a model, all models of the project."""

    cadence: str
    standing: str
    model: MonitoredModel | None = None
    kind: str = ""
    day: int | None = None
    hour: int | None = None
    zone: str = "UTC"
    attaches_pdf: bool = False
    waits_days: int = 0


@transaction.atomic
def subscribe(
    project: Project, wanted: Wanted, *, user: User, by: User | None = None, key: ApiKey | None = None
) -> Subscription:
    """Send a person this report from now on; who wants the same is on one schedule. Raises DomainError."""
    fields = _checked(wanted)
    # One at a time per project, or two could make the same schedule.
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    schedule = Schedule.objects.filter(project=project, **_lookup(fields)).first()
    if schedule is None:
        if Schedule.objects.filter(project=project).count() >= MOST_SCHEDULES:
            raise ConflictError(f"A project has at most {MOST_SCHEDULES} schedules.", code="too_many")
        schedule = Schedule(project=project, created_by=by or user, **fields)
        _begin(schedule, now=timezone.now())
        schedule.save()
    return add(schedule, user, by=by or user, key=key)


@transaction.atomic
def add(schedule: Schedule, user: User, *, by: User, key: ApiKey | None = None) -> Subscription:
    """Put a member of the project on a schedule."""
    if not Membership.objects.filter(project=schedule.project_id, user=user, user__is_active=True).exists():
        raise DomainError("Only members of the project get its reports.", code="not_a_member")
    if not schedule.subscriptions.active().exists():
        # What came while nobody listened is no news.
        _begin(schedule, now=timezone.now())
        schedule.save()
    fresh = {"since": Now(), "left_at": None, "added_by": by}
    subscription, is_new = Subscription.objects.get_or_create(schedule=schedule, user=user, defaults={"added_by": by})
    if is_new or Subscription.objects.filter(pk=subscription.pk, left_at__isnull=False).update(**fresh):
        _log(schedule, "subscription.added", user, by=by, key=key)
    subscription.refresh_from_db()
    return subscription


@transaction.atomic
def leave(subscription: Subscription, *, by: User, key: ApiKey | None = None) -> bool:
    """Send a person nothing more of a schedule, nor what waits to be sent. Returns whether they got it until now."""
    if not Subscription.objects.filter(pk=subscription.pk, left_at=None).update(left_at=Now()):
        return False
    Letter.objects.unsent().filter(subscription=subscription, lease_token=None).update(failed_at=Now(), said=LEFT)
    _log(subscription.schedule, "subscription.ended", subscription.user, by=by, key=key)
    return True


@transaction.atomic
def remove(schedule: Schedule, *, by: User) -> None:
    """Forget a schedule with all that it has sent."""
    audit_log.record(schedule.project, "schedule.removed", subject=f"schedule {schedule.pk}", by=by)
    schedule.delete()


def token_of(subscription: Subscription) -> str:
    """Return the secret of a link that ends a subscription. It stays good."""
    return signing.dumps(subscription.pk, salt=SALT)


def find_by_token(token: str) -> Subscription:
    """Return the subscription of a link. Raises NotFoundError."""
    try:
        number = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        raise NotFoundError("This link is not complete. Copy all of it from the mail.") from None
    rows = Subscription.objects.select_related("user", "schedule__project", "schedule__model")
    found: Subscription | None = rows.filter(pk=number).first()
    if found is None:
        raise NotFoundError("This schedule has been removed. You get no more of it.")
    return found


def _checked(wanted: Wanted) -> dict[str, Any]:
    """Return the fields of a schedule, without those that its cadence does not need. Raises DomainError."""
    _check_what(wanted)
    if wanted.cadence not in Cadence.values:
        raise DomainError(f"There is no cadence {wanted.cadence!r}.", code="unknown_cadence")
    if not 0 <= wanted.waits_days <= LONGEST_WAIT_DAYS:
        raise DomainError(f"A report waits at most {LONGEST_WAIT_DAYS} days.", code="waits_too_long")
    when: dict[str, Any] = {"day": None, "hour": None, "zone": "UTC"}
    if wanted.cadence in EVENTS:
        _check_event(wanted)
    else:
        when = _checked_when(wanted)
    return {
        **when,
        "model": wanted.model,
        "kind": wanted.kind,
        "standing": wanted.standing,
        "cadence": wanted.cadence,
        "attaches_pdf": wanted.attaches_pdf and wanted.model is not None,
        "waits_days": wanted.waits_days,
    }


def _check_what(wanted: Wanted) -> None:
    if wanted.standing not in Standing.values:
        raise DomainError(f"There is no window {wanted.standing!r}.", code="unknown_window")
    if wanted.model is None and wanted.kind:
        raise DomainError("A report on all models has no kind.", code="unknown_kind")
    if wanted.model is not None:
        require_active(wanted.model)
        if wanted.kind not in Kind.values:
            raise DomainError(f"There is no report of the kind {wanted.kind!r}.", code="unknown_kind")


def _check_event(wanted: Wanted) -> None:
    if wanted.model is None:
        raise DomainError("Reports on all models are sent by the clock: daily, weekly or monthly.", code="needs_model")
    if wanted.cadence == Cadence.FINAL and wanted.standing == Standing.LAST_28_DAYS:
        raise DomainError("The last 28 days never become final. Choose a month or a quarter.", code="never_final")


def _checked_when(wanted: Wanted) -> dict[str, Any]:
    if wanted.hour is None or not 0 <= wanted.hour <= 23:
        raise DomainError("Choose an hour from 0 to 23.", code="no_hour")
    if wanted.zone not in available_timezones():
        raise DomainError(f"There is no time zone {wanted.zone!r}.", code="unknown_zone")
    last = DAYS.get(Cadence(wanted.cadence))
    if last and (wanted.day is None or not 1 <= wanted.day <= last):
        which = "of the week, 1 (Monday) to 7" if last == 7 else "of the month, 1 to 31"
        raise DomainError(f"Choose a day {which}.", code="no_day")
    return {"day": wanted.day if last else None, "hour": wanted.hour, "zone": wanted.zone}


def _begin(schedule: Schedule, *, now: datetime) -> None:
    """Let a schedule look ahead from now on."""
    if schedule.cadence not in EVENTS:
        schedule.next_due_at = occasions.next_due(schedule, after=now)
        return
    assert schedule.model is not None, "upon events, a schedule is about one model"
    window = final_window(schedule.model, schedule.standing, today=today_of(schedule.model, now=now))
    schedule.final_end = window[1] if window else None
    schedule.last_report = Report.objects.filter(model=schedule.model).aggregate(last=Max("pk"))["last"] or 0


def _lookup(fields: dict[str, Any]) -> dict[str, Any]:
    nothing = {f"{name}__isnull": True for name, value in fields.items() if value is None}
    return nothing | {name: value for name, value in fields.items() if value is not None}


def _log(schedule: Schedule, act: str, user: User, *, by: User, key: ApiKey | None) -> None:
    subject = audit_log.person(user)
    audit_log.record(schedule.project, act, subject=subject, by=by, key=key, details={"schedule": schedule.pk})
