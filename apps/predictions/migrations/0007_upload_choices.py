from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('predictions', '0006_told'),
    ]

    operations = [
        migrations.AddField(
            model_name='upload',
            name='choices',
            field=models.JSONField(db_default={}, default=dict),
        ),
    ]
