import django.contrib.postgres.fields
from django.db import migrations, models
from django.db.models.functions import Now

from apps.predictions.migrations._operations import DropRepeatedOutcomes


class Migration(migrations.Migration):

    dependencies = [
        ('predictions', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='batchstage',
            name='created_at',
            field=models.DateTimeField(db_default=Now()),
        ),
        migrations.AddField(
            model_name='batch',
            name='slices',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=80), default=list, size=None),
        ),
        migrations.AlterField(
            model_name='batchstage',
            name='stage',
            field=models.CharField(choices=[('draw', 'Draw'), ('open_items', 'Open Items'), ('resolve', 'Resolve'), ('inspect', 'Inspect'), ('fill_slices', 'Fill Slices')], max_length=16),
        ),
        DropRepeatedOutcomes(),
        migrations.AddConstraint(
            model_name='outcome',
            constraint=models.UniqueConstraint(fields=('model', 'external_id', 'occurred_at', 'outcome'), name='no_outcome_twice'),
        ),
        migrations.RemoveIndex(
            model_name='outcome',
            name='outcome_by_id',
        ),
    ]
