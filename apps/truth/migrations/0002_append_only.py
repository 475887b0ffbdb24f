import django.db.models.deletion
from django.db import migrations, models

from apps.common.append_only import AppendOnly


class Migration(migrations.Migration):

    dependencies = [
        ('common', '0003_append_only'),
        ('registry', '0002_score_bins'),
        ('truth', '0001_initial'),
    ]

    operations = [
        migrations.AlterField(
            model_name='resolution',
            name='model',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='resolutions', to='registry.monitoredmodel'),
        ),
        AppendOnly('truth_resolution'),
    ]
