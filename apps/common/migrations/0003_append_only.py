from django.db import migrations

from apps.common.append_only import CreateRefusal


class Migration(migrations.Migration):

    dependencies = [
        ('common', '0002_no_heartbeat'),
    ]

    operations = [CreateRefusal()]
