"""Who belongs to a project, and the first link of a new member."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import ApiKey, Membership, Role, SignInLink, User
from apps.accounts.services import keys, links, members
from apps.common.errors import ConflictError, NotFoundError
from tests.factories import make_key, make_member, make_project

pytestmark = pytest.mark.django_db


def token_of(link: str) -> str:
    found = re.search(r"/enter/([^/]+)/", link)
    assert found
    return found[1]


def test_new_member_gets_an_account_and_a_link_that_signs_them_in() -> None:
    project = make_project()
    member = members.add_member(project, email="Bo@Example.org", name="Bo", role=Role.REVIEWER, by=None)
    assert member.user.email == "bo@example.org"
    assert links.redeem_sign_in_link(token_of(links.hand_over_link(member, by=None))) == member.user


def test_nobody_is_a_member_twice() -> None:
    member = make_member(make_project())
    with pytest.raises(ConflictError, match="already"):
        members.add_member(member.project, email=member.user.email, name="", role=Role.OWNER, by=None)
    member.refresh_from_db()
    assert member.role == Role.REVIEWER


def test_owner_gets_no_link_into_an_account_that_is_used_elsewhere() -> None:
    elsewhere = make_member(make_project())
    member = members.add_member(make_project(), email=elsewhere.user.email, name="", role=Role.REVIEWER, by=None)
    with pytest.raises(ConflictError):
        links.hand_over_link(member, by=None)


def test_owner_gets_no_link_into_an_account_that_has_signed_in(client: Client) -> None:
    member = make_member(make_project())
    client.force_login(member.user)
    with pytest.raises(ConflictError):
        links.hand_over_link(member, by=None)


def test_first_link_of_one_project_ends_when_another_project_takes_the_person_in() -> None:
    member = members.add_member(make_project(), email="bo@example.org", name="Bo", role=Role.REVIEWER, by=None)
    link = links.hand_over_link(member, by=None)
    members.add_member(make_project(), email="bo@example.org", name="Bo", role=Role.OWNER, by=None)
    with pytest.raises(NotFoundError):
        links.redeem_sign_in_link(token_of(link))


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
    for action in ("role", "remove", "link"):
        assert client.post(f"/p/office/members/{stranger.pk}/{action}/", {"role": "owner"}).status_code == 404
    assert Membership.objects.filter(pk=stranger.pk, role=Role.REVIEWER).exists()


def test_owner_adds_changes_and_removes_through_the_page(client: Client) -> None:
    owner = make_member(make_project("office"), Role.OWNER)
    client.force_login(owner.user)
    answer = client.post("/p/office/members/", {"email": "bo@example.org", "name": "Bo", "role": "reviewer"})
    assert b"/enter/" in answer.content
    assert "no-store" in answer["Cache-Control"]
    member = Membership.objects.get(user__email="bo@example.org")
    client.post(f"/p/office/members/{member.pk}/role/", {"role": "engineer"})
    member.refresh_from_db()
    assert member.role == Role.ENGINEER
    client.post(f"/p/office/members/{member.pk}/remove/")
    assert not Membership.objects.filter(pk=member.pk).exists()


def test_link_is_stored_as_digest_only() -> None:
    member = members.add_member(make_project(), email="bo@example.org", name="Bo", role=Role.REVIEWER, by=None)
    token = token_of(links.hand_over_link(member, by=None))
    stored = SignInLink.objects.get()
    assert bytes(stored.digest) == keys.digest(token)


def test_members_page_asks_the_same_number_of_questions_however_many_members(client: Client) -> None:
    owner = make_member(make_project("office"), Role.OWNER)
    client.force_login(owner.user)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            client.get("/p/office/members/")
        counts.append(len(queries))
        make_member(owner.project)
        make_member(owner.project)
    assert counts[0] == counts[1]
