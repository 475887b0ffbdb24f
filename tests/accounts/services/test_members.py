"""Who belongs to a project, and as what."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import ApiKey, Membership, Role, User
from apps.accounts.services import invitations, keys, members
from apps.common.errors import ConflictError
from tests.factories import make_key, make_member, make_project

pytestmark = pytest.mark.django_db


def test_last_owner_can_neither_leave_nor_step_down() -> None:
    owner = make_member(make_project(), Role.OWNER)
    with pytest.raises(ConflictError, match="needs an owner"):
        members.change_role(owner, role=Role.REVIEWER, by=None)
    with pytest.raises(ConflictError, match="needs an owner"):
        members.remove_member(owner, by=None)
    assert Membership.objects.get(pk=owner.pk).role == Role.OWNER


def test_one_of_two_owners_can_step_down() -> None:
    owner = make_member(make_project(), Role.OWNER)
    make_member(owner.project, Role.OWNER)
    members.change_role(owner, role=Role.REVIEWER, by=None)
    assert Membership.objects.get(pk=owner.pk).role == Role.REVIEWER


def test_removed_member_keeps_the_account_but_their_keys_of_the_project_end() -> None:
    member = make_member(make_project())
    _, text = make_key(member.project, acts_for=member.user)
    elsewhere = Membership.objects.create(user=member.user, project=make_project(), role=Role.REVIEWER)
    other, _ = make_key(elsewhere.project, acts_for=member.user)
    members.remove_member(member, by=None)
    assert User.objects.filter(pk=member.user_id).exists()
    assert keys.find_key(text) is None
    assert ApiKey.objects.usable().filter(pk=other.pk).exists()


def test_members_page_belongs_to_owners(client: Client) -> None:
    engineer = make_member(make_project("office"), Role.ENGINEER)
    client.force_login(engineer.user)
    assert client.get("/p/office/members/").status_code == 403


def test_members_of_another_project_cannot_be_changed(client: Client) -> None:
    owner, stranger = make_member(make_project("office"), Role.OWNER), make_member(make_project())
    client.force_login(owner.user)
    for action in ("role", "remove", "link", "second-step"):
        assert client.post(f"/p/office/members/{stranger.pk}/{action}/", {"role": "owner"}).status_code == 404
    assert Membership.objects.filter(pk=stranger.pk, role=Role.REVIEWER).exists()


def test_owner_changes_and_removes_through_the_page(client: Client) -> None:
    owner = make_member(make_project("office"), Role.OWNER)
    member = make_member(owner.project)
    client.force_login(owner.user)
    client.post(f"/p/office/members/{member.pk}/role/", {"role": "engineer"})
    member.refresh_from_db()
    assert member.role == Role.ENGINEER
    client.post(f"/p/office/members/{member.pk}/remove/")
    assert not Membership.objects.filter(pk=member.pk).exists()


def test_members_page_asks_the_same_number_of_questions_however_many_members(client: Client) -> None:
    owner = make_member(make_project("office"), Role.OWNER)
    client.force_login(owner.user)
    counts = []
    for names in (("bo", "cy"), ("di", "ed")):
        with CaptureQueriesContext(connection) as queries:
            client.get("/p/office/members/")
        counts.append(len(queries))
        for name in names:
            make_member(owner.project)
            invitations.invite(owner.project, email=f"{name}@example.org", role=Role.REVIEWER, by=owner.user)
    assert counts[0] == counts[1]
