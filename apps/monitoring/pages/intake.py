"""What came in lately, from the counts and from what is still to be counted."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection

from apps.predictions.models import BatchKind
from apps.registry.models import MonitoredModel

HOURS, DAYS = 48, 30
BATCHES_ENOUGH = 50_000
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

# A batch is in the hours or among those to be inspected, never in both: one statement sees one moment.
STORED = """
SELECT hour, kind, sum(accepted)::bigint, sum(duplicates)::bigint FROM (
    SELECT hour, kind, accepted, duplicates FROM monitoring_intakehour
    WHERE model_id = %(model)s AND hour >= %(since)s
    UNION ALL
    SELECT date_trunc('hour', batch.received_at, 'UTC'), batch.kind, batch.accepted, batch.duplicates
    FROM predictions_batchstage AS stage JOIN predictions_batch AS batch ON batch.id = stage.batch_id
    WHERE stage.stage = 'inspect' AND stage.done_at IS NULL
      AND batch.model_id = %(model)s AND batch.received_at >= %(since)s
) AS every GROUP BY hour, kind
"""
REJECTED = """
SELECT date_trunc('hour', received_at, 'UTC') AS hour, kind, code, sum(rows)::bigint FROM predictions_rejectedcount
WHERE model_id = %(model)s AND received_at >= %(since)s GROUP BY hour, kind, code
"""
# Of a busy model every nth batch is looked at: some thousand an hour say as much of a percentile as all.
LATENCY = """
SELECT date_trunc('hour', batch.received_at, 'UTC') AS hour,
       percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (
           ORDER BY extract(epoch FROM stage.done_at - batch.received_at)::float8
       )
FROM predictions_batch AS batch JOIN predictions_batchstage AS stage ON stage.batch_id = batch.id
WHERE batch.model_id = %(model)s AND batch.received_at >= %(since)s
  AND stage.stage = 'draw' AND stage.done_at IS NOT NULL
  AND batch.id %% greatest(1, (
      SELECT count(*) FROM predictions_batch WHERE model_id = %(model)s AND received_at >= %(since)s
  ) / %(enough)s) = 0
GROUP BY hour
"""


@dataclass
class Volume:
    """Rows that came in some time: stored, sent before, rejected."""

    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0

    def add(self, other: "Volume") -> None:
        self.accepted += other.accepted
        self.duplicates += other.duplicates
        self.rejected += other.rejected


@dataclass(frozen=True)
class Latency:
    """How long batches took from their arrival until they were drawn, in seconds."""

    median: float
    p95: float


@dataclass
class Intake:
    """The last thirty days of a model's intake: by hour, and rejected rows by reason and day."""

    now: datetime
    model: MonitoredModel
    by_hour: dict[str, dict[datetime, Volume]] = field(
        default_factory=lambda: {kind: defaultdict(Volume) for kind in BatchKind.values}
    )
    rejected: dict[str, dict[date, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))

    @property
    def hours(self) -> list[datetime]:
        """The last 48, the present one last."""
        return [_hour(self.now) - HOUR * back for back in reversed(range(HOURS))]

    @property
    def days(self) -> list[date]:
        """The last 30 in the project's time zone, today last."""
        return [self.now.astimezone(self.model.zone).date() - DAY * back for back in reversed(range(DAYS))]

    def by_day(self, kind: str) -> dict[date, Volume]:
        days: dict[date, Volume] = defaultdict(Volume)
        for hour, volume in self.by_hour[kind].items():
            days[self.day_of(hour)].add(volume)
        return days

    def day_of(self, moment: datetime) -> date:
        return moment.astimezone(self.model.zone).date()


def intake(model: MonitoredModel, *, now: datetime) -> Intake:
    """Volumes of the last thirty days."""
    found = Intake(now, model)
    asked = {"model": model.pk, "since": _hour(now) - DAY * DAYS}
    for hour, kind, accepted, duplicates in _rows(STORED, asked):
        found.by_hour[kind][hour].add(Volume(accepted, duplicates))
    for hour, kind, code, rows in _rows(REJECTED, asked):
        found.by_hour[kind][hour].add(Volume(rejected=rows))
        found.rejected[code][found.day_of(hour)] += rows
    return found


def latencies(model: MonitoredModel, *, now: datetime) -> dict[datetime, Latency]:
    """By hour of arrival, over the last 48; hours in which nothing was drawn are left out."""
    asked = {"model": model.pk, "since": _hour(now) - HOUR * (HOURS - 1), "enough": BATCHES_ENOUGH}
    return {hour: Latency(median, p95) for hour, (median, p95) in _rows(LATENCY, asked)}


def _hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _rows(statement: str, asked: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, asked)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found
