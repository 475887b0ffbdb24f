"""`manage migrate` that refuses a database with migrations unknown to this version."""

from typing import Any

from django.apps import apps
from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

REFUSAL = (
    "Another version of Countersign made this database ({migrations}). Start that version, or begin with an empty "
    "database: for ./run.sh, remove the state folder (.local, or .local/demo for the demo)."
)
MOST_NAMED = 3


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        if unknown := unknown_migrations(options["database"]):
            raise CommandError(REFUSAL.format(migrations=", ".join(unknown[:MOST_NAMED])))
        super().handle(*args, **options)


def unknown_migrations(database: str) -> list[str]:
    """Return the applied migrations of our apps that the code does not have: `app.name`, sorted."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    ours = {app.label for app in apps.get_app_configs() if app.name.startswith("apps.")}
    applied = MigrationRecorder(connections[database]).applied_migrations()
    known = loader.disk_migrations or {}
    return sorted(f"{label}.{name}" for label, name in applied if label in ours and (label, name) not in known)
