from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('registry', '0003_stuck_batches'),
    ]

    operations = [
        migrations.AddField(
            model_name='monitoredmodel',
            name='archived_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
