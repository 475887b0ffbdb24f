"""Keys and links: usable once made, useless once revoked, expired or spent."""

from datetime import timedelta

import pytest
from django.contrib.auth.hashers import make_password
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from apps.accounts.models import ApiKey, Membership, Project, Role, Scope, User
from apps.accounts.services import keys, links
from apps.common.errors import ConflictError, DomainError, NotFoundError
from tests.factories import make_key, make_member, make_model, make_project

pytestmark = pytest.mark.django_db


def policies_status(text: str) -> int:
    return Client(headers={"authorization": f"Bearer {text}"}).get("/api/v1/models/m/policies").status_code


@pytest.fixture
def project():
    project = make_project()
    make_model(project, "m")
    return project


def test_a_key_opens_until_it_is_revoked(project):
    key, text = make_key(project)
    assert policies_status(text) == 200
    keys.revoke_key(key, by=None)
    assert policies_status(text) == 401


def test_an_expired_key_opens_nothing(project):
    _, text = keys.create_key(project, name="old", scopes=["sampling:write"], by=None, lifetime=timedelta(seconds=-1))
    assert policies_status(text) == 401


@pytest.mark.parametrize("header", ["", "Bearer", "Basic abc", "Bearer a b", "Bearer cs_wrong", "Bearer \xff"])
def test_a_request_without_a_usable_key_is_not_let_in(project, header):
    answer = Client(headers={"authorization": header}).get("/api/v1/models/m/policies")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"


def test_the_text_of_a_key_is_not_kept(project):
    key, text = make_key(project)
    key.refresh_from_db()
    assert text.startswith(key.prefix)
    assert len(key.prefix) <= 10
    assert text.encode() not in bytes(key.digest)


def test_a_key_expires_after_a_year_unless_told_otherwise(project):
    makes = {"name": "nightly", "scopes": ["labels:read"], "by": None}
    year, _ = keys.create_key(project, **makes)
    assert timedelta(days=364, hours=23) < year.expires_at - timezone.now() <= timedelta(days=365)
    forever, _ = keys.create_key(project, **makes, lifetime=None)
    assert forever.expires_at is None


@pytest.mark.parametrize(("asked", "days"), [({}, 365), ({"days": "30"}, 30), ({"days": "never"}, None)])
def test_create_key_takes_the_days_until_the_key_expires(capsys, asked, days):
    call_command("create_key", project="first", user="ann@example.org", role="engineer", scopes="all", **asked)
    key = keys.find_key(capsys.readouterr().out.strip())
    lifetime = key.expires_at - key.created_at if key.expires_at else None
    assert (round(lifetime / timedelta(days=1)) if lifetime else None) == days


def test_last_use_is_written_once_a_minute(project, django_assert_num_queries):
    key, text = make_key(project)
    assert key.last_used_at is None
    policies_status(text)
    first = ApiKey.objects.get()
    assert timezone.now() - first.last_used_at < timedelta(minutes=1)
    with django_assert_num_queries(0):
        keys.note_use(first)
    policies_status(text)
    assert ApiKey.objects.get().last_used_at == first.last_used_at
    ApiKey.objects.update(last_used_at=timezone.now() - timedelta(seconds=61))
    keys.note_use(first)  # read before another request wrote it
    policies_status(text)
    assert ApiKey.objects.get().last_used_at > first.last_used_at


def test_a_replaced_key_works_until_its_overlap_ends(project):
    owner = make_member(project, Role.OWNER).user
    old, old_text = keys.create_key(
        project, name="nightly", scopes=["sampling:write"], by=owner, acts_for=owner, lifetime=timedelta(days=90)
    )
    new, new_text = keys.rotate_key(old, by=owner)
    assert (new.name, new.scopes, new.acts_for, new.project) == ("nightly", ["sampling:write"], owner, project)
    assert round((new.expires_at - timezone.now()) / timedelta(days=1)) == 90
    assert timedelta(hours=23) < old.expires_at - timezone.now() <= timedelta(hours=24)
    assert [policies_status(text) for text in (old_text, new_text)] == [200, 200]
    ApiKey.objects.filter(pk=old.pk).update(expires_at=timezone.now())
    assert [policies_status(text) for text in (old_text, new_text)] == [401, 200]


def test_a_key_is_replaced_once_and_never_lives_longer_by_it(project):
    key, text = keys.create_key(
        project, name="short", scopes=["sampling:write"], by=None, lifetime=timedelta(minutes=30)
    )
    ends_at = key.expires_at
    keys.rotate_key(key, by=None)
    assert key.expires_at == ends_at
    with pytest.raises(ConflictError):
        keys.rotate_key(key, by=None)
    leaked, leaked_text = keys.rotate_key(ApiKey.objects.get(replaced_at=None), by=None, overlap=timedelta(0))
    assert [policies_status(each) for each in (text, leaked_text)] == [200, 200]
    keys.revoke_key(leaked, by=None)
    with pytest.raises(ConflictError):
        keys.rotate_key(leaked, by=None)
    assert ApiKey.objects.count() == 3


