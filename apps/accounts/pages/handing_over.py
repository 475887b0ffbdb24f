"""Handing a link to its person: by mail where mail is configured and works, else through the owner."""

from dataclasses import dataclass

from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from apps.accounts.models import Invitation, Role, User
from apps.accounts.pages.forms import ROLES
from apps.accounts.services.links import enter_url, invitation_url
from apps.common import mail


@dataclass(frozen=True)
class HandedLink:
    """A new link. `url` is empty where the person has it by mail: then nobody else needs it."""

    to: str
    days: int
    url: str


def invitation(row: Invitation, token: str) -> HandedLink:
    url = invitation_url(token)
    text = render_to_string(
        "accounts/mail/invitation.txt", {"invitation": row, "role": ROLES[Role(row.role)], "url": url}
    )
    is_sent = _send(row.email, subject=f"Join {row.project.name} on Countersign", text=text)
    return HandedLink(to=row.email, days=7, url="" if is_sent else url)


def password_link(person: User, token: str, *, by: User) -> HandedLink:
    url = enter_url(token)
    text = render_to_string("accounts/mail/password_link.txt", {"owner": by, "url": url})
    is_sent = _send(person.email, subject="A new password for Countersign", text=text)
    return HandedLink(to=person.email, days=1, url="" if is_sent else url)


def _send(to: str, *, subject: str, text: str) -> bool:
    return mail.is_configured() and mail.is_sent(EmailMessage(" ".join(subject.split()), text, to=[to]))
