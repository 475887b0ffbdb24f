"""The resolver: one writer per model turns outcomes and reviews into numbered resolutions, exactly once.

The database holds the work: batches whose stage `resolve` is not done, and items with `needs_resolution`. One
transaction writes the rows and marks the work done, so killing the resolver at any point loses and doubles nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import Min
from django.db.models.functions import Greatest

from apps.common import numerals
from apps.common.isolation import is_no_rows_fault, one_by_one
from apps.predictions.models import Batch, BatchKind, BatchStage, Stage
from apps.predictions.services import stages
from apps.registry.models import Incident, MonitoredModel
from apps.registry.services import incidents
from apps.review.models import ReviewItem
from apps.truth.models import Ledger

log = structlog.get_logger(__name__)

ITEMS_AT_ONCE = 50_000
# The stage that an incident about them names.
ITEMS = "resolve_items"
NAMED = 10

# Writes the resolutions of any mix of outcome batches, prediction batches and cases. What counts for a shadow comes
# from the model in use: its outcomes, and its case of the same id.
WRITE = """
WITH concerned AS (
    SELECT prediction.id, prediction.external_id
    FROM (
        SELECT DISTINCT sent.external_id
        FROM unnest(%(outcome_batches)s::bigint[], %(outcome_first)s::bigint[], %(outcome_last)s::bigint[])
            AS batch (id, first_id, last_id)
        JOIN predictions_outcome AS sent
            ON sent.batch_id = batch.id AND (first_id IS NULL OR sent.id BETWEEN first_id AND last_id)
    ) AS arrived
    JOIN predictions_prediction AS prediction
        ON prediction.model_id = %(model)s AND prediction.external_id = arrived.external_id
    UNION
    SELECT prediction.id, prediction.external_id
    FROM unnest(%(prediction_batches)s::bigint[], %(prediction_first)s::bigint[], %(prediction_last)s::bigint[])
        AS batch (id, first_id, last_id)
    JOIN predictions_prediction AS prediction
        ON prediction.id BETWEEN batch.first_id AND batch.last_id AND prediction.batch_id = batch.id
    UNION
    SELECT id, external_id FROM predictions_prediction
    WHERE model_id = %(model)s AND external_id = ANY(%(cases)s)
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
        WHERE model_id = %(champion)s AND external_id = concerned.external_id
        ORDER BY occurred_at DESC, id DESC LIMIT 1
    ) AS outcome ON true
    {judged}
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

# Probes say nothing about the model.
OWN_CASE = """
    LEFT JOIN review_reviewitem AS item ON item.prediction_id = concerned.id AND item.purpose IN ('review', 'targeted')
"""
CASE_OF_CHAMPION = """
    LEFT JOIN predictions_prediction AS judged
        ON judged.model_id = %(champion)s AND judged.external_id = concerned.external_id
    LEFT JOIN review_reviewitem AS item ON item.prediction_id = judged.id AND item.purpose IN ('review', 'targeted')
"""


def resolve_due() -> int:
    """Resolve all due batches, and all items with changes. Returns the number of resolutions written."""
    written = 0

    def resolve(model: MonitoredModel, states: list[BatchStage]) -> None:
        nonlocal written
        written += resolve_batches(model, states)

    stages.consume(Stage.RESOLVE, resolve)
    return written + sum(one_by_one(_models_with_items(), resolve_items, name="resolve_items"))


@transaction.atomic
def resolve_batches(model: MonitoredModel, states: list[BatchStage]) -> int:
    """Resolve the rows of these batches, under one number; their states commit with the resolutions.

    Outcomes look up their predictions and predictions their outcomes, so the later of the two always finds both.
    """
    ledger = _locked(model)
    stages.finish(states)
    batches: dict[str, list[Batch]] = {kind: [] for kind in BatchKind}
    for state in states:
        batches[state.batch.kind].append(state.batch)
    written = _write(ledger, predictions=batches[BatchKind.PREDICTIONS], outcomes=batches[BatchKind.OUTCOMES])
    return written + _write_for_shadows(model, outcomes=batches[BatchKind.OUTCOMES])


def items_waiting_since() -> datetime | None:
    """Return when the oldest answer came that no resolution has yet; None without any.

    Models with an item that cannot be resolved do not count: their incident says so.
    """
    stuck = Incident.objects.open().filter(stage=ITEMS).values("model")
    waiting = ReviewItem.objects.unresolved().filter(queue__model__archived_at=None).exclude(queue__model__in=stuck)
    since: datetime | None = waiting.aggregate(since=Min(Greatest("labelled_at", "adjudicated_at")))["since"]
    return since


