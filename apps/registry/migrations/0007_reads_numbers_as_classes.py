from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('registry', '0006_hide_sensitive'),
    ]

    operations = [
        migrations.AddField(
            model_name='monitoredmodel',
            name='reads_numbers_as_classes',
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
