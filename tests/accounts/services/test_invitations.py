"""Nobody becomes a member without accepting, and no owner gets into an account through an invitation."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from apps.accounts.models import Invitation, InvitationStatus, Membership, Role, User
from apps.accounts.services import invitations, links, members, recovery
from apps.accounts.services.keys import digest
from apps.audit.models import Entry
from apps.common.errors import ConflictError, ForbiddenError, NotFoundError
from tests.factories import invite_member, make_member, make_project

pytestmark = pytest.mark.django_db

BO = "bo@example.org"
PASSWORD = "four words of mine"


@pytest.fixture
def owner() -> Membership:
    return make_member(make_project("office"), Role.OWNER)


def invite(owner: Membership, email: str = BO, role: Role = Role.REVIEWER) -> bytes:
    """Return the digest of the new invitation's secret."""
    _, token = invitations.invite(owner.project, email=email, role=role, by=owner.user)
    return digest(token)


def is_member(user: User, owner: Membership) -> bool:
    return Membership.objects.in_project(owner.project).filter(user=user).exists()


def test_new_person_has_no_account_until_they_make_it(owner):
    secret = invite(owner, "Bo@Example.org", Role.ENGINEER)
    assert not User.objects.filter(email=BO).exists()
    assert Membership.objects.count() == 1
    user = invitations.accept_with_new_account(secret, name="Bo", password=PASSWORD)
    assert (user.email, user.name, user.check_password(PASSWORD)) == (BO, "Bo", True)
    assert user.memberships.get().role == Role.ENGINEER
    assert Invitation.objects.get().status == InvitationStatus.ACCEPTED


def test_existing_account_waits_until_it_accepts(owner):
    user = make_member(make_project()).user
    secret = invite(owner, user.email)
    assert not is_member(user, owner)
    invitations.accept(secret, user=user)
    assert is_member(user, owner)


def test_another_account_can_neither_accept_nor_decline(owner):
    user, other = make_member(make_project()).user, make_member(make_project()).user
    secret = invite(owner, user.email)
    for act in (invitations.accept, invitations.decline):
        with pytest.raises(ForbiddenError):
            act(secret, user=other)
    assert not is_member(other, owner)
    assert Invitation.objects.get().status == InvitationStatus.WAITING


def test_account_made_meanwhile_is_not_made_again(owner):
    here, there = invite(owner), invite(make_member(make_project(), Role.OWNER))
    invitations.accept_with_new_account(there, name="Bo", password=PASSWORD)
    with pytest.raises(ConflictError, match="sign in"):
        invitations.accept_with_new_account(here, name="Other", password="other words of theirs")
    user = User.objects.get(email=BO)
    assert user.check_password(PASSWORD)
    assert not is_member(user, owner)
    invitations.accept(here, user=user)
    assert is_member(user, owner)


def test_declined_invitation_is_over(owner):
    user = make_member(make_project()).user
    secret = invite(owner, user.email)
    invitations.decline(secret, user=user)
    with pytest.raises(NotFoundError):
        invitations.accept(secret, user=user)
    assert Entry.objects.of(owner.project_id).newest().values_list("act", "actor_id")[0] == (
        "invitation.declined",
        user.pk,
    )


def expired(owner: Membership) -> None:
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


def withdrawn(owner: Membership) -> None:
    for invitation in owner.project.invitations.all():
        invitations.withdraw(invitation, by=owner.user)


def renewed(owner: Membership) -> None:
    for invitation in owner.project.invitations.all():
        invitations.renew(invitation, by=owner.user)


def inviter_removed(owner: Membership) -> None:
    make_member(owner.project, Role.OWNER)
    members.remove_member(owner, by=None)


def inviter_steps_down(owner: Membership) -> None:
    make_member(owner.project, Role.OWNER)
    members.change_role(owner, role=Role.ENGINEER, by=None)


def inviter_deactivated(owner: Membership) -> None:
    User.objects.filter(pk=owner.user_id).update(is_active=False)


def used(owner: Membership) -> None:
    Invitation.objects.update(status=InvitationStatus.ACCEPTED, ended_at=F("created_at"))


