"""`manage verify_audit`: check that nobody has tampered with the audit record."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.audit import services
from apps.audit.models import Entry


class Command(BaseCommand):
    help = (
        "Check every project's record from its first entry, and exit with 1 where one is broken. "
        "Keep the newest hashes elsewhere: they prove later that nothing was cut off at the end."
    )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002  # the framework's signature
        projects = list(Entry.objects.order_by("project_id").values_list("project_id", flat=True).distinct())
        broken = [project for project in projects if not self._is_whole(project)]
        if not projects:
            self.stdout.write("Nothing recorded yet.")
        if broken:
            verb = "is" if len(broken) == 1 else "are"
            raise CommandError(f"{len(broken)} of {len(projects)} records {verb} broken.")

    def _is_whole(self, project: int) -> bool:
        broken = services.verify(project)
        if broken is not None:
            self.stdout.write(f"Project {project}: broken at entry {broken}.")
            return False
        last = Entry.objects.of(project).newest()[0]
        entries = "1 entry" if last.number == 1 else f"{last.number} entries"
        self.stdout.write(f"Project {project}: {entries}, whole. The newest has the hash {last.hash}.")
        return True
