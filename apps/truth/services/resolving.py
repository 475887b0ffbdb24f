"""The resolver: one writer per model turns outcomes and reviews into numbered resolutions, exactly once.

The database holds the work: batches whose stage `resolve` is not done, and items with `needs_resolution`. One
transaction writes the rows and marks the work done, so killing the resolver at any point loses and doubles nothing.
"""

from dataclasses import dataclass
from typing import Any

import structlog
from django.db import DatabaseError, connection, transaction
from django.db.models.functions import Now

from apps.common.errors import LeaseLostError
from apps.common.leases import RELEASED
from apps.predictions.models import BatchKind, BatchStage, Stage
from apps.registry.models import MonitoredModel
from apps.review.models import ReviewItem
from apps.truth.models import Ledger

log = structlog.get_logger(__name__)

LEASE_SECONDS = 120
ROWS_PER_CLAIM = 50_000

# Writes the resolutions of any mix of outcome batches, prediction batches and items.
WRITE = """
WITH concerned AS (
    SELECT prediction.id, prediction.external_id
    FROM (
        SELECT DISTINCT external_id FROM predictions_outcome WHERE batch_id = ANY(%(outcome_batches)s)
    ) AS arrived
    JOIN predictions_prediction AS prediction
        ON prediction.model_id = %(model)s AND prediction.external_id = arrived.external_id
    UNION
    SELECT prediction.id, prediction.external_id
    FROM predictions_batch AS batch
    JOIN predictions_prediction AS prediction
        ON prediction.id BETWEEN batch.first_id AND batch.last_id AND prediction.batch_id = batch.id
    WHERE batch.id = ANY(%(prediction_batches)s)
    UNION
    SELECT id, external_id FROM predictions_prediction WHERE id = ANY(%(predictions)s)
),
known AS (
    SELECT
        concerned.id,
        outcome.outcome,
        outcome.occurred_at,
        item.label,
        coalesce(item.is_adjudication_chosen, false) AS is_adjudication_chosen,
        item.adjudication_probability,
        item.adjudicated
    FROM concerned
    -- A file of old outcomes may arrive after newer ones.
    LEFT JOIN LATERAL (
        SELECT outcome, occurred_at FROM predictions_outcome
        WHERE model_id = %(model)s AND external_id = concerned.external_id
        ORDER BY occurred_at DESC, id DESC LIMIT 1
    ) AS outcome ON true
    -- Probes have no draw and say nothing about the model.
    LEFT JOIN review_reviewitem AS item ON item.prediction_id = concerned.id AND item.draw_id IS NOT NULL
)
INSERT INTO truth_resolution (
    model_id, prediction_id, seq, resolved_at, source, truth,
    outcome, occurred_at, label, is_adjudication_chosen, adjudication_probability, adjudicated
)
SELECT
    %(model)s,
    known.id,
    %(seq)s,
    statement_timestamp(),
    CASE
        WHEN known.outcome IS NOT NULL THEN 'outcome'
        WHEN known.adjudicated IS NOT NULL THEN 'adjudication'
        WHEN known.label IS NOT NULL THEN 'consensus'
        ELSE 'nothing'
    END,
    coalesce(known.outcome, known.adjudicated, known.label),
    known.outcome, known.occurred_at, known.label,
    known.is_adjudication_chosen, known.adjudication_probability, known.adjudicated
FROM known
LEFT JOIN LATERAL (
    SELECT * FROM truth_resolution WHERE prediction_id = known.id ORDER BY seq DESC LIMIT 1
) AS before ON true
WHERE
    (before.id IS NOT NULL OR coalesce(known.outcome, known.adjudicated, known.label) IS NOT NULL)
    AND (
        known.outcome, known.occurred_at, known.label,
        known.is_adjudication_chosen, known.adjudication_probability, known.adjudicated
    ) IS DISTINCT FROM (
        before.outcome, before.occurred_at, before.label,
        before.is_adjudication_chosen, before.adjudication_probability, before.adjudicated
    )
"""


