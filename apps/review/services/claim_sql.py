"""The SQL of a claim: which slots a person holds or may claim, and the one statement that claims them.

Through the ORM a claim takes four queries, and compiling each takes longer than the database needs to answer it.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db import connection
from django.db.models import Model

from apps.predictions.models import Prediction
from apps.registry.models import ModelVersion, MonitoredModel, ReviewQueue
from apps.review.models import ReviewItem, Slot

# The claim returns the columns of these rows for each slot, in this order.
RETURNED: dict[str, type[Model]] = {
    "slot": Slot,
    "item": ReviewItem,
    "prediction": Prediction,
    "version": ModelVersion,
    "queue": ReviewQueue,
    "model": MonitoredModel,
}
COLUMNS = ", ".join(
    f'{alias}."{field.column}"' for alias, model in RETURNED.items() for field in model._meta.concrete_fields
)

# A blind review whose person has seen the prediction before judging it, as in `sight.is_spoiled`.
SPOILED = """
    NOT slot.is_adjudication
    AND slot.judged_at IS NULL
    AND EXISTS (
        SELECT FROM review_reviewitem AS item
        WHERE item.id = slot.item_id AND item.is_blind
        AND (
            EXISTS (
                SELECT FROM predictions_caseview AS seen
                WHERE seen.prediction_id = item.prediction_id AND seen.user_id = %(person)s
                AND (item.purpose <> 'repeat' OR seen.place NOT IN ('desk', 'figures'))
            )
            OR EXISTS (
                SELECT FROM predictions_exportview AS export
                JOIN registry_reviewqueue AS exported ON exported.model_id = export.model_id
                WHERE exported.id = slot.queue_id AND export.user_id = %(person)s
                AND item.prediction_id BETWEEN export.first_prediction AND export.last_prediction
            )
        )
    )
"""
# The person has yet to judge another review of the same prediction, as in `sight.check_not_awaited`.
AWAITED = """
    EXISTS (
        SELECT FROM review_slot AS own
        JOIN review_reviewitem AS awaited ON awaited.id = own.item_id
        JOIN review_reviewitem AS item ON item.prediction_id = awaited.prediction_id
        WHERE item.id = slot.item_id AND own.id <> slot.id AND own.reviewer_id = %(person)s AND own.closed_at IS NULL
        AND own.judged_at IS NULL AND NOT own.is_adjudication AND awaited.is_blind
    )
"""
HELD = f"""
    slot.closed_at IS NULL
    AND slot.reviewer_id = %(person)s
    AND slot.lease_expires_at >= statement_timestamp()
    AND NOT ({SPOILED})
"""
CLAIMABLE = f"""
    slot.closed_at IS NULL
    AND (slot.lease_expires_at IS NULL OR slot.lease_expires_at < statement_timestamp())
    AND (slot.snoozed_until IS NULL OR slot.snoozed_until <= statement_timestamp())
    AND (%(may_adjudicate)s OR NOT slot.is_adjudication)
    AND NOT (slot.is_adjudication AND {AWAITED})
    AND NOT ({SPOILED})
    AND (
        slot.reviewer_id = %(person)s
        OR (
            NOT slot.is_reserved
            -- Put off or asked about, it returns to its own reviewer.
            AND slot.snoozed_until IS NULL
            -- A blind judgement stands as the answer, so nobody else may take the slot.
            AND slot.judged_at IS NULL
            AND NOT EXISTS (
                SELECT FROM review_slot AS own
                WHERE own.item_id = slot.item_id AND own.round = slot.round AND own.reviewer_id = %(person)s
            )
            AND (slot.is_adjudication OR NOT {AWAITED})
        )
    )
