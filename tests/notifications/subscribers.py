"""Schedules and their subscribers, and letters ready to go."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import F

from apps.accounts.models import Membership, Role
from apps.notifications.models import Edition, Letter, Schedule, Subscription
from apps.notifications.services import awaiting, letters, publishing, subscribing
from apps.notifications.services.subscribing import Wanted
from apps.registry.models import MonitoredModel
from apps.reports.models import Report
from tests.factories import make_member
from tests.reports.stored import make_report, report_model

# The documents of tests/reports are about days that are final by then.
NOW = datetime(2026, 12, 1, 7, 30, tzinfo=UTC)
DUE = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)


def wanted(model: MonitoredModel, **changes: Any) -> Wanted:
    """The value of the last 28 days, every day at 8."""
    usual: dict[str, Any] = {"cadence": "daily", "standing": "last_28_days", "hour": 8, "kind": "value"}
    return Wanted(model=model, **(usual | changes))


def subscribe(member: Membership, model: MonitoredModel, *, now: datetime = NOW, **changes: Any) -> Subscription:
    """Subscribe a member as if it were that moment."""
    made = subscribing.subscribe(model.project, wanted(model, **changes), user=member.user)
    subscribing._begin(made.schedule, now=now)
    made.schedule.save()
    return made


def make_edition(schedule: Schedule, report: Report | None = None, **changes: Any) -> Edition:
    """An edition that is ready, with a letter for each subscriber."""
    fields: dict[str, Any] = {
        "key": f"{schedule.editions.count()}",
        "due_at": DUE,
        "start": report.start if report else DUE.date(),
        "end": report.end if report else DUE.date() + timedelta(days=1),
        "report": report,
        "ready_at": DUE,
        **changes,
    }
    edition = Edition.objects.create(schedule=schedule, **fields)
    people = schedule.subscriptions.active()
    Letter.objects.bulk_create(Letter(edition=edition, subscription=each, next_try_at=DUE) for each in people)
    # The moment of the tests may lie ahead of the database's clock.
    Letter.objects.filter(edition=edition).update(next_try_at=F("next_try_at") - timedelta(days=3650))
    return edition


def letter_to(role: Role = Role.STAKEHOLDER, **changes: Any) -> tuple[Membership, Edition]:
    """A member of this role with a letter that is due."""
    model = report_model()
    member = make_member(model.project, role)
    made = subscribe(member, model, **changes)
    return member, make_edition(made.schedule, make_report(model, made.schedule.kind))


def publish(now: datetime) -> int:
    """Open what is due, and look at what waits."""
    opened = publishing.open_due(now=now)
    awaiting.look_due(now=now)
    return opened


def send() -> int:
    """Send all that is ready, whenever it was to be sent."""
    Letter.objects.filter(next_try_at__isnull=False).update(next_try_at=DUE - timedelta(days=3650))
    return letters.send_due()
