"""Remove a person from a project, or close their account, after saying what they have open."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.accounts.models import Membership, User
from apps.accounts.services.members import close_account, remove_member
from apps.common.errors import DomainError
from apps.review.services.leaving import free_abandoned, open_work


class Command(BaseCommand):
    help = (
        "Remove a person from a project, or close their account. What they hold, put off or were asked goes to others."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", required=True, help="e-mail address")
        parser.add_argument("--project", default="", help="end this membership only; without it, close the account")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, **options: Any) -> None:
        user = User.objects.filter(email=options["user"].lower()).first()
        if user is None:
            raise CommandError(f"No account has the address {options['user']}.")
        memberships = Membership.objects.filter(user=user).select_related("project", "user").order_by("project__slug")
        if options["project"]:
            memberships = memberships.filter(project__slug=options["project"])
            if not memberships:
                raise CommandError(f"{user.email} is no member of {options['project']}.")
        for member in memberships:
            work = open_work(member)
            self.stdout.write(f"Open in {member.project.slug}: {work.cases} cases and {work.questions} questions.")
        act = f"Remove {user.email} from {options['project']}" if options["project"] else f"Close {user.email}"
        if not options["yes"] and input(f"{act}, and give this back to others? [y/N] ").strip().lower() != "y":
            raise CommandError("Nothing was changed.")
        try:
            if options["project"]:
                remove_member(memberships[0], by=None)
            else:
                close_account(user, by=None)
        except DomainError as error:
            raise CommandError(error.message) from error
        free_abandoned()
        self.stdout.write("Done.")
