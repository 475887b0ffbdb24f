from django.db import migrations

from apps.audit.migrations._operations import MakeAppendOnly
from apps.common.append_only import AppendOnly


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0001_initial'),
        ('common', '0003_append_only'),
    ]

    operations = [
        # The function of all append-only tables takes the place of the record's own.
        migrations.RunSQL(MakeAppendOnly().reverse_sql, MakeAppendOnly().sql),
        AppendOnly('audit_entry', is_erasable=False),
    ]
