"""Print the one-time link that creates the first owner, while there is none."""

from typing import Any

from django.core.management.base import BaseCommand

from apps.accounts.services import links


class Command(BaseCommand):
    help = "Print the one-time link that creates the first owner; print nothing once there is an owner."

    def handle(self, **options: Any) -> None:  # noqa: ARG002  # the framework's signature
        if not links.has_owner():
            url = links.setup_url(links.make_sign_in_link(None, hours=72))
            self.stdout.write(f"Create the first owner here, once: {url}")
