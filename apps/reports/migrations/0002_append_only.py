import django.db.models.deletion
from django.db import migrations, models

from apps.common.append_only import AppendOnly
from apps.reports.migrations._operations import CreateErase


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0002_append_only'),
        ('predictions', '0004_append_only'),
        ('reports', '0001_initial'),
        ('review', '0003_append_only'),
        ('truth', '0002_append_only'),
    ]

    operations = [
        migrations.AlterField(
            model_name='report',
            name='model',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reports', to='registry.monitoredmodel'),
        ),
        AppendOnly('reports_report'),
        CreateErase(),
    ]
