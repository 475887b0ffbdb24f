from django.db import migrations, models

from apps.predictions.migrations._operations import DropRepeatedOutcomes


class Migration(migrations.Migration):

    dependencies = [
        ('predictions', '0001_initial'),
    ]

    operations = [
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
