"""Remove a person from a project, after saying what they have open."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.accounts.models import Membership
from apps.accounts.services.members import remove_member
from apps.common.errors import DomainError
from apps.review.services.leaving import free_abandoned, open_work


class Command(BaseCommand):
    help = "Remove a person from a project. What they hold, put off or were asked goes back to others."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--project", required=True)
        parser.add_argument("--user", required=True, help="e-mail address")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, **options: Any) -> None:
        members = Membership.objects.select_related("project", "user")
        member = members.filter(project__slug=options["project"], user__email=options["user"].lower()).first()
        if member is None:
            raise CommandError(f"{options['user']} is no member of {options['project']}.")
        work = open_work(member)
        self.stdout.write(f"Open: {work.cases} cases and {work.questions} questions. They go back to others.")
        if not options["yes"] and input("Remove? [y/N] ").strip().lower() != "y":
            raise CommandError("Nobody was removed.")
        try:
            remove_member(member, by=None)
        except DomainError as error:
            raise CommandError(error.message) from error
        free_abandoned()
        self.stdout.write(f"{member.user.email} is no longer a member of {member.project.slug}.")
