from django.db import migrations


class Migration(migrations.Migration):
    """The table of Django's DatabaseCache, as `createcachetable` makes it."""

    dependencies = [
        ('common', '0003_append_only'),
    ]

    operations = [
        migrations.RunSQL(
            """
            CREATE TABLE common_cache (
                cache_key varchar(255) NOT NULL PRIMARY KEY, value text NOT NULL, expires timestamptz NOT NULL
            );
            CREATE INDEX common_cache_expires ON common_cache (expires);
            """,
            "DROP TABLE common_cache",
        ),
    ]
