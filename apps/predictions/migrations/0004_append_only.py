from django.db import migrations

from apps.common.append_only import AppendOnly
from apps.predictions.migrations._operations import CreateDropPayloadMonth, CreateMakePayloadMonth


class Migration(migrations.Migration):

    dependencies = [
        ('common', '0003_append_only'),
        ('predictions', '0003_exports_seen'),
    ]

    operations = [
        AppendOnly('predictions_outcome'),
        CreateMakePayloadMonth(),
        CreateDropPayloadMonth(),
    ]
