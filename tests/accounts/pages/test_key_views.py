"""The pages of keys: the wiring through HTTP."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import ApiKey, Membership, Role
from apps.accounts.services import keys
from tests.factories import make_key, make_member, make_project
from tests.pages import shown

pytestmark = pytest.mark.django_db


def signed_in(member: Membership) -> Client:
    client = Client()
    client.force_login(member.user)
    return client


def test_new_key_is_shown_once_and_opens_the_project(client: Client) -> None:
    owner = make_member(make_project("office"), Role.OWNER)
    client.force_login(owner.user)
    form = {"name": "nightly", "scopes": ["predictions:write"], "days": "90"}
    answer = client.post("/p/office/keys/create/", form)
    text = answer.context["made"].text
    assert text.encode() in answer.content
    assert "no-store" in answer["Cache-Control"]
    assert text.encode() not in client.get("/p/office/keys/").content
    found = keys.find_key(text)
    assert found is not None
    assert found.project == owner.project
    assert found.expires_at is not None


def test_reviewing_key_needs_a_person_of_the_project(client: Client) -> None:
    owner, stranger = make_member(make_project("office"), Role.OWNER), make_member(make_project())
    client.force_login(owner.user)
    form = {"name": "bot", "scopes": ["reviews:write"], "days": "never"}
    assert client.post("/p/office/keys/create/", form).status_code == 422
    assert client.post("/p/office/keys/create/", form | {"acts_for": stranger.user.pk}).status_code == 422
    assert not ApiKey.objects.exists()
    assert client.post("/p/office/keys/create/", form | {"acts_for": owner.user.pk}).status_code == 200
    assert ApiKey.objects.get().expires_at is None


def test_revoked_key_opens_nothing(client: Client) -> None:
    owner = make_member(make_project("office"), Role.OWNER)
    key, text = make_key(owner.project)
    client.force_login(owner.user)
    client.post(f"/p/office/keys/{key.pk}/revoke/")
    assert keys.find_key(text) is None


def test_key_of_another_project_cannot_be_revoked(client: Client) -> None:
    owner = make_member(make_project("office"), Role.OWNER)
    key, text = make_key(make_project())
    client.force_login(owner.user)
    assert client.post(f"/p/office/keys/{key.pk}/revoke/").status_code == 404
    assert keys.find_key(text) == key


def test_replaced_key_is_shown_once_and_the_old_one_ends_when_chosen(client: Client) -> None:
    owner = make_member(make_project("office"), Role.OWNER)
    key, text = make_key(owner.project)
    client.force_login(owner.user)
    page = shown(client.get(f"/p/office/keys/{key.pk}/replace/"))
    assert '<option value="24" selected>in 24 hours</option>' in page
    assert client.post(f"/p/office/keys/{key.pk}/replace/", {"hours": "5"}).status_code == 422
    answer = client.post(f"/p/office/keys/{key.pk}/replace/", {"hours": "0"})
    new = answer.context["made"].text
    assert new.encode() in answer.content
    assert (keys.find_key(text), keys.find_key(new)) == (None, ApiKey.objects.exclude(pk=key.pk).get())
    assert client.post(f"/p/office/keys/{key.pk}/replace/", {"hours": "0"}).status_code == 409


def test_a_member_sees_and_revokes_only_keys_that_act_for_them() -> None:
    project = make_project("office")
    reviewer, other = make_member(project, Role.REVIEWER), make_member(project, Role.ENGINEER)
    mine, _ = make_key(project, ["reviews:write"], acts_for=reviewer.user)
    theirs, _ = make_key(project, ["labels:read"], acts_for=other.user)
    system, _ = make_key(project, ["labels:read"])
    client = signed_in(reviewer)
    page = shown(client.get("/p/office/keys/"))
    assert [key.prefix in page for key in (mine, theirs, system)] == [True, False, False]
    assert "Create a key" not in page
    assert [client.post(f"/p/office/keys/{key.pk}/revoke/").status_code for key in (mine, theirs, system)] == [
        *(302, 404, 404)
    ]
    form = {"name": "more", "scopes": ["labels:read"], "days": "90", "hours": "0"}
    assert client.post("/p/office/keys/create/", form).status_code == 403
    assert client.post(f"/p/office/keys/{mine.pk}/replace/", form).status_code == 403
    assert set(ApiKey.objects.usable()) == {theirs, system}


def test_keys_are_found_by_name_person_beginning_and_state() -> None:
    project = make_project("office")
    owner, ann = make_member(project, Role.OWNER), make_member(project, Role.REVIEWER)
    nightly, _ = keys.create_key(project, name="Nightly job", scopes=["labels:read"], by=None)
    hers, _ = keys.create_key(project, name="bot", scopes=["reviews:write"], by=None, acts_for=ann.user)
    ended, _ = keys.create_key(project, name="gone", scopes=["labels:read"], by=None, lifetime=timedelta(seconds=-1))
    long_ago = timezone.now() - timedelta(days=91)
    ApiKey.objects.filter(pk__in=[nightly.pk, hers.pk]).update(created_at=long_ago)
    ApiKey.objects.filter(pk=hers.pk).update(last_used_at=timezone.now())
    client = signed_in(owner)

    def found(**query: str) -> set[ApiKey]:
        return {key for key, _ in client.get("/p/office/keys/", query).context["rows"]}

    assert found(q="nightly") == {nightly}
    assert found(q=ann.user.email) == {hers}
    assert found(q=ended.prefix) == {ended}
    assert (found(state="usable"), found(state="ended"), found(state="unused")) == ({nightly, hers}, {ended}, {nightly})
    assert found(q="nobody like this") == set()
    assert client.get("/p/office/keys/", {"state": "x"}).status_code == 404


def test_the_list_of_keys_costs_the_same_for_any_number(django_assert_num_queries) -> None:
    owner = make_member(make_project("office"), Role.OWNER)
    for _ in range(3):
        make_key(owner.project, acts_for=owner.user)
    client = signed_in(owner)
    with django_assert_num_queries(7):
        client.get("/p/office/keys/")
