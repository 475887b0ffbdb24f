"""Help for people who lost their password or their second step. They see it at their next sign-in."""

from datetime import datetime

from allauth.mfa.models import Authenticator
from django.db import transaction

from apps.accounts.models import Membership, SignInLink, User
from apps.accounts.querysets import MembershipQuerySet
from apps.accounts.services import audit_log
from apps.accounts.services.links import make_sign_in_link
from apps.accounts.services.members import may_help, record_member
from apps.accounts.services.sessions import end_sessions
from apps.audit.models import Entry
from apps.audit.querysets import EntryQuerySet
from apps.common.errors import ConflictError

LINK_MADE, SECOND_STEP_REMOVED = "member.link_made", "member.second_step_removed"


def make_password_link(person: User, *, by: User | None) -> str:
    """Return the secret of a link with which the person chooses a new password; earlier ones end.

    `by` is an owner; without one, the operator asks for it.
    """
    with transaction.atomic():
        _require_help(person, by)
        SignInLink.objects.filter(user=person, asks_password=True).update(uses_left=0)
        token = make_sign_in_link(person, asks_password=True, made_by=by)
        _record(person, LINK_MADE, by)
        return token


def remove_second_step(person: User, *, by: User | None) -> None:
    """Remove the person's authenticator app and recovery codes: their password alone signs them in.

    An account that becomes easier to enter starts with nobody inside.
    """
    with transaction.atomic():
        _require_help(person, by)
        deleted, _ = Authenticator.objects.filter(user=person).delete()
        if not deleted:
            raise ConflictError(f"{person.display_name} has no second step.", code="no_second_step")
        end_sessions(person, but=None)
        _record(person, SECOND_STEP_REMOVED, by)


def help_since(person: User, since: datetime | None) -> EntryQuerySet:
    """Return the audit entries about help to the person's account since this moment, or all."""
    entries: EntryQuerySet = Entry.objects.filter(
        project_id__in=Membership.objects.filter(user=person).values("project"),
        act__in=(LINK_MADE, SECOND_STEP_REMOVED),
        subject=audit_log.person(person),
    )
    return (entries if since is None else entries.filter(at__gt=since)).order_by("at")


def _require_help(person: User, by: User | None) -> None:
    """Refuse an owner who does not own all of the person's projects. Locks the person: they join none meanwhile."""
    User.objects.select_for_update().get(pk=person.pk)
    if by is not None and not may_help(by, person):
        raise ConflictError(
            f"{person.display_name} also belongs to projects of other owners, or has left. "
            "Only the operator of this installation can help them.",
            code="used_elsewhere",
        )


def _record(person: User, act: str, by: User | None) -> None:
    """Write the act into the record of each of the person's projects: it concerns them all."""
    memberships: MembershipQuerySet = Membership.objects.filter(user=person)
    for member in memberships.select_related("project", "user").order_by("project"):
        record_member(member, act, by=by)
