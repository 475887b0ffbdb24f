"""Print a link that signs a person in, and help those who lost their password or their second step."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.accounts.models import User
from apps.accounts.services import links, recovery
from apps.common.errors import DomainError


class Command(BaseCommand):
    help = "Print a link that signs the person in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", required=True, help="e-mail address")
        parser.add_argument("--uses", type=int, default=1)
        parser.add_argument("--hours", type=int, default=24)
        parser.add_argument("--lost-password", action="store_true", help="the link asks for a new password, once")
        parser.add_argument("--lost-second-step", action="store_true", help="remove the second step of the account")
        parser.add_argument("--next", default="", help="path to open after signing in")

    def handle(self, **options: Any) -> None:
        user = User.objects.filter(email=options["user"].lower()).first()
        if user is None:
            raise CommandError(f"No account has the address {options['user']}.")
        try:
            if options["lost_second_step"]:
                recovery.remove_second_step(user, by=None)
        except DomainError as error:
            raise CommandError(error.message) from error
        if options["lost_password"]:
            token = recovery.make_password_link(user, by=None)
        else:
            token = links.make_sign_in_link(user, uses=options["uses"], hours=options["hours"])
        self.stdout.write(links.enter_url(token, then=options["next"]))
