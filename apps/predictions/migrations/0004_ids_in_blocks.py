"""Ids are taken in blocks, so that a push costs one number of the sequence and not one for each row."""

from django.db import migrations

FORWARD = "ALTER SEQUENCE predictions_prediction_id_seq INCREMENT BY 1000"
BACKWARD = "ALTER SEQUENCE predictions_prediction_id_seq INCREMENT BY 1"


class Migration(migrations.Migration):
    dependencies = [("predictions", "0003_rejected_rows_are_kept")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
