"""Invitations: nobody becomes a member, and no account gets a password, without the person."""

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone

from apps.accounts.models import Invitation, InvitationStatus, Membership, Project, Role, SignInLink, User
from apps.accounts.services import audit_log
from apps.accounts.services.keys import digest
from apps.accounts.services.links import new_secret
from apps.accounts.services.members import record_member
from apps.common.errors import ConflictError, ForbiddenError, NotFoundError

LIFETIME = timedelta(days=7)


def invite(project: Project, *, email: str, role: Role, by: User) -> tuple[Invitation, str]:
    """Invite the person with this address; return the invitation and the secret of its link."""
    email, token = email.lower(), new_secret()
    with transaction.atomic():
        if Membership.objects.in_project(project).filter(user__email=email).exists():
            raise ConflictError(f"{email} is already a member.", code="member_already")
        invitation, is_new = Invitation.objects.get_or_create(
            project=project,
            email=email,
            status=InvitationStatus.WAITING,
            defaults={"role": role, "invited_by": by, "digest": digest(token), "expires_at": timezone.now() + LIFETIME},
        )
        if not is_new:
            raise ConflictError(
                f"{email} is already invited. Make a new link, or withdraw the invitation first.",
                code="invited_already",
            )
        _record(invitation, "invitation.made", by=by, role=role)
    return invitation, token


def renew(invitation: Invitation, *, by: User) -> str:
    """Return the secret of a new link for a waiting invitation, which is `by`'s from now on. The old link ends."""
    token = new_secret()
    with transaction.atomic():
        renewed = {"digest": digest(token), "expires_at": timezone.now() + LIFETIME, "invited_by": by}
        if not Invitation.objects.waiting().filter(pk=invitation.pk).update(**renewed):
            raise ConflictError("This invitation has been answered or withdrawn meanwhile.", code="not_waiting")
        _record(invitation, "invitation.renewed", by=by)
    return token


def withdraw(invitation: Invitation, *, by: User) -> None:
    """End a waiting invitation."""
    with transaction.atomic():
        if _end(invitation, InvitationStatus.WITHDRAWN):
            _record(invitation, "invitation.withdrawn", by=by)


def find(secret: bytes, *, locked: bool = False) -> Invitation:
    """Return the invitation whose link has this digest, while it can be accepted."""
    invitations = Invitation.objects.usable().filter(digest=secret).select_related("project", "invited_by")
    invitation: Invitation | None = (invitations.select_for_update(of=("self",)) if locked else invitations).first()
    if invitation is None:
        raise NotFoundError("This invitation has been used, was withdrawn, or is too old. Ask for a new one.")
    return invitation


def has_account(invitation: Invitation) -> bool:
    """Whether the invited address has an account, whose person signs in to accept."""
    return User.objects.filter(email=invitation.email).exists()


def accept(secret: bytes, *, user: User) -> Membership:
    """Make the signed-in account of the invited address a member.

    Owners' links into the account end: they were made when the account opened fewer projects.
    """
    with transaction.atomic():
        # A session that ended while this request ran must not join: somebody has just changed the password.
        if not User.objects.select_for_update().filter(pk=user.pk, password=user.password, is_active=True).exists():
            raise ConflictError("The password of this account has just been changed. Sign in again.")
        invitation = _for_account(secret, user)
        SignInLink.objects.filter(user=user).exclude(made_by=None).update(uses_left=0)
        return _admit(invitation, user)


def accept_with_new_account(secret: bytes, *, name: str, password: str) -> User:
    """Make the account of the invited address, with what its person chose, and make it a member."""
    with transaction.atomic():
        invitation = find(secret, locked=True)
        try:
            with transaction.atomic():
                user = User.objects.create_user(invitation.email, password, name=name)
        except IntegrityError:
            raise ConflictError("This address has an account meanwhile: sign in with it.", code="email_taken") from None
        _admit(invitation, user)
        return user


def decline(secret: bytes, *, user: User) -> None:
    """End the invitation in the name of the person whom it invites."""
    with transaction.atomic():
        invitation = _for_account(secret, user)
        _end(invitation, InvitationStatus.DECLINED)
        _record(invitation, "invitation.declined", by=user)


def _for_account(secret: bytes, user: User) -> Invitation:
    """Lock the invitation, and refuse every account but the one that it invites."""
    invitation = find(secret, locked=True)
    if user.email != invitation.email:
        raise ForbiddenError("This invitation is for another account.", code="other_account")
    return invitation


def _admit(invitation: Invitation, user: User) -> Membership:
    """Make the person a member. Somebody who has become one meanwhile keeps their role."""
    _end(invitation, InvitationStatus.ACCEPTED)
    member, is_new = Membership.objects.get_or_create(
        project=invitation.project, user=user, defaults={"role": invitation.role}
    )
    if is_new:
        record_member(member, "member.added", by=user, role=member.role, invitation=invitation.pk)
    return member


def _end(invitation: Invitation, status: InvitationStatus) -> int:
    """End the invitation if it still waits; return whether it did."""
    return Invitation.objects.waiting().filter(pk=invitation.pk).update(status=status, ended_at=Now())


def _record(invitation: Invitation, act: str, *, by: User, role: Role | None = None) -> None:
    """Write the act into the audit record, which holds no addresses."""
    audit_log.record(invitation.project, act, subject=f"invitation {invitation.pk}", by=by, details={"role": role})