@pytest.mark.parametrize(
    "happens", [expired, withdrawn, renewed, inviter_removed, inviter_steps_down, inviter_deactivated, used]
)
def test_ended_invitation_admits_nobody(owner, happens):
    user = make_member(make_project()).user
    new, known = invite(owner, BO, Role.OWNER), invite(owner, user.email, Role.OWNER)
    happens(owner)
    with pytest.raises(NotFoundError):
        invitations.accept_with_new_account(new, name="Bo", password=PASSWORD)
    with pytest.raises(NotFoundError):
        invitations.accept(known, user=user)
    assert not User.objects.filter(email=BO).exists()
    assert not is_member(user, owner)


def test_link_works_once(owner):
    secret = invite(owner)
    invitations.accept_with_new_account(secret, name="Bo", password=PASSWORD)
    with pytest.raises(NotFoundError):
        invitations.accept_with_new_account(secret, name="Bo", password="other words of theirs")
    with pytest.raises(NotFoundError):
        invitations.accept(secret, user=User.objects.get(email=BO))


def test_renewed_invitation_belongs_to_the_owner_who_renewed_it(owner):
    second = make_member(owner.project, Role.OWNER)
    invitation, _ = invitations.invite(owner.project, email=BO, role=Role.REVIEWER, by=owner.user)
    secret = digest(invitations.renew(invitation, by=second.user))
    members.remove_member(owner, by=second.user)
    assert is_member(invitations.accept_with_new_account(secret, name="Bo", password=PASSWORD), second)


def test_ended_invitation_is_not_renewed(owner):
    invitation, _ = invitations.invite(owner.project, email=BO, role=Role.REVIEWER, by=owner.user)
    invitations.withdraw(invitation, by=owner.user)
    with pytest.raises(ConflictError):
        invitations.renew(invitation, by=owner.user)


def test_nobody_is_invited_twice_or_as_a_member(owner):
    invite(owner)
    with pytest.raises(ConflictError, match="already invited"):
        invite(owner, "BO@example.org", Role.OWNER)
    with pytest.raises(ConflictError, match="already a member"):
        invite(owner, owner.user.email)
    assert Invitation.objects.get().role == Role.REVIEWER


def test_role_that_a_member_got_meanwhile_stays(owner):
    user = make_member(make_project()).user
    secret = invite(owner, user.email, Role.OWNER)
    Membership.objects.create(project=owner.project, user=user, role=Role.STAKEHOLDER)
    assert invitations.accept(secret, user=user).role == Role.STAKEHOLDER


def test_waiting_person_does_not_replace_an_owner(owner):
    invite(owner, role=Role.OWNER)
    with pytest.raises(ConflictError, match="needs an owner"):
        members.remove_member(owner, by=owner.user)


def test_owner_who_controls_an_account_does_not_get_into_another_project(owner):
    """A's owner makes the account for Bo's address; B's owner then invites Bo."""
    controlled = invite_member(owner, BO).user
    other = make_member(make_project(), Role.OWNER)
    invite(other, BO, Role.OWNER)
    assert not is_member(controlled, other)
    assert recovery.make_password_link(controlled, by=owner.user)


def test_link_into_an_account_ends_when_its_person_joins_another_project(owner):
    user = invite_member(owner, BO).user
    token = recovery.make_password_link(user, by=owner.user)
    invitations.accept(invite(make_member(make_project(), Role.OWNER), BO), user=user)
    with pytest.raises(NotFoundError):
        links.redeem_sign_in_link(token, password=PASSWORD)
    with pytest.raises(ConflictError):
        recovery.make_password_link(user, by=owner.user)


def test_session_from_before_a_new_password_does_not_accept(owner):
    user = invite_member(owner, BO).user
    token = recovery.make_password_link(user, by=owner.user)
    links.redeem_sign_in_link(token, password="other words of theirs")
    other = make_member(make_project(), Role.OWNER)
    with pytest.raises(ConflictError, match="password"):
        invitations.accept(invite(other, BO), user=user)
    assert not is_member(user, other)


def test_secret_is_stored_as_digest_only(owner):
    _, token = invitations.invite(owner.project, email=BO, role=Role.REVIEWER, by=owner.user)
    assert bytes(Invitation.objects.get().digest) == digest(token)
