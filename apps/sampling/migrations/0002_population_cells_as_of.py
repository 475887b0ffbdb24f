"""Cells keep the days they were received and drawn, and the sums that the edge rule and the minimum rule ask for."""

from datetime import date

from django.db import migrations, models

EXACT = ("sum_score", "sum_score2", "sum_pi", "sum_odds", "sum_amount", "sum_amount2_odds")
ADDED = ("sum_odds2", "sum_chance", "sum_amount4")
KEY = (
    "model", "slice_name", "day", "received_day", "drawn_day", "epoch", "claim", "version", "predicted", "baseline",
    "score_bin", "slice_value",
)
# Cells from before know neither: take the day of the prediction, and the mean of the cell for all of its predictions.
FILL = """
UPDATE sampling_populationcell SET
    received_day = day, drawn_day = day,
    sum_odds2 = n * (sum_odds / n) ^ 2 * (1 + sum_odds / n),
    sum_amount4 = n * (sum_amount / n) ^ 4
"""


def exact_sum() -> models.DecimalField:
    return models.DecimalField(decimal_places=20, max_digits=200)


class Migration(migrations.Migration):
    dependencies = [("sampling", "0001_initial")]

    operations = [
        migrations.RemoveConstraint("populationcell", "one_cell_per_claim"),
        *(
            migrations.AddField(
                "populationcell", name, models.DateField(default=date(1970, 1, 1)), preserve_default=False
            )
            for name in ("received_day", "drawn_day")
        ),
        migrations.AddField("populationcell", "epoch", models.BigIntegerField(default=0)),
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