def _models_with_items() -> list[MonitoredModel]:
    due = ReviewItem.objects.unresolved().values("queue__model")
    return list(MonitoredModel.objects.filter(pk__in=due).order_by("pk"))


def resolve_items(model: MonitoredModel) -> int:
    """Resolve the items of a model whose answers have changed. Returns the number of resolutions written."""
    due = ReviewItem.objects.unresolved().filter(queue__model=model).order_by("pk")
    keys = list(due.values_list("pk", flat=True))
    failed: list[ReviewItem] = []
    written = sum(_resolve_some(model, keys[i : i + ITEMS_AT_ONCE], failed) for i in range(0, len(keys), ITEMS_AT_ONCE))
    _note_failed(model, failed)
    return written


def _resolve_some(model: MonitoredModel, keys: list[int], failed: list[ReviewItem]) -> int:
    """Resolve items; after an error each half of them, until the item that fails is alone."""
    try:
        return _resolve_together(model, keys)
    except Exception as error:
        if is_no_rows_fault(error):  # the next bell tries again
            raise
        if len(keys) == 1:
            log.exception("item_not_resolved", item=keys[0])
            failed += ReviewItem.objects.filter(pk__in=keys).select_related("prediction")
            return 0
    middle = len(keys) // 2
    return _resolve_some(model, keys[:middle], failed) + _resolve_some(model, keys[middle:], failed)


@transaction.atomic
def _resolve_together(model: MonitoredModel, keys: list[int]) -> int:
    ledger = _locked(model)
    # Lock the items before reading them: a label that changes later sets needs_resolution again.
    items = ReviewItem.objects.unresolved().filter(pk__in=keys).select_for_update(skip_locked=True, of=("self",))
    found = dict(items.values_list("pk", "prediction__external_id"))
    cases = list(found.values())
    written = _write(ledger, cases=cases) + _write_for_shadows(model, cases=cases) if found else 0
    ReviewItem.objects.filter(pk__in=found).update(needs_resolution=False)
    return written


def _note_failed(model: MonitoredModel, failed: list[ReviewItem]) -> None:
    """Open, update or close the model's incident about items that cannot be resolved."""
    if not failed:
        incidents.close_processed(model.incidents.filter(stage=ITEMS))
        return
    changed = [item.adjudicated_at or item.labelled_at or item.opened_at for item in failed]
    names = ", ".join(item.prediction.external_id for item in failed[:NAMED])
    more = f" and {numerals.count(len(failed) - NAMED)} more" if len(failed) > NAMED else ""
    detail = f"reviews of {names}{more}"
    incidents.note_stuck(model, ITEMS, rows=len(failed), first_at=min(changed), last_at=max(changed), detail=detail)


def _locked(model: MonitoredModel) -> Ledger:
    """Lock the model's ledger until the transaction ends: one writer at a time."""
    Ledger.objects.of(model)
    ledger: Ledger = Ledger.objects.select_for_update(of=("self",)).select_related("model").get(model=model)
    return ledger


def _write_for_shadows(champion: MonitoredModel, *, outcomes: Sequence[Batch] = (), cases: Sequence[str] = ()) -> int:
    """Write what became known of the model in use for its shadows too, each under a number of its own."""
    if not (outcomes or cases):
        return 0
    shadows = champion.shadows.order_by("pk")
    return sum(_write(_locked(each), outcomes=outcomes, cases=cases) for each in shadows)


def _write(
    ledger: Ledger,
    *,
    predictions: Sequence[Batch] = (),
    outcomes: Sequence[Batch] = (),
    cases: Sequence[str] = (),
) -> int:
    """Insert the resolutions that changed, under the ledger's next number. Returns how many."""
    champion = ledger.model.shadow_of_id or ledger.model_id
    judged = OWN_CASE if champion == ledger.model_id else CASE_OF_CHAMPION
    parameters: dict[str, Any] = {"model": ledger.model_id, "champion": champion, "cases": list(cases)}
    parameters |= {"seq": ledger.last_seq + 1}
    for kind, batches in (("prediction", predictions), ("outcome", outcomes)):
        parameters |= {
            f"{kind}_batches": [batch.pk for batch in batches],
            f"{kind}_first": [batch.first_id for batch in batches],
            f"{kind}_last": [batch.last_id for batch in batches],
        }
    with connection.cursor() as cursor:
        cursor.execute(WRITE.format(judged=judged), parameters)
        written = int(cursor.rowcount)
    if written:
        Ledger.objects.filter(pk=ledger.pk).update(last_seq=ledger.last_seq + 1)
    return written
