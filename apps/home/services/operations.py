"""What an engineer looks after: what came in for each model, and each queue at the pace of the last weeks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, F, Min, Q, Sum

from apps.accounts.models import Project
from apps.notifications.models import Alert, RuleKind
from apps.predictions.models import BatchStage, RejectedRow, RejectedState, Stage
from apps.registry.models import MonitoredModel
from apps.reports.models import Headline
from apps.review.models import ReviewItem

USUAL_DAYS, PACE_DAYS = 28, 14

# By model: when rows came last, how many yesterday, and the median of the days that had any.
INTAKE = """
WITH days AS (
    SELECT model_id, (hour AT TIME ZONE %(zone)s)::date AS day, sum(accepted) AS rows
    FROM monitoring_intakehour
    WHERE model_id = ANY(%(models)s) AND kind = 'predictions' AND hour >= %(since)s
    GROUP BY 1, 2
)
SELECT model.id,
    (SELECT max(received_at) FROM predictions_batch WHERE model_id = model.id AND kind = 'predictions'),
    (SELECT max(received_at) FROM predictions_batch WHERE model_id = model.id AND kind = 'outcomes'),
    (SELECT coalesce(sum(rows), 0)::bigint FROM days WHERE days.model_id = model.id AND day = %(yesterday)s),
    (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY rows) FROM days
     WHERE days.model_id = model.id AND day < %(yesterday)s AND rows > 0)
FROM unnest(%(models)s::bigint[]) AS model (id)
"""


@dataclass(frozen=True)
class Intake:
    """What came in for one model, and what still waits for a stage."""

    model: MonitoredModel
    newest_at: datetime | None
    yesterday: int
    usual: float | None
    refused: int
    outcomes_at: datetime | None
    final_through: date | None
    is_late: bool
    to_draw: int = 0
    to_open: int = 0
    to_resolve: int = 0
    failed: int = 0


@dataclass(frozen=True)
class QueueState:
    """A queue: cases without all their answers, and how many a day come and go."""

    pk: int
    name: str
    model: MonitoredModel
    waiting: int
    oldest_at: datetime | None
    late: int
    drawn_a_day: float
    done_a_day: float

    @property
    def growth(self) -> float:
        """Cases a day by which it grows; below zero it shrinks."""
        return self.drawn_a_day - self.done_a_day

    @property
    def days_left(self) -> float | None:
        """After how many days nothing waits at this pace; None where it does not shrink."""
        return self.waiting / -self.growth if self.growth < 0 else None


def intakes(project: Project, models: Sequence[MonitoredModel], *, now: datetime) -> list[Intake]:
    """Read what came in for these models, in five queries; those without news for too long first."""
    keys = [model.pk for model in models]
    today = now.astimezone(project.zone).date()
    begin = datetime.combine(today - timedelta(days=USUAL_DAYS + 1), time(), tzinfo=project.zone)
    names: dict[str, Any] = {
        "models": keys,
        "zone": project.time_zone,
        "since": begin,
    }
    with connection.cursor() as cursor:
        cursor.execute(INTAKE, names | {"yesterday": today - timedelta(days=1)})
        rows = {key: rest for key, *rest in cursor.fetchall()}
    refused, through, late, due = _refused(keys), _through(keys), _late(keys), _due(keys)
    found = [
        Intake(
            model,
            newest_at=rows[model.pk][0],
            outcomes_at=rows[model.pk][1],
            yesterday=rows[model.pk][2],
            usual=rows[model.pk][3],
            refused=refused.get(model.pk, 0),
            final_through=through.get(model.pk),
            is_late=model.pk in late,
            **due.get(model.pk, {}),
        )
        for model in models
    ]
    return sorted(found, key=lambda each: (not each.failed, not each.is_late, each.model.name.lower()))


def _refused(models: Sequence[int]) -> dict[int, int]:
    """Count, by model, the rejected rows that nobody has seen to."""
    waiting = RejectedRow.objects.filter(model__in=models, state=RejectedState.WAITING).order_by()
    counts = waiting.values_list("model").annotate(kept=Count("pk"), more=Sum("left_out"))
    return {model: kept + more for model, kept, more in counts}


def _through(models: Sequence[int]) -> dict[int, date]:
    """Return, by model, the last day that a report called final."""
    rows = Headline.objects.filter(model__in=models, is_newest=True, final_through__isnull=False)
    rows = rows.order_by("model", "-final_through").distinct("model")
    return dict(rows.values_list("model", "final_through"))


def _late(models: Sequence[int]) -> set[int]:
    silent = Alert.objects.standing().fired().filter(model__in=models, kind=RuleKind.SILENCE)
    return set(silent.values_list("model", flat=True))


def _due(models: Sequence[int]) -> dict[int, dict[str, int]]:
    """Count, by model, the batches that a stage has still to take."""
    rows = (
        BatchStage.objects.filter(batch__model__in=models, done_at=None)
        .order_by()
        .values("batch__model")
        .annotate(
            to_draw=Count("id", filter=Q(stage=Stage.DRAW)),
            to_open=Count("id", filter=Q(stage=Stage.OPEN_ITEMS)),
            to_resolve=Count("id", filter=Q(stage=Stage.RESOLVE)),
            failed=Count("id", filter=~Q(error="")),
        )
    )
    return {row.pop("batch__model"): row for row in rows}


def queues(project: Project, models: Sequence[MonitoredModel], *, now: datetime) -> list[QueueState]:
    """Read the queues of these models, in one query; those that grow first."""
    since, by_key = now - timedelta(days=PACE_DAYS), {model.pk: model for model in models}
    waiting, rows = Q(labelled_at=None, state=ReviewItem.State.OPEN), ReviewItem.objects.reviews().in_project(project)
    found: Any = (
        rows.filter(Q(state=ReviewItem.State.OPEN) | Q(opened_at__gte=since) | Q(labelled_at__gte=since))
        .filter(queue__model__in=by_key)
        .order_by()
        .values_list("queue", "queue__name", "queue__model")
        .annotate(
            waiting=Count("pk", filter=waiting),
            oldest=Min("opened_at", filter=waiting),
            late=Count("pk", filter=waiting & Q(due_at__lt=now)),
            drawn=Count("pk", filter=Q(opened_at__gte=since)),
            done=Count("pk", filter=Q(labelled_at__gte=since)),
            first=Min(F("opened_at")),
        )
    )
    states = [
        QueueState(pk, name, by_key[model], n, oldest, late, drawn / _days(first, now), done / _days(first, now))
        for pk, name, model, n, oldest, late, drawn, done, first in found
    ]
    return sorted(states, key=lambda each: (-each.late, -each.growth, -each.waiting))


def _days(first: datetime, now: datetime) -> float:
    """Over how many days the pace is: fewer where the queue is younger."""
    return min(float(PACE_DAYS), max(1.0, (now - first) / timedelta(days=1)))
