"""Operations of this app's migrations that Django has no word for."""

from django.db import migrations

from apps.common.append_only import CreateOwnersFunction


class CreatePayloadPartitions(migrations.RunSQL):
    """Create the wide table, partitioned by month of arrival. Its partitions are made ahead of time by a task."""

    def __init__(self) -> None:
        super().__init__(
            """
            CREATE TABLE predictions_payload (
                prediction_id bigint NOT NULL,
                received_at timestamptz NOT NULL,
                features json NOT NULL,
                probabilities json,
                attributions json,
                attribution_base double precision,
                latency_ms double precision,
                resources json
            ) PARTITION BY RANGE (received_at);
            CREATE INDEX predictions_payload_id ON predictions_payload
                USING brin (prediction_id) WITH (pages_per_range = 16);
            """,
            "DROP TABLE predictions_payload",
        )


class AddProcessed(migrations.RunSQL):
    """Add the column to the wide table and its partitions, which takes no time whatever they hold."""

    def __init__(self) -> None:
        super().__init__(
            "ALTER TABLE predictions_payload ADD COLUMN processed json",
            "ALTER TABLE predictions_payload DROP COLUMN processed",
        )


class CreatePredictionIds(migrations.RunSQL):
    """Create the sequence of prediction ids. It hands out blocks, so a push costs one number and not one a row."""

    def __init__(self) -> None:
        super().__init__(
            "CREATE SEQUENCE predictions_prediction_id_seq AS bigint INCREMENT BY 1000",
            "DROP SEQUENCE predictions_prediction_id_seq",
        )


class DropRepeatedOutcomes(migrations.RunSQL):
    """Keep the first of equal outcomes: an outcome was once stored again if another had come in between."""

    def __init__(self) -> None:
        super().__init__(
            """
            DELETE FROM predictions_outcome AS repeated USING predictions_outcome AS first
            WHERE repeated.model_id = first.model_id AND repeated.external_id = first.external_id
                AND repeated.occurred_at = first.occurred_at AND repeated.outcome = first.outcome
                AND repeated.id > first.id
            """,
            migrations.RunSQL.noop,
        )


class CreateMakePayloadMonth(CreateOwnersFunction):
    """Create the function that makes the partition of a month unless it exists.

    One maker at a time. Attaching a finished table blocks readers for less time than creating it as a partition.
    """

    def __init__(self) -> None:
        super().__init__(
            "make_payload_month(month date)",
            returns="void",
            body="""
            DECLARE
                first timestamp := date_trunc('month', month::timestamp);
                name text := 'predictions_payload_' || to_char(first, 'YYYY_MM');
            BEGIN
                PERFORM pg_advisory_xact_lock(hashtext('predictions_payload'));
                IF EXISTS (SELECT FROM pg_class WHERE relname = name AND relkind = 'r') THEN
                    RETURN;
                END IF;
                EXECUTE format('CREATE TABLE public.%I (LIKE predictions_payload INCLUDING DEFAULTS)', name);
                EXECUTE format(
                    'ALTER TABLE predictions_payload ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
                    name, first AT TIME ZONE 'UTC', (first + interval '1 month') AT TIME ZONE 'UTC'
                );
            END
            """,
        )


class CreateDropPayloadMonth(CreateOwnersFunction):
    """Create the function that drops the partition of a month, if there is one."""

    def __init__(self) -> None:
        super().__init__(
            "drop_payload_month(month date)",
            returns="void",
            body="""
            BEGIN
                EXECUTE format('DROP TABLE IF EXISTS public.%I', 'predictions_payload_' || to_char(month, 'YYYY_MM'));
            END
            """,
        )
