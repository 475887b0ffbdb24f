from django.db import migrations

from apps.common.append_only import AppendOnly


class Migration(migrations.Migration):

    dependencies = [
        ('common', '0003_append_only'),
        ('review', '0002_items_ordered_at'),
    ]

    operations = [AppendOnly('review_decision')]
