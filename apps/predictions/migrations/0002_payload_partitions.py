"""The wide table, partitioned by month of arrival, and the sequence from which prediction ids are taken."""

from django.db import migrations

FORWARD = """
CREATE SEQUENCE predictions_prediction_id_seq AS bigint;
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
CREATE INDEX predictions_payload_id ON predictions_payload USING brin (prediction_id) WITH (pages_per_range = 16);
"""
BACKWARD = """
DROP TABLE predictions_payload;
DROP SEQUENCE predictions_prediction_id_seq;
"""


class Migration(migrations.Migration):
    dependencies = [("predictions", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