def resolve_due(*, rows: int = ROWS_PER_CLAIM) -> int:
    """Resolve every due model that no other worker is resolving. Returns the number of resolutions written."""
    written = 0
    for model in models_due():
        try:
            written += resolve_model(model, rows=rows)
        except (LeaseLostError, DatabaseError) as error:
            # This step wrote nothing and the next bell tries again. Go on with the other models.
            log.warning("resolve_interrupted", model=model.pk, error=str(error))
    return written


def models_due() -> list[MonitoredModel]:
    """Return the models with unresolved batches or items."""
    stages = BatchStage.objects.filter(stage=Stage.RESOLVE, done_at=None)
    items = ReviewItem.objects.unresolved()
    due = {*stages.values_list("batch__model", flat=True), *items.values_list("queue__model", flat=True)}
    return list(MonitoredModel.objects.filter(pk__in=due).order_by("pk"))


def resolve_model(model: MonitoredModel, *, rows: int = ROWS_PER_CLAIM) -> int:
    """Resolve everything due for one model, step by step. Does nothing while another worker holds its ledger."""
    Ledger.objects.of(model)
    claimed = Ledger.objects.filter(model=model).claim(seconds=LEASE_SECONDS)
    if not claimed:
        return 0
    ledger: Ledger = claimed[0]
    written = 0
    while (step := resolve_some(ledger, rows=rows)).consumed:
        written += step.written
        ledger.heartbeat(seconds=LEASE_SECONDS)
    ledger.fenced_update(**RELEASED)
    return written


@dataclass(frozen=True)
class ResolverStep:
    """One transaction of the resolver: batches and items consumed, resolutions written."""

    consumed: int
    written: int


@transaction.atomic
def resolve_some(ledger: Ledger, *, rows: int = ROWS_PER_CLAIM) -> ResolverStep:
    """Consume some due batches and items: write their resolutions under the next number and mark them done.

    Outcomes look up their predictions and predictions their outcomes, so the later of the two always finds both.
    """
    # The row lock admits one writer at a time, even if a lease expires in the middle of its work.
    locked: Ledger | None = Ledger.objects.select_for_update().held(ledger.lease_token).filter(pk=ledger.pk).first()
    if locked is None:
        raise LeaseLostError("Another worker has taken over this model.")
    stages = _due_stages(locked, rows=rows)
    # Lock the items before reading them: a label that changes later sets needs_resolution again.
    items = list(
        ReviewItem.objects.unresolved()
        .filter(queue__model=locked.model_id)
        .select_for_update(skip_locked=True, of=("self",))
        .order_by("pk")[:rows]
    )
    if not stages and not items:
        return ResolverStep(0, 0)
    written = _write(locked, stages, items)
    if written:
        Ledger.objects.filter(pk=locked.pk).update(last_seq=locked.last_seq + 1)
    BatchStage.objects.filter(pk__in=[stage.pk for stage in stages]).update(done_at=Now())
    ReviewItem.objects.filter(pk__in=[item.pk for item in items]).update(needs_resolution=False)
    log.debug("resolved", model=locked.model_id, batches=len(stages), items=len(items), resolutions=written)
    return ResolverStep(len(stages) + len(items), written)


def _due_stages(ledger: Ledger, *, rows: int) -> list[BatchStage]:
    """Return the oldest due batches with about `rows` rows in total, at least one batch."""
    due = (
        BatchStage.objects.due(Stage.RESOLVE)
        .filter(batch__model=ledger.model_id)
        .select_for_update(skip_locked=True, of=("self",))
    )
    chosen: list[BatchStage] = []
    total = 0
    for stage in due[:rows]:
        total += stage.batch.accepted
        if chosen and total > rows:
            break
        chosen.append(stage)
    return chosen


def _write(ledger: Ledger, stages: list[BatchStage], items: list[ReviewItem]) -> int:
    """Insert the resolutions that changed, under the ledger's next number. Returns how many."""
    parameters: dict[str, Any] = {
        "model": ledger.model_id,
        "seq": ledger.last_seq + 1,
        "outcome_batches": [s.batch_id for s in stages if s.batch.kind == BatchKind.OUTCOMES],
        "prediction_batches": [s.batch_id for s in stages if s.batch.kind == BatchKind.PREDICTIONS],
        "predictions": [item.prediction_id for item in items],
    }
    with connection.cursor() as cursor:
        cursor.execute(WRITE, parameters)
        return int(cursor.rowcount)
