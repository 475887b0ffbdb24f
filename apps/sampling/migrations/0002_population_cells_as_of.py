"""Cells keep when they were received and drawn, and the sums that the edge rule and the minimum rule ask for."""

from datetime import UTC, datetime

import django.db.models.deletion
from django.db import migrations, models

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

EXACT = ("sum_score", "sum_score2", "sum_pi", "sum_odds", "sum_amount", "sum_amount2_odds")
ADDED = ("sum_odds2", "sum_chance", "sum_amount4_odds2")
KEY = (
    "model", "slice_name", "day", "received_day", "drawn_from", "claim", "bins", "version", "predicted", "baseline",
    "score_bin", "slice_value",
)
# Cells from before know neither: take the day of the prediction, and the mean of the cell for all of its predictions.
FILL = """
UPDATE sampling_populationcell SET
    received_day = day, drawn_from = day,
    sum_odds2 = n * (sum_odds / n) ^ 2 * (1 + sum_odds / n),
    sum_amount4_odds2 = n * (sum_amount / n) ^ 4 * (sum_odds / n) ^ 2 * (1 + sum_odds / n)
"""


def exact_sum() -> models.DecimalField:
    return models.DecimalField(decimal_places=20, max_digits=200)


class Migration(migrations.Migration):
    dependencies = [("sampling", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Mark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("as_of", models.DateTimeField()),
                ("at", models.DateTimeField()),
                ("seq", models.BigIntegerField()),
                ("undrawn_batches", models.PositiveIntegerField()),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="marks",
                        to="registry.monitoredmodel",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["model", "at"], name="marks_in_order")],
                "constraints": [models.UniqueConstraint(fields=("model", "as_of"), name="one_mark_per_moment")],
            },
        ),
        migrations.RemoveConstraint("populationcell", "one_cell_per_claim"),
        migrations.AddField(
            "populationcell", "received_day", models.DateField(default=BEGINNING.date()), preserve_default=False
        ),
        migrations.AddField(
            "populationcell", "drawn_from", models.DateTimeField(default=BEGINNING), preserve_default=False
        ),
        migrations.AlterField("populationcell", "slice_name", models.CharField(default="", max_length=80)),
        migrations.AddField("populationcell", "bins", models.PositiveSmallIntegerField(default=0)),
        *(migrations.AlterField("populationcell", name, exact_sum()) for name in EXACT),
        *(
            migrations.AddField(
                "populationcell",
                name,
                models.DecimalField(decimal_places=20, max_digits=200, default=0),
                preserve_default=False,
            )
            for name in ADDED
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddConstraint(
            "populationcell",
            models.UniqueConstraint(fields=KEY, name="one_cell_per_claim", nulls_distinct=False),
        ),
    ]
