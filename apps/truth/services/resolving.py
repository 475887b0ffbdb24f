"""The resolver: one writer per model turns outcomes and reviews into numbered resolutions, exactly once.

What is due is in the database: batches whose stage `resolve` is not done, and items that say so. Rows are
written and what was due is marked in one transaction, so killing the resolver at any point loses and doubles
nothing.
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

# Writes resolutions for any mix of outcome batches, prediction batches and items.
WRITE = """
WITH concerned AS (
    SELECT prediction.id, prediction.external_id
    FROM (
        SELECT DISTINCT external_id FROM predictions_outcome WHERE batch_id = ANY(%(outcome_batches)s)
    ) AS came
    JOIN predictions_prediction AS prediction
        ON prediction.model_id = %(model)s AND prediction.external_id = came.external_id
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
    -- A correction is a later row, so the highest id is what holds.
    LEFT JOIN LATERAL (
        SELECT outcome, occurred_at FROM predictions_outcome
        WHERE model_id = %(model)s AND external_id = concerned.external_id
        ORDER BY id DESC LIMIT 1
    ) AS outcome ON true
    -- Probes, which have no draw, say nothing about the model.
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
    """Resolve what is due, of every model that nobody else is resolving. Returns the resolutions written."""
    written = 0
    for model in models_due():
        try:
            written += resolve_model(model, rows=rows)
        except (LeaseLostError, DatabaseError) as error:
            # Nothing of this step was written; the next bell tries again. Other models need not wait for it.
            log.warning("resolve_interrupted", model=model.pk, error=str(error))
    return written


def models_due() -> list[MonitoredModel]:
    """The models about which truth has not heard the latest."""
    stages = BatchStage.objects.filter(stage=Stage.RESOLVE, done_at=None)
    items = ReviewItem.objects.unresolved()
    due = {*stages.values_list("batch__model", flat=True), *items.values_list("queue__model", flat=True)}
    return list(MonitoredModel.objects.filter(pk__in=due).order_by("pk"))


def resolve_model(model: MonitoredModel, *, rows: int = ROWS_PER_CLAIM) -> int:
    """Resolve all that is due of one model, some batches at a time; nothing where somebody else is at it."""
    Ledger.objects.of(model)
    held = Ledger.objects.filter(model=model).claim(seconds=LEASE_SECONDS)
    if not held:
        return 0
    ledger: Ledger = held[0]
    written = 0
    while (step := resolve_some(ledger, rows=rows)).consumed:
        written += step.written
        ledger.heartbeat(seconds=LEASE_SECONDS)
    ledger.fenced_update(**RELEASED)
    return written


@dataclass(frozen=True)
class Step:
    """What one transaction of the resolver did: batches and items consumed, resolutions written."""

    consumed: int
    written: int


@transaction.atomic
def resolve_some(ledger: Ledger, *, rows: int = ROWS_PER_CLAIM) -> Step:
    """Consume some due batches and items: write their resolutions under the next number and mark them done.

    Whichever of an outcome and its prediction is resolved last sees both: each is looked up from either side.
    """
    # The row lock lets one writer at a time in, even where a lease ran out in the middle of its work.
    locked: Ledger | None = Ledger.objects.select_for_update().held(ledger.lease_token).filter(pk=ledger.pk).first()
    if locked is None:
        raise LeaseLostError("Somebody else resolves this model by now.")
    stages = _due_stages(locked, rows=rows)
    # Locked before they are read: a label that changes from now on sets the mark again.
    items = list(
        ReviewItem.objects.unresolved()
        .filter(queue__model=locked.model_id)
        .select_for_update(skip_locked=True, of=("self",))
        .order_by("pk")[:rows]
    )
    if not stages and not items:
        return Step(0, 0)
    written = _write(locked, stages, items)
    if written:
        Ledger.objects.filter(pk=locked.pk).update(last_seq=locked.last_seq + 1)
    BatchStage.objects.filter(pk__in=[stage.pk for stage in stages]).update(done_at=Now())
    ReviewItem.objects.filter(pk__in=[item.pk for item in items]).update(needs_resolution=False)
    log.debug("resolved", model=locked.model_id, batches=len(stages), items=len(items), resolutions=written)
    return Step(len(stages) + len(items), written)


def _due_stages(ledger: Ledger, *, rows: int) -> list[BatchStage]:
    """The oldest due batches that hold about so many rows together, at least one."""
    due = (
        BatchStage.objects.due(Stage.RESOLVE)
        .filter(batch__model=ledger.model_id)
        .select_for_update(skip_locked=True, of=("self",))
    )
    taken: list[BatchStage] = []
    total = 0
    for stage in due[:rows]:
        total += stage.batch.accepted
        if taken and total > rows:
            break
        taken.append(stage)
    return taken


def _write(ledger: Ledger, stages: list[BatchStage], items: list[ReviewItem]) -> int:
    """Insert what is new about these batches and items under the ledger's next number."""
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
