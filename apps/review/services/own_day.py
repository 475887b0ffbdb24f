"""A person's day in a project: what is due, what came back, and what they did in the last days."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from statistics import median
from typing import Any

from django.db import connection
from django.db.models import Count, Min, Q
from django.db.models.functions import TruncDate
from django.utils import timezone

from apps.accounts.models import Membership, Role
from apps.review.models import Decision, Dispute, Question, Slot, Verdict
from apps.review.services.claim_sql import DUE_FOR_PERSON

# The pace is that of so many answers.
PACE = 200
DAYS = 7


@dataclass(frozen=True)
class Due:
    """The cases of one queue that a person holds or could claim; each of the last four counts those before it."""

    queue: int
    to_settle: int
    late: int
    today: int
    week: int
    cases: int


@dataclass(frozen=True)
class OwnCounts:
    """How many of a person's own cases wait, and for what."""

    put_off: int
    next_at: datetime | None
    asked: int
    asked_since: datetime | None
    wrong_data: int
    disputes: int


def due_for(member: Membership, *, now: datetime | None = None) -> list[Due]:
    """Count the cases that the person holds or could claim by queue and due time; queues without any are left out."""
    zone, moment = member.project.zone, now or timezone.now()
    today = moment.astimezone(zone).date()
    tomorrow, monday = today + timedelta(days=1), today + timedelta(days=7 - today.weekday())
    names: dict[str, Any] = {
        "project": member.project_id,
        "person": member.user_id,
        "may_adjudicate": member.reaches(Role.ADJUDICATOR),
        "now": moment,
        "tomorrow": datetime.combine(tomorrow, time(), tzinfo=zone),
        "monday": datetime.combine(monday, time(), tzinfo=zone),
    }
    with connection.cursor() as cursor:
        cursor.execute(DUE_FOR_PERSON, names)
        return [Due(*row) for row in cursor.fetchall()]


def seconds_a_case(member: Membership) -> float | None:
    """Return the median active time of the person's last answers in the project; None without any time."""
    given = Decision.objects.filter(reviewer=member.user, item__queue__model__project=member.project)
    times: dict[int, int] = {}
    for slot, ms in given.exclude(active_ms=None).order_by("-id").values_list("slot", "active_ms")[:PACE]:
        times[slot] = times.get(slot, 0) + ms
    return median(times.values()) / 1000 if times else None


def days_of(member: Membership, *, now: datetime | None = None) -> list[tuple[date, int]]:
    """Count the cases that the person answered on each of the last days, today last."""
    zone = member.project.zone
    today = (now or timezone.now()).astimezone(zone).date()
    days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
    mine = Slot.objects.in_project(member.project).with_answer().filter(reviewer=member.user)
    mine = mine.filter(closed_at__gte=datetime.combine(days[0], time(), tzinfo=zone)).order_by()
    counts = mine.values_list(TruncDate("closed_at", tzinfo=zone)).annotate(n=Count("pk"))
    counted = dict(counts)
    return [(day, counted.get(day, 0)) for day in days]


def came_back(member: Membership) -> list[Question]:
    """Return the person's questions that are answered, of cases that they have yet to answer."""
    mine = Question.objects.in_project(member.project).filter(asked_by=member.user, answered_at__isnull=False)
    mine = mine.filter(slot__closed_at=None, slot__reviewer=member.user)
    return list(mine.select_related("slot__item__prediction", "answered_by").order_by("answered_at"))


def own_counts(member: Membership) -> OwnCounts:
    """Count what the person put off, asked about, found wrong and disputed, as long as it is open."""
    mine = Slot.objects.in_project(member.project).filter(reviewer=member.user)
    put_off = mine.with_place().filter(place=Slot.Place.PUT_OFF).aggregate(n=Count("pk"), next_at=Min("snoozed_until"))
    asked = Question.objects.in_project(member.project).filter(asked_by=member.user, answered_at=None)
    waiting = asked.aggregate(n=Count("pk"), since=Min("asked_at"))
    wrong = Decision.objects.filter(reviewer=member.user, verdict=Verdict.WRONG_DATA)
    disputes = Dispute.objects.open().filter(decision__reviewer=member.user)
    return OwnCounts(
        put_off["n"],
        put_off["next_at"],
        waiting["n"],
        waiting["since"],
        mine.filter(Q(pk__in=wrong.values("slot"))).count(),
        disputes.filter(item__queue__model__project=member.project).count(),
    )
