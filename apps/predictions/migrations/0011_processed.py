from django.db import migrations

import apps.predictions.models.predictions
from apps.predictions.migrations._operations import AddProcessed


class Migration(migrations.Migration):

    dependencies = [
        ('predictions', '0010_holds_and_actions'),
    ]

    operations = [
        # The table is not managed: this one only tells the model of the migrations.
        migrations.AddField(
            model_name='payload',
            name='processed',
            field=apps.predictions.models.predictions.SentJSONField(null=True),
        ),
        AddProcessed(),
    ]
