"""Print a link that signs a person in."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.accounts.models import User
from apps.accounts.services import links


class Command(BaseCommand):
    help = "Print a link that signs the person in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", required=True, help="e-mail address")
        parser.add_argument("--uses", type=int, default=1)
        parser.add_argument("--hours", type=int, default=24)
        parser.add_argument("--next", default="", help="path to open after signing in")

    def handle(self, **options: Any) -> None:
        user = User.objects.filter(email=options["user"].lower()).first()
        if user is None:
            raise CommandError(f"No account has the address {options['user']}.")
        token = links.make_sign_in_link(user, uses=options["uses"], hours=options["hours"])
        self.stdout.write(links.enter_url(token, then=options["next"]))
