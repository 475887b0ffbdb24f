from django.db import migrations

from apps.reports.migrations._operations import CreateErase


class Migration(migrations.Migration):

    dependencies = [
        ('predictions', '0010_holds_and_actions'),
        ('reports', '0002_append_only'),
    ]

    operations = [
        migrations.RunSQL('DROP FUNCTION erase(bigint)', migrations.RunSQL.noop),
        CreateErase(),
    ]
