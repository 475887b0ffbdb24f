"""The one statement that writes resolutions, for any mix of outcome batches, prediction batches and items."""

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
