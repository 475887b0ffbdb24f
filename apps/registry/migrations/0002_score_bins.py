import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("registry", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="ScoreBinning",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveSmallIntegerField()),
                ("edges", django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(), size=None)),
                ("centers", django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(), size=None)),
                ("frozen_at", models.DateTimeField()),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="score_binnings",
                        to="registry.monitoredmodel",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("model", "version"), name="one_score_binning_per_version")
                ],
            },
        ),
    ]
