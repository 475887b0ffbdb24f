"""What a case costs people in each queue of a model, and how many a day they have managed."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from django.db import connection
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from apps.registry.models import MonitoredModel, ReviewQueue, ValueModel
from apps.review.models import ReviewItem, Slot
from apps.review.services.expecting import CASES, Observed, Seen, expect, observe

LOOKBACK = timedelta(days=28)
# A case is old enough to be judged unanswered once this share of the answered ones had their answers at its age.
PATIENCE = 0.95
# Cases of each queue, newest first, that say how often reviewers agree
RECENT = 200
# A day's work that the team exceeded on one day in four.
BUSY = 0.75


@dataclass(frozen=True)
class Effort:
    """What one more case in a queue costs, whether it will be answered, and how many a day people have managed.

    Judged by the last 28 days, or, if nobody has answered in these, by the 28 days before the model's newest answer.
    """

    # All answers: by every reviewer, by adjudicators, and the known and repeated cases mixed in.
    answers_per_case: float
    # Active time of all these answers; None where none was recorded.
    minutes_per_case: float | None
    # Of all these answers; None without a price of a review.
    cost_per_case: Decimal | None
    # The drawn cases with a label, of those that are old enough; waiting, skipped and expired ones have none.
    answered: Seen | None
    # What people did on their busier days, the upper quartile over the days with answers; None where nothing was
    # answered. It is what they managed, not what they could: on days with few cases they had little to do. The same
    # people may work on other queues, so those of several queues do not add up.
    cases_a_day: float | None
    hours_a_day: float | None
    # How many people and days this rests on.
    people: int
    days: int

    @property
    def answered_share(self) -> float | None:
        return None if self.answered is None else self.answered.share


@dataclass(frozen=True)
class _Work:
    """What one person answered in a queue on one day; `ms` is the active time of the `timed` answers."""

    day: date
    person: int
    answers: int
    timed: int
    ms: int


def efforts(model: MonitoredModel) -> dict[int, Effort]:
    """Return the effort of each of the model's queues. As many queries for one queue as for many."""
    queues = _queues(model)
    until = _until(queue.newest_at for queue in queues)
    observed = observe(queues, most=RECENT, is_timed=False)
    worked = _worked(model, until=until)
    answered = _answered(model, until=until)
    return {
        queue.pk: _effort(queue, observed[queue.pk], worked.get(queue.pk, []), answered.get(queue.pk))
        for queue in queues
    }


def hours_spent(cases: QuerySet[ReviewItem], *, as_of: datetime) -> float | None:
    """Add up the active hours of all answers on these cases by then; None where no time was recorded.

    Answers without a time count as the average of the others.
    """
    given = Slot.objects.filter(item__in=cases, closed_at__lte=as_of).with_answer()
    found = given.aggregate(
        answers=Count("pk", distinct=True),
        timed=Count("pk", filter=Q(decisions__active_ms__isnull=False), distinct=True),
        ms=Sum("decisions__active_ms", default=0),
    )
    return found["ms"] / 3_600_000 * found["answers"] / found["timed"] if found["timed"] else None


def _queues(model: MonitoredModel) -> list[Any]:
    """Read the queues, each with `newest_at`, its newest answer, and the `price` of a review."""
    answers = Slot.objects.filter(queue=OuterRef("pk")).with_answer().order_by("-closed_at")
    prices = ValueModel.objects.filter(model=model).order_by("-version")
    queues = model.queues.order_by("id").annotate(
        newest_at=Subquery(answers.values("closed_at")[:1]),
        price=Subquery(prices.values("review_cost")[:1]),
    )
    return list(queues)


def _until(answers: Iterable[datetime | None]) -> datetime:
    """Return now, or the newest answer if it is too old."""
    now = timezone.now()
    newest = max((at for at in answers if at), default=now)
    return newest if newest < now - LOOKBACK else now


def _worked(model: MonitoredModel, *, until: datetime) -> dict[int, list[_Work]]:
    """Sum the answers and their active time by queue, day and person."""
    closed = Slot.objects.filter(queue__model=model, closed_at__gt=until - LOOKBACK, closed_at__lte=until)
    rows = (
        closed.with_answer()
        .annotate(day=TruncDate("closed_at", tzinfo=model.zone))
        .order_by()
        .values_list("queue", "day", "reviewer")
        .annotate(
            answers=Count("pk", distinct=True),
            timed=Count("pk", filter=Q(decisions__active_ms__isnull=False), distinct=True),
            # A blind answer has two decisions, each with its own time.
            ms=Sum("decisions__active_ms", default=0),
        )
    )
    worked: dict[int, list[_Work]] = defaultdict(list)
    for queue, *work in rows:
        worked[queue].append(_Work(*work))
    return worked


ANSWERED = """
WITH drawn AS (
    SELECT item.queue_id, item.opened_at, item.labelled_at
    FROM review_reviewitem AS item JOIN registry_reviewqueue AS queue ON queue.id = item.queue_id
    WHERE queue.model_id = %(model)s AND item.draw_id IS NOT NULL
    AND item.opened_at > %(since)s AND item.opened_at <= %(until)s
),
patience AS (
    SELECT queue_id, percentile_cont(%(patience)s) WITHIN GROUP (ORDER BY labelled_at - opened_at) AS age
    FROM drawn WHERE labelled_at IS NOT NULL GROUP BY queue_id
)
SELECT queue_id, count(labelled_at), count(*) FROM drawn JOIN patience USING (queue_id)
WHERE opened_at <= %(until)s - age
GROUP BY queue_id
"""


def _answered(model: MonitoredModel, *, until: datetime) -> dict[int, Seen]:
    """Count the drawn cases that are old enough, and those with a label among them, by queue."""
    names: dict[str, Any] = {"model": model.pk, "since": until - LOOKBACK, "until": until, "patience": PATIENCE}
    with connection.cursor() as cursor:
        cursor.execute(ANSWERED, names)
        return {queue: Seen(labeled, cases) for queue, labeled, cases in cursor.fetchall()}


def _effort(queue: Any, observed: Observed, worked: list[_Work], answered: Seen | None) -> Effort:
    expected = expect(_rules(queue), observed)
    answers = (expected.answers + expected.second_opinions) / CASES
    timed = sum(each.timed for each in worked)
    minutes = sum(each.ms for each in worked) / timed / 60_000 if timed else None
    by_day = _by_day(worked)
    busy = float(np.quantile(by_day, BUSY)) if by_day else None
    return Effort(
        answers_per_case=answers,
        minutes_per_case=None if minutes is None else answers * minutes,
        cost_per_case=(queue.price * Decimal(answers)).quantize(Decimal("0.01")) if queue.price else None,
        answered=answered,
        cases_a_day=None if busy is None else busy / answers,
        hours_a_day=None if busy is None or minutes is None else busy * minutes / 60,
        people=len({each.person for each in worked}),
        days=len(by_day),
    )


def _rules(queue: ReviewQueue) -> dict[str, object]:
    return {field.attname: getattr(queue, field.attname) for field in queue._meta.concrete_fields}


def _by_day(worked: list[_Work]) -> list[int]:
    """Count the answers of each day that has any."""
    days: dict[date, int] = defaultdict(int)
    for each in worked:
        days[each.day] += each.answers
    return list(days.values())
