"""Print the one-time link that makes the first owner, while there is none."""

from typing import Any

from django.core.management.base import BaseCommand

from apps.accounts import services
from apps.accounts.models import Membership, Role


class Command(BaseCommand):
    help = "Print the one-time link that makes the first owner; nothing where there is an owner already."

    def handle(self, **options: Any) -> None:  # noqa: ARG002  # the framework's signature
        if not Membership.objects.filter(role=Role.OWNER).exists():
            url = services.setup_url(services.make_sign_in_link(None, hours=72))
            self.stdout.write(f"The first owner is made here, once: {url}")
