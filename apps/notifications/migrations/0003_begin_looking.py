from typing import Any

from django.db import migrations

SOURCES = ("questions", "answers", "replies", "mentions", "assignments", "reports", "access")


def begin(apps: Any, schema_editor: Any) -> None:
    """Look from now on: what happened before this version is no news."""
    lookouts = apps.get_model("notifications", "Lookout").objects
    for source in SOURCES:
        lookouts.create(source=source)


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0002_notices'),
    ]

    operations = [
        migrations.RunPython(begin, migrations.RunPython.noop, elidable=True),
    ]
