"""Data frames of reviewers' first answers: the answer, its active time, and what it can be compared with."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pandas as pd
from django.db import connection

from apps.registry.models import MonitoredModel

# Selects every case answered in the period, and all first answers to it, even from before the period: answers are
# compared with each other. The first answer is the judgement of a blind review, otherwise the latest decision.
ANSWERS = """
WITH concerned AS (
    SELECT DISTINCT item_id FROM review_slot
    WHERE queue_id = ANY(%(queues)s) AND closed_at >= %(since)s AND outcome = 'answered' AND NOT is_adjudication
      AND (%(reviewer)s IS NULL OR reviewer_id = %(reviewer)s)
),
answered AS (
    SELECT
        slot.id, slot.item_id, slot.round, slot.queue_id, slot.reviewer_id, slot.closed_at,
        (array_agg(decision.value ORDER BY decision.is_judgement DESC, decision.id DESC))[1] AS value,
        (array_agg(decision.value ORDER BY decision.id DESC) FILTER (WHERE NOT decision.is_judgement))[1] AS kept,
        (array_agg(decision.value ORDER BY decision.is_judgement DESC, decision.id DESC)
            FILTER (WHERE decision.decided_at < %(today)s AND slot.closed_at < %(today)s))[1] AS value_before_today,
        (array_agg(decision.certainty ORDER BY decision.is_judgement DESC, decision.id DESC))[1] AS certainty,
        bool_or(decision.is_judgement) AS was_blind,
        -- Only the judgement notes what the reveal showed.
        max(decision.shown) AS shown,
        bool_or(decision.is_shown_in_part) AS is_shown_in_part,
        -- See `review.Similar`; empty where nobody noted what was shown.
        CASE
            WHEN max(decision.shown) = '' THEN ''
            WHEN slot.similar_at <= max(decision.decided_at) THEN 'opened'
            ELSE 'not_opened'
        END AS similar_cases,
        min(decision.decided_at) AS decided_at,
        -- Leave out the time of later changes. If one part is unknown, so is the sum.
        CASE WHEN bool_and(decision.active_ms IS NOT NULL) FILTER (WHERE decision.decided_at <= slot.closed_at)
            THEN sum(decision.active_ms) FILTER (WHERE decision.decided_at <= slot.closed_at)
        END AS active_ms
    FROM concerned
    JOIN review_slot AS slot ON slot.item_id = concerned.item_id
    JOIN review_decision AS decision ON decision.slot_id = slot.id AND decision.value IS NOT NULL
    WHERE slot.outcome = 'answered' AND NOT slot.is_adjudication
    GROUP BY slot.id
)
SELECT
    answered.id, answered.reviewer_id, answered.queue_id, answered.item_id, answered.round, item.prediction_id,
    item.purpose, item.state = 'closed', answered.closed_at >= %(since)s,
    prediction.predicted, answered.value, answered.kept, answered.value_before_today, answered.certainty,
    answered.was_blind, answered.shown, answered.is_shown_in_part, answered.similar_cases,
    extract(epoch FROM answered.decided_at)::float8, answered.active_ms::float8,
    -- A probe is compared with the known answer, or with the same person's earlier answer.
    CASE item.purpose WHEN 'gold' THEN gold.value WHEN 'repeat' THEN earlier.value END,
    -- The truth. Nobody is measured against their own adjudication.
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
    "is_in_period": "bool",
    "predicted": "float64",
    "value": "float64",
    "kept": "float64",
    "value_before_today": "float64",
    "certainty": "float64",
    "was_blind": "bool",
    "shown": "object",
    "is_shown_in_part": "bool",
    "similar": "object",
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
        CASE WHEN bool_and(decision.active_ms IS NOT NULL) THEN sum(decision.active_ms)::float8 END AS active_ms
    FROM review_slot AS slot
    JOIN review_decision AS decision ON decision.slot_id = slot.id AND decision.decided_at <= slot.closed_at
    WHERE slot.queue_id = ANY(%(queues)s) AND slot.closed_at >= %(since)s AND slot.outcome = 'answered'
      AND NOT slot.is_adjudication AND decision.value IS NOT NULL
    GROUP BY slot.id
) AS every
WHERE active_ms IS NOT NULL
GROUP BY queue_id
"""


def answers_frame(
    model: MonitoredModel, *, since: datetime, today: datetime, reviewer: int | None = None
) -> pd.DataFrame:
    """Read first answers, oldest first: those since `since`, by one person or by all, and the others to the same cases.

    `known` is what a probe is compared with; `truth` is the case's later truth, and `truth_probability` the probability
    that it became known. `value_before_today` is the answer as it stood when today began. Moments are seconds since
    1970; nan means none.
    """
    parameters = {"queues": _queues(model), "since": since, "today": today, "reviewer": reviewer}
    return pd.DataFrame.from_records(_rows(ANSWERS, parameters), columns=list(COLUMNS)).astype(COLUMNS)


def median_times(model: MonitoredModel, *, since: datetime) -> dict[int, float]:
    """Return the median active milliseconds of the answers since then, by queue."""
    return dict(_rows(MEDIAN_TIMES, {"queues": _queues(model), "since": since}))


def _queues(model: MonitoredModel) -> list[int]:
    """List the queue ids for the statements: with a join, the planner underestimates the rows a hundredfold."""
    return list(model.queues.values_list("pk", flat=True))


def _rows(statement: str, parameters: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
