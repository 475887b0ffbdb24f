"""Print a new API key for scripts, creating project, person and membership where missing.

A person who is a member already keeps their role, which is then the key's too.
"""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from apps.accounts.models import Role, Scope, validate_name
from apps.accounts.services import keys, members
from apps.common.errors import DomainError

MOST_DAYS = 3_650


class Command(BaseCommand):
    help = "Print a new API key, creating project, user and membership where missing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--project", required=True)
        parser.add_argument("--user", required=True, help="e-mail address of the person for whom the key acts")
        parser.add_argument(
            "--role", required=True, choices=[str(role) for role in Role], help="of a new member; others keep theirs"
        )
        parser.add_argument("--scopes", required=True, help="comma-separated, or 'all'")
        parser.add_argument("--name", default="", help="the person's name")
        parser.add_argument(
            "--days", default=str(keys.LIFETIME.days), help="days until the key expires, or 'never' (default: 365)"
        )
        parser.add_argument("--simulated", action="store_true", help="the person is a simulation and shown as such")

    def handle(self, **options: Any) -> None:
        scopes = [str(s) for s in Scope] if options["scopes"] == "all" else options["scopes"].split(",")
        try:
            validate_name(options["project"])
            validate_email(options["user"])
            lifetime = _lifetime(options["days"])
            member = members.ensure_member(
                options["project"],
                email=options["user"],
                role=Role(options["role"]),
                name=options["name"],
                is_simulated=options["simulated"],
            )
            _, text = keys.create_key(
                member.project,
                name=f"made for {member.user.email}",
                scopes=scopes,
                by=None,
                acts_for=member.user,
                lifetime=lifetime,
            )
        except (ValidationError, DomainError) as error:
            raise CommandError(str(error)) from error
        if member.role != options["role"]:
            self.stderr.write(f"{member.user.email} is already {member.role} in {member.project.slug} and stays so.")
        self.stdout.write(text)


def _lifetime(days: str) -> timedelta | None:
    """Read `--days`."""
    if days == "never":
        return None
    if not (days.isascii() and days.isdigit() and 0 < int(days) <= MOST_DAYS):
        raise DomainError(f"--days takes 1 to {MOST_DAYS:,} or 'never'.")
    return timedelta(days=int(days))