"""

# Returns held slots first, then fresh ones up to the limit. One statement, so it takes effect as a whole or not at all.
# If blind judgements have lapsed, or the person has seen a case that they have yet to judge, it claims nothing and
# returns those instead: settling them opens and closes slots. What it shows, it notes.
CLAIM = f"""
WITH RECURSIVE named AS MATERIALIZED (
    SELECT queue.* FROM registry_reviewqueue AS queue
    JOIN registry_monitoredmodel AS model ON model.id = queue.model_id
    WHERE model.project_id = %(project)s
    AND (queue.id = %(number)s OR queue.slug = %(slug)s AND (%(model)s::text IS NULL OR model.slug = %(model)s))
),
-- A name that several models' queues have is no name of one.
queue AS MATERIALIZED (
    SELECT named.*, CASE WHEN %(is_capped)s THEN least(%(limit)s, named.prefetch) ELSE %(limit)s END AS slots
     FROM named WHERE (SELECT count(*) FROM named) = 1
),
lapsed AS MATERIALIZED (
    SELECT slot.* FROM review_slot AS slot
    WHERE %(stops_at_lapsed)s AND slot.queue_id = (SELECT id FROM queue)
    AND slot.closed_at IS NULL AND slot.judged_at IS NOT NULL AND slot.lease_expires_at < statement_timestamp()
    UNION ALL
    SELECT slot.* FROM review_slot AS slot
    WHERE %(stops_at_lapsed)s AND slot.queue_id = (SELECT id FROM queue)
    AND slot.closed_at IS NULL AND slot.reviewer_id = %(person)s AND {SPOILED}
),
held AS MATERIALIZED (
    -- A case whose prediction was revealed is finished before another one begins.
    SELECT slot.*, row_number() OVER (ORDER BY slot.judged_at NULLS LAST, slot.order_key, slot.id) AS place
    FROM review_slot AS slot
    WHERE slot.queue_id = (SELECT id FROM queue) AND slot.is_adjudication = ANY (%(kinds)s) AND {HELD}
    AND NOT EXISTS (SELECT FROM lapsed)
    ORDER BY place
    LIMIT (SELECT slots FROM queue)
),
-- One slot per step: an item may have several, and a person takes only one of them. SKIP LOCKED passes over slots
-- that others are claiming right now.
fresh (id, place, items) AS (
    SELECT NULL::bigint, count(*), ARRAY[]::bigint[] FROM held
    UNION ALL
    SELECT next.id, fresh.place + 1, fresh.items || next.item_id
    FROM fresh CROSS JOIN queue CROSS JOIN LATERAL (
        SELECT slot.id, slot.item_id FROM review_slot AS slot
        WHERE slot.queue_id = queue.id AND slot.is_adjudication = ANY (%(kinds)s) AND {CLAIMABLE}
        AND slot.item_id <> ALL (fresh.items)
        ORDER BY slot.order_key, slot.id
        LIMIT 1
        FOR UPDATE SKIP LOCKED
    ) AS next
    WHERE %(takes_fresh)s AND queue.paused_at IS NULL AND fresh.place < queue.slots AND NOT EXISTS (SELECT FROM lapsed)
),
taken AS (
    UPDATE review_slot AS slot SET
        lease_token = gen_random_uuid(),
        lease_expires_at = statement_timestamp() + make_interval(secs => queue.lease_seconds),
        attempts = attempts + 1,
        reviewer_id = %(person)s,
        snoozed_until = NULL
    FROM fresh CROSS JOIN queue
    WHERE slot.id = fresh.id
    RETURNING slot.*, fresh.place
),
claimed AS (
    SELECT *, FALSE AS is_lapsed FROM held
    UNION ALL SELECT *, FALSE FROM taken
    UNION ALL SELECT *, 0, TRUE FROM lapsed
),
noted AS (
    INSERT INTO predictions_caseview (prediction_id, user_id, place, opened_at)
    SELECT item.prediction_id, %(person)s, CASE WHEN claimed.is_adjudication THEN 'settling' ELSE 'desk' END,
        statement_timestamp()
    FROM claimed JOIN review_reviewitem AS item ON item.id = claimed.item_id
    WHERE NOT claimed.is_lapsed AND (claimed.is_adjudication OR NOT item.is_blind)
    ORDER BY item.prediction_id
    ON CONFLICT DO NOTHING
)
SELECT slot.is_lapsed, {COLUMNS}
FROM claimed AS slot
JOIN review_reviewitem AS item ON item.id = slot.item_id
JOIN predictions_prediction AS prediction ON prediction.id = item.prediction_id
JOIN registry_modelversion AS version ON version.id = prediction.version_id
JOIN registry_reviewqueue AS queue ON queue.id = slot.queue_id
JOIN registry_monitoredmodel AS model ON model.id = queue.model_id
ORDER BY slot.place
"""  # noqa: S608  # only the conditions and columns above are put in

# Counts by queue the cases that a person holds or could claim, and how many of them they would settle.
COUNT_FOR_PERSON = f"""
SELECT slot.queue_id, count(DISTINCT slot.item_id), count(DISTINCT slot.item_id) FILTER (WHERE slot.is_adjudication)
FROM review_slot AS slot
JOIN registry_reviewqueue AS queue ON queue.id = slot.queue_id
JOIN registry_monitoredmodel AS model ON model.id = queue.model_id
WHERE model.project_id = %(project)s AND (({HELD}) OR ({CLAIMABLE}))
GROUP BY slot.queue_id
"""  # noqa: S608  # only the conditions above are put in

# The same, and how many of them are past their due time, due today, and due this week; each counts those before it.
DUE_FOR_PERSON = f"""
SELECT slot.queue_id,
    count(DISTINCT slot.item_id) FILTER (WHERE slot.is_adjudication),
    count(DISTINCT slot.item_id) FILTER (WHERE case_of.due_at < %(now)s),
    count(DISTINCT slot.item_id) FILTER (WHERE case_of.due_at < %(tomorrow)s),
    count(DISTINCT slot.item_id) FILTER (WHERE case_of.due_at < %(monday)s),
    count(DISTINCT slot.item_id)
FROM review_slot AS slot
JOIN review_reviewitem AS case_of ON case_of.id = slot.item_id
JOIN registry_reviewqueue AS queue ON queue.id = slot.queue_id
JOIN registry_monitoredmodel AS model ON model.id = queue.model_id
WHERE model.project_id = %(project)s AND (({HELD}) OR ({CLAIMABLE}))
GROUP BY slot.queue_id
"""  # noqa: S608  # only the conditions above are put in


def slot_of(row: list[Any]) -> Slot:
    """Return the slot in a row of the claim, with its queue, item, prediction, version and model."""
    columns = iter(row)
    slot, item, prediction, version, queue, model = (_instance(kind, columns) for kind in RETURNED.values())
    slot.item, item.prediction, prediction.version = item, prediction, version
    slot.queue = item.queue = queue
    queue.model = prediction.model = version.model = model
    returned: Slot = slot
    return returned


def _instance(model: type[Model], columns: Iterator[Any]) -> Any:
    fields = model._meta.concrete_fields
    values = [
        field.from_db_value(value, None, connection) if hasattr(field, "from_db_value") else value
        for field, value in zip(fields, islice(columns, len(fields)), strict=True)
    ]
    return model.from_db(connection.alias, [field.attname for field in fields], values)
