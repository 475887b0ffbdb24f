"""First answers of reviewers as frames: what each said of a case, how long it took, and what is known otherwise."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pandas as pd
from django.db import connection

from apps.registry.models import MonitoredModel

# The first answers of all reviews of the cases that were answered in a window, also those given before it: an answer
# is compared with others. Of a blind review the first answer is the judgement, else the latest decision.
ANSWERS = """
WITH concerned AS (
    SELECT DISTINCT item_id FROM review_slot
    WHERE queue_id = ANY(%(queues)s) AND closed_at >= %(since)s AND outcome = 'answered' AND NOT is_adjudication
      AND (%(reviewer)s IS NULL OR reviewer_id = %(reviewer)s)
),
answered AS (
    SELECT
        slot.id, slot.item_id, slot.round, slot.queue_id, slot.reviewer_id, slot.closed_at,
        (array_agg(said.value ORDER BY said.is_judgement DESC, said.id DESC))[1] AS value,
        (array_agg(said.value ORDER BY said.id DESC) FILTER (WHERE NOT said.is_judgement))[1] AS kept,
        (array_agg(said.value ORDER BY said.is_judgement DESC, said.id DESC)
            FILTER (WHERE said.decided_at < %(today)s AND slot.closed_at < %(today)s))[1] AS value_before_today,
        (array_agg(said.certainty ORDER BY said.is_judgement DESC, said.id DESC))[1] AS certainty,
        bool_or(said.is_judgement) AS was_blind,
        min(said.decided_at) AS decided_at,
        -- What was changed later took its own time. Where a part is not known the whole is not.
        CASE WHEN bool_and(said.active_ms IS NOT NULL) FILTER (WHERE said.decided_at <= slot.closed_at)
            THEN sum(said.active_ms) FILTER (WHERE said.decided_at <= slot.closed_at)
        END AS active_ms
    FROM concerned
    JOIN review_slot AS slot ON slot.item_id = concerned.item_id
    JOIN review_decision AS said ON said.slot_id = slot.id AND said.value IS NOT NULL
    WHERE slot.outcome = 'answered' AND NOT slot.is_adjudication
    GROUP BY slot.id
)
SELECT
    answered.id, answered.reviewer_id, answered.queue_id, answered.item_id, answered.round, item.prediction_id,
    item.purpose, item.state = 'closed', answered.closed_at >= %(since)s,
    prediction.predicted, answered.value, answered.kept, answered.value_before_today, answered.certainty,
    answered.was_blind, extract(epoch FROM answered.decided_at)::float8, answered.active_ms::float8,
    -- What a probe is compared with: the known answer, or what the same person said before.
    CASE item.purpose WHEN 'gold' THEN gold.value WHEN 'repeat' THEN earlier.value END,
    -- What it turned out to be: nobody's answer is measured by their own word as adjudicator.
    CASE
        WHEN known.outcome IS NOT NULL THEN known.outcome
        WHEN settled.reviewer_id <> answered.reviewer_id THEN known.adjudicated
    END,
    known.outcome IS NOT NULL,
    CASE WHEN known.outcome IS NULL THEN coalesce(known.adjudication_probability, 1) ELSE 1 END,
    extract(epoch FROM CASE WHEN known.outcome IS NULL THEN item.adjudicated_at ELSE known.occurred_at END)::float8,
    settled.id
FROM answered
JOIN review_reviewitem AS item ON item.id = answered.item_id
JOIN predictions_prediction AS prediction ON prediction.id = item.prediction_id
LEFT JOIN review_goldanswer AS gold ON gold.id = item.gold_id
LEFT JOIN LATERAL (
    SELECT value FROM review_decision
    WHERE item.repeats_id IS NOT NULL AND slot_id = item.repeats_id AND value IS NOT NULL
    ORDER BY is_judgement DESC, id DESC LIMIT 1
) AS earlier ON true
LEFT JOIN LATERAL (
    SELECT outcome, occurred_at, adjudicated, adjudication_probability FROM truth_resolution
    WHERE item.purpose = 'review' AND prediction_id = item.prediction_id ORDER BY seq DESC LIMIT 1
) AS known ON true
LEFT JOIN LATERAL (
    SELECT id, reviewer_id FROM review_slot
    WHERE item.adjudicated IS NOT NULL AND item_id = item.id AND is_adjudication AND outcome = 'answered'
    ORDER BY closed_at DESC LIMIT 1
) AS settled ON true
ORDER BY answered.decided_at, answered.id
"""
COLUMNS: dict[str, str] = {
    "slot": "int64",
    "reviewer": "int64",
    "queue": "int64",
    "item": "int64",
    "round": "int64",
    "prediction": "int64",
    "purpose": "object",
    "is_settled": "bool",
    "is_in_window": "bool",
    "predicted": "float64",
    "value": "float64",
    "kept": "float64",
    "value_before_today": "float64",
    "certainty": "float64",
    "was_blind": "bool",
    "decided_at": "float64",
    "active_ms": "float64",
    "known": "float64",
    "truth": "float64",
    "is_outcome": "bool",
    "truth_probability": "float64",
    "settled_at": "float64",
    "adjudication": "float64",
}
MEDIAN_TIMES = """
SELECT queue_id, percentile_cont(0.5) WITHIN GROUP (ORDER BY active_ms)
FROM (
    SELECT
        slot.queue_id,
        CASE WHEN bool_and(said.active_ms IS NOT NULL) THEN sum(said.active_ms)::float8 END AS active_ms
    FROM review_slot AS slot
    JOIN review_decision AS said ON said.slot_id = slot.id AND said.decided_at <= slot.closed_at
    WHERE slot.queue_id = ANY(%(queues)s) AND slot.closed_at >= %(since)s AND slot.outcome = 'answered'
      AND NOT slot.is_adjudication AND said.value IS NOT NULL
    GROUP BY slot.id
) AS every
WHERE active_ms IS NOT NULL
GROUP BY queue_id
"""


def answers_frame(
    model: MonitoredModel, *, since: datetime, today: datetime, reviewer: int | None = None
) -> pd.DataFrame:
    """First answers, oldest first: those given since, of one person or of all, and the others of the same cases.

    `known` is what a probe is compared with, `truth` what the case turned out to be, with the probability that it
    became known. `value_before_today` is what stood when the day began. Moments are seconds since 1970; nan: none.
    """
    asked = {"queues": _queues(model), "since": since, "today": today, "reviewer": reviewer}
    return pd.DataFrame.from_records(_rows(ANSWERS, asked), columns=list(COLUMNS)).astype(COLUMNS)


def median_times(model: MonitoredModel, *, since: datetime) -> dict[int, float]:
    """By queue: active milliseconds of half of the answers given since."""
    return dict(_rows(MEDIAN_TIMES, {"queues": _queues(model), "since": since}))


def _queues(model: MonitoredModel) -> list[int]:
    """Named in the statements: with a join the planner takes an answer in a hundred for all there are."""
    return list(model.queues.values_list("pk", flat=True))


def _rows(statement: str, asked: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, asked)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found
