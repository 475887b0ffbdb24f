"""A lost password or second step: who may help, and how the person learns of it."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.accounts.models import Membership, Role, SignInLink
from apps.accounts.pages.audit_record import help_told
from apps.accounts.services import links, members, recovery
from apps.audit.models import Entry
from apps.common.errors import ConflictError, NotFoundError
from tests.factories import make_member, make_project

pytestmark = pytest.mark.django_db

PASSWORD = "four words of mine"


@pytest.fixture
def owner() -> Membership:
    return make_member(make_project("office"), Role.OWNER, name="Ana")


@pytest.fixture
def member(owner: Membership) -> Membership:
    return make_member(owner.project)


def acts(member: Membership) -> list[str]:
    return list(Entry.objects.of(member.project_id).order_by("number").values_list("act", flat=True))


def test_link_sets_a_new_password_once(owner, member):
    token = recovery.make_password_link(member.user, by=owner.user)
    assert links.redeem_sign_in_link(token, password=PASSWORD) == member.user
    member.user.refresh_from_db()
    assert member.user.check_password(PASSWORD)
    with pytest.raises(NotFoundError):
        links.redeem_sign_in_link(token, password="other words of theirs")
    assert acts(member) == ["member.link_made"]


def test_newest_link_ends_the_earlier_one(owner, member):
    first = recovery.make_password_link(member.user, by=owner.user)
    recovery.make_password_link(member.user, by=owner.user)
    with pytest.raises(NotFoundError):
        links.find_sign_in_link(first)


@pytest.mark.parametrize("act", [recovery.make_password_link, recovery.remove_second_step])
def test_owner_does_not_get_into_an_account_used_in_a_project_of_others(owner, member, act):
    elsewhere = Membership.objects.create(user=member.user, project=make_project(), role=Role.REVIEWER)
    with pytest.raises(ConflictError, match="other owners"):
        act(member.user, by=owner.user)
    # Membership there is not enough: the owner must own that project too.
    theirs = Membership.objects.create(user=owner.user, project=elsewhere.project, role=Role.ENGINEER)
    with pytest.raises(ConflictError):
        act(member.user, by=owner.user)
    members.change_role(theirs, role=Role.OWNER, by=None)
    TOTP.activate(member.user, generate_totp_secret())
    act(member.user, by=owner.user)
    assert acts(member) == acts(elsewhere)[1:] == [acts(member)[0]]


def test_nobody_helps_themselves_or_somebody_who_left(owner, member):
    with pytest.raises(ConflictError):
        recovery.make_password_link(owner.user, by=owner.user)
    members.remove_member(member, by=owner.user)
    with pytest.raises(ConflictError):
        recovery.make_password_link(member.user, by=owner.user)


def joins_elsewhere(owner: Membership, member: Membership) -> None:
    Membership.objects.create(user=member.user, project=make_project(), role=Role.REVIEWER)


def owner_steps_down(owner: Membership, member: Membership) -> None:
    make_member(owner.project, Role.OWNER)
    members.change_role(owner, role=Role.ENGINEER, by=None)


def person_deactivated(owner: Membership, member: Membership) -> None:
    member.user.is_active = False
    member.user.save()


@pytest.mark.parametrize("happens", [joins_elsewhere, owner_steps_down, person_deactivated])
def test_link_works_only_while_the_owner_may_help(owner, member, happens):
    token = recovery.make_password_link(member.user, by=owner.user)
    happens(owner, member)
    with pytest.raises(NotFoundError):
        links.redeem_sign_in_link(token, password=PASSWORD)
    member.user.refresh_from_db()
    assert not member.user.check_password(PASSWORD)


def test_second_step_is_removed_with_its_recovery_codes(owner, member):
    TOTP.activate(member.user, generate_totp_secret())
    Authenticator.objects.create(user=member.user, type=Authenticator.Type.RECOVERY_CODES, data={})
    recovery.remove_second_step(member.user, by=owner.user)
    assert not Authenticator.objects.filter(user=member.user).exists()
    assert acts(member) == ["member.second_step_removed"]
    with pytest.raises(ConflictError):
        recovery.remove_second_step(member.user, by=owner.user)


def test_person_reads_what_was_done_since_the_last_sign_in(owner, member):
    Membership.objects.create(user=owner.user, project=make_project(), role=Role.OWNER)
    before = timezone.now()
    recovery.make_password_link(member.user, by=owner.user)
    (text,) = help_told(recovery.help_since(member.user, before))
    assert text.startswith("Ana created a link to a new password for your account on ")
    assert not recovery.help_since(member.user, timezone.now()).exists()
    assert not recovery.help_since(owner.user, None).exists()


def test_help_recorded_in_two_projects_is_told_once(owner, member):
    second = make_project()
    for person, role in ((owner.user, Role.OWNER), (member.user, Role.REVIEWER)):
        Membership.objects.create(user=person, project=second, role=role)
    recovery.make_password_link(member.user, by=owner.user)
    entries = recovery.help_since(member.user, None)
    assert len(entries) == 2
    assert len(help_told(entries)) == 1


def test_operator_helps_the_last_owner(owner, capsys):
    TOTP.activate(owner.user, generate_totp_secret())
    call_command("sign_in_link", user=owner.user.email, lost_password=True, lost_second_step=True)
    token = capsys.readouterr().out.strip().rstrip("/").rsplit("/", 1)[1]
    assert links.redeem_sign_in_link(token, password=PASSWORD) == owner.user
    assert not Authenticator.objects.filter(user=owner.user).exists()
    assert acts(owner) == ["member.second_step_removed", "member.link_made"]
    told = help_told(recovery.help_since(owner.user, None))
    assert all(text.startswith("The operator of this installation ") for text in told)
    with pytest.raises(CommandError, match="no second step"):
        call_command("sign_in_link", user=owner.user.email, lost_second_step=True)


def test_plain_link_of_the_operator_leaves_the_password(owner):
    call_command("sign_in_link", user=owner.user.email)
    assert not SignInLink.objects.get().asks_password