def test_create_key_makes_what_is_missing_and_prints_the_key_alone(capsys):
    call_command("create_key", project="first", user="Ann@example.org", role="engineer", scopes="all")
    text = capsys.readouterr().out.strip()
    key = keys.find_key(text)
    assert key is not None
    assert (key.project.slug, key.acts_for.email, len(key.scopes)) == ("first", "ann@example.org", len(Scope))
    assert Membership.objects.get().role == Role.ENGINEER
    call_command("create_key", project="first", user="ann@example.org", role="engineer", scopes="labels:read")
    assert (Project.objects.count(), User.objects.count(), ApiKey.objects.count()) == (1, 1, 2)


def test_create_key_never_changes_a_role(capsys):
    member = make_member(make_project("first"), Role.REVIEWER)
    call_command("create_key", project="first", user=member.user.email, role="owner", scopes="sampling:write")
    printed = capsys.readouterr()
    assert Membership.objects.get().role == Role.REVIEWER
    assert printed.err.strip() == f"{member.user.email} is already reviewer in first and stays so."
    assert policies_status(printed.out.strip()) == 403


@pytest.mark.parametrize("lost", ["account", "membership"])
def test_a_key_ends_with_its_persons_account_or_membership(project, lost):
    member = make_member(project, Role.ENGINEER)
    elsewhere = Membership.objects.create(user=member.user, project=make_project(), role=Role.OWNER)
    (_, text), (_, other) = (make_key(each.project, acts_for=member.user) for each in (member, elsewhere))
    assert [policies_status(text), keys.find_key(other).membership] == [200, elsewhere]
    if lost == "account":
        User.objects.filter(pk=member.user.pk).update(is_active=False)
    else:
        member.delete()
    assert policies_status(text) == 401
    assert (keys.find_key(other) is None) == (lost == "account")
    with pytest.raises(DomainError, match="active member"):
        make_key(project, acts_for=member.user)


@pytest.mark.parametrize(
    "changes", [{"scopes": "everything"}, {"user": "nobody"}, {"project": "Bad Name"}, {"days": "0"}, {"days": "soon"}]
)
def test_create_key_refuses_what_makes_no_sense(changes):
    arguments = {"project": "first", "user": "ann@example.org", "role": "engineer", "scopes": "all", **changes}
    with pytest.raises(CommandError):
        call_command("create_key", **arguments)


def test_a_sign_in_link_works_as_often_as_it_says():
    member = make_member(make_project())
    token = links.make_sign_in_link(member.user, uses=2)
    assert [links.redeem_sign_in_link(token) for _ in range(2)] == [member.user] * 2
    with pytest.raises(NotFoundError):
        links.redeem_sign_in_link(token)


def test_the_setup_link_makes_one_owner_and_is_spent(capsys):
    call_command("setup_link")
    token = capsys.readouterr().out.strip().rstrip("/").rsplit("/", 1)[1]
    details = {"email": "Owner@example.org", "name": "O", "password": "a long password", "project_name": "Credit team"}
    owner = links.redeem_setup_link(token, **details)
    member = Membership.objects.get(user=owner)
    assert (member.role, member.project.slug) == ("owner", "credit-team")
    with pytest.raises(NotFoundError):
        links.redeem_setup_link(token, **{**details, "email": "second@example.org"})
    call_command("setup_link")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "used", [{"last_login": timezone.now()}, {"password": make_password("x")}, {"is_active": False}]
)
def test_the_setup_link_does_not_take_over_an_account_that_somebody_has(used):
    make_member(make_project())
    email = User.objects.get().email
    User.objects.update(**used)
    token = links.make_sign_in_link(None)
    with pytest.raises(ConflictError):
        links.redeem_setup_link(token, email=email, name="", password="a long password", project_name="Mine")
    links.find_setup_link(token)


def test_the_first_owner_gets_the_project_and_account_that_scripts_made(client):
    call_command("create_key", project="credit", user="you@example.org", role="engineer", scopes="all")
    url = f"/setup/{links.make_sign_in_link(None)}/"
    assert 'value="Credit"' in client.get(url).content.decode()
    details = {"email": "you@example.org", "name": "O", "password": "a long password", "project_name": "Credit"}
    client.post(url, details)
    member = Membership.objects.get()
    assert (member.user.email, member.role, member.project.slug) == ("you@example.org", "owner", "credit")
    assert list(Project.objects.values_list("slug", flat=True)) == ["credit"]
