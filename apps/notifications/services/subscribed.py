"""What was sent lately: the last letter of subscriptions, and the last editions of schedules with their counts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from apps.accounts.models import Project
from apps.notifications.models import Edition, Letter, Schedule, Subscription


@dataclass(frozen=True)
class Line:
    """A schedule with how many get it, and what it sent last."""

    schedule: Schedule
    people: int
    last: Edition | None


def last_letters(subscriptions: Iterable[Subscription]) -> dict[int, Letter]:
    """Return the newest letter of each subscription that has one."""
    numbers = [each.pk for each in subscriptions]
    newest = (
        Letter.objects.filter(subscription__in=numbers).order_by("subscription", "-edition").distinct("subscription")
    )
    found = newest.select_related("edition__schedule__project")
    return {letter.subscription_id: letter for letter in found}


def lines(project: Project) -> list[Line]:
    """List a project's schedules, the newest first."""
    schedules = list(Schedule.objects.in_project(project).select_related("model", "project").order_by("-pk"))
    people = dict(
        Subscription.objects.active().in_project(project).order_by().values_list("schedule").annotate(n=Count("pk"))
    )
    newest = counted(Edition.objects.filter(pk__in=_newest(schedules)))
    last = {edition.schedule_id: edition for edition in newest}
    return [Line(each, people.get(each.pk, 0), last.get(each.pk)) for each in schedules]


def _newest(schedules: Sequence[Schedule]) -> list[int]:
    rows = Edition.objects.filter(schedule__in=schedules).order_by("schedule", "-pk").distinct("schedule")
    return list(rows.values_list("pk", flat=True))


def counted(editions: QuerySet[Edition], *, limit: int | None = None) -> list[Edition]:
    """Add to editions how many of their letters were sent, wait and failed; the newest first."""
    return list(
        editions.select_related("schedule__project")
        .annotate(
            sent=Count("letters", filter=Q(letters__sent_at__isnull=False)),
            waiting=Count("letters", filter=Q(letters__sent_at=None, letters__failed_at=None)),
            failed=Count("letters", filter=Q(letters__failed_at__isnull=False)),
        )
        .order_by("-pk")[:limit]
    )
