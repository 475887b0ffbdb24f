"""A model's recent intake, from the hourly counts and the batches not counted yet."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection

from apps.predictions.models import BatchKind
from apps.registry.models import MonitoredModel

HOURS, DAYS = 48, 30
BATCHES_SAMPLED = 50_000
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

# A batch is either in the hourly counts or still due for inspection. A single statement reads both at one moment.
STORED = """
SELECT hour, kind, sum(accepted)::bigint, sum(duplicates)::bigint FROM (
    SELECT hour, kind, accepted, duplicates FROM monitoring_intakehour
    WHERE model_id = %(model)s AND hour >= %(since)s
    UNION ALL
    SELECT date_trunc('hour', batch.received_at, 'UTC'), batch.kind, batch.accepted, batch.duplicates
    FROM predictions_batchstage AS stage JOIN predictions_batch AS batch ON batch.id = stage.batch_id
    WHERE stage.stage = 'inspect' AND stage.done_at IS NULL
      AND batch.model_id = %(model)s AND batch.received_at >= %(since)s
) AS received GROUP BY hour, kind
"""
REJECTED = """
SELECT date_trunc('hour', received_at, 'UTC') AS hour, kind, code, sum(rows)::bigint FROM predictions_rejectedcount
WHERE model_id = %(model)s AND received_at >= %(since)s GROUP BY hour, kind, code
"""
# For a busy model, read every nth batch: a thousand per hour give the percentiles well enough.
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
  ) / %(sampled)s) = 0
GROUP BY hour
"""


@dataclass
class Volume:
    """Rows received in some time: stored, sent before, rejected."""

    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0

    def add(self, other: "Volume") -> None:
        self.accepted += other.accepted
        self.duplicates += other.duplicates
        self.rejected += other.rejected


@dataclass(frozen=True)
class Latency:
    """Seconds from a batch's arrival until it was drawn."""

    median: float
    p95: float


@dataclass
class Intake:
    """The last thirty days of a model's intake: volumes by hour, and rejected rows by error code and day."""

    now: datetime
    model: MonitoredModel
    by_hour: dict[str, dict[datetime, Volume]] = field(
        default_factory=lambda: {kind: defaultdict(Volume) for kind in BatchKind.values}
    )
    rejected: dict[str, dict[date, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))

    @property
    def hours(self) -> list[datetime]:
        """Return the last 48 hours, the current one last."""
        return [_hour(self.now) - HOUR * back for back in reversed(range(HOURS))]

    @property
    def days(self) -> list[date]:
        """Return the last 30 days in the project's time zone, today last."""
        return [self.now.astimezone(self.model.zone).date() - DAY * back for back in reversed(range(DAYS))]

    def by_day(self, kind: str) -> dict[date, Volume]:
        days: dict[date, Volume] = defaultdict(Volume)
        for hour, volume in self.by_hour[kind].items():
            days[self.day_of(hour)].add(volume)
        return days

    def day_of(self, moment: datetime) -> date:
        return moment.astimezone(self.model.zone).date()


def intake(model: MonitoredModel, *, now: datetime) -> Intake:
    """Read the volumes of the last thirty days."""
    received = Intake(now, model)
    parameters = {"model": model.pk, "since": _hour(now) - DAY * DAYS}
    for hour, kind, accepted, duplicates in _rows(STORED, parameters):
        received.by_hour[kind][hour].add(Volume(accepted, duplicates))
    for hour, kind, code, rows in _rows(REJECTED, parameters):
        received.by_hour[kind][hour].add(Volume(rejected=rows))
        received.rejected[code][received.day_of(hour)] += rows
    return received


def latencies(model: MonitoredModel, *, now: datetime) -> dict[datetime, Latency]:
    """Measure latency by hour of arrival over the last 48 hours; hours without draws are left out."""
    parameters = {"model": model.pk, "since": _hour(now) - HOUR * (HOURS - 1), "sampled": BATCHES_SAMPLED}
    return {hour: Latency(median, p95) for hour, (median, p95) in _rows(LATENCY, parameters)}


def _hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _rows(statement: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
