"""The first owner, sign-in links, members: the wiring through HTTP."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client

from apps.accounts.models import Membership, Role, SignInLink, User
from apps.accounts.services import links
from tests.factories import make_member, make_project

pytestmark = pytest.mark.django_db

OWNER = {
    "project_name": "Labour office",
    "name": "Ana",
    "email": "Ana@example.org",
    "password": "four words of mine",
}


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_looking_at_the_setup_link_does_not_spend_it(client: Client) -> None:
    token = links.make_sign_in_link(None)
    assert client.get(f"/setup/{token}/").status_code == 200
    assert client.get(f"/setup/{token}/").status_code == 200
    assert SignInLink.objects.usable().exists()


def test_setup_makes_owner_and_project_and_signs_in(client: Client) -> None:
    token = links.make_sign_in_link(None)
    answer = client.post(f"/setup/{token}/", OWNER, follow=True)
    assert answer.redirect_chain[-1][0] == "/p/labour-office/"
    assert answer.status_code == 200
    assert Membership.objects.get().role == Role.OWNER
    assert User.objects.get().email == "ana@example.org"


def test_setup_link_works_once(client: Client) -> None:
    token = links.make_sign_in_link(None)
    client.post(f"/setup/{token}/", OWNER)
    answer = Client().post(f"/setup/{token}/", OWNER | {"email": "bo@example.org"})
    assert answer.status_code == 404
    assert b"./run.sh manage setup_link" in answer.content
    assert User.objects.count() == 1


def test_every_setup_link_ends_with_the_first_owner(client: Client) -> None:
    first, second = links.make_sign_in_link(None), links.make_sign_in_link(None)
    client.post(f"/setup/{first}/", OWNER)
    assert Client().get(f"/setup/{second}/").status_code == 404
    assert Client().post(f"/setup/{second}/", OWNER | {"email": "bo@example.org"}).status_code == 404
    assert User.objects.count() == 1


def test_setup_link_ends_with_an_owner_whom_a_command_made(client: Client) -> None:
    token = links.make_sign_in_link(None)
    make_member(make_project(), Role.OWNER)
    assert client.get(f"/setup/{token}/").status_code == 404
    assert client.post(f"/setup/{token}/", OWNER).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "short"},
        {"password": "password1234"},
        {"password": "ana@example.org"},
        {"email": "no address"},
        {"project_name": " "},
    ],
)
def test_refused_setup_keeps_the_link(client: Client, wrong: dict[str, str]) -> None:
    token = links.make_sign_in_link(None)
    assert client.post(f"/setup/{token}/", OWNER | wrong).status_code == 422
    assert SignInLink.objects.usable().exists()
    assert not User.objects.exists()


def test_setup_says_that_an_address_is_taken(client: Client) -> None:
    make_member(make_project())
    taken = User.objects.get().email
    answer = client.post(f"/setup/{links.make_sign_in_link(None)}/", OWNER | {"email": taken})
    assert answer.status_code == 422
    assert b"already" in answer.content


def test_link_of_a_person_does_not_set_up(client: Client) -> None:
    token = links.make_sign_in_link(make_member(make_project()).user)
    assert client.post(f"/setup/{token}/", OWNER).status_code == 404


def test_link_signs_in_as_often_as_it_says(client: Client) -> None:
    token = links.make_sign_in_link(make_member(make_project()).user, uses=2)
    for expected in (True, True, False):
        visitor = Client()
        visitor.post(f"/enter/{token}/")
        assert is_signed_in(visitor) == expected


@pytest.mark.parametrize("method", ["get", "head"])
def test_scanner_that_opens_a_link_spends_nothing_and_learns_nobody(client: Client, method: str) -> None:
    member = make_member(make_project("office"), name="Bo Lindqvist")
    address = f"/enter/{links.make_sign_in_link(member.user)}/"
    answer = getattr(Client(), method)(address)
    assert answer.status_code == 200
    assert not any(told in answer.content.decode() for told in ("Bo Lindqvist", member.user.email, "office", "Office"))
    client.post(address)
    assert is_signed_in(client)


def test_link_is_redeemed_by_its_own_page_only() -> None:
    token = links.make_sign_in_link(make_member(make_project()).user)
    stranger = Client(enforce_csrf_checks=True)
    assert stranger.post(f"/enter/{token}/").status_code == 403
    assert SignInLink.objects.usable().exists()


@pytest.mark.parametrize("kind", ["enter", "setup"])
@pytest.mark.parametrize("is_usable", [True, False])
def test_page_of_a_link_is_neither_stored_nor_named_to_others(client: Client, kind: str, is_usable: bool) -> None:
    user = make_member(make_project()).user if kind == "enter" else None
    token = links.make_sign_in_link(user) if is_usable else "never-made"
    answer = client.get(f"/{kind}/{token}/")
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer["Cache-Control"]


def test_expired_link_signs_nobody_in(client: Client) -> None:
    token = links.make_sign_in_link(make_member(make_project()).user, hours=-1)
    assert client.get(f"/enter/{token}/").status_code == 404
    assert client.post(f"/enter/{token}/").status_code == 404
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    ("asked", "reached"),
    [
        ("/p/office/keys/", "/p/office/keys/"),
        ("https://elsewhere.example/", "/"),
        ("//elsewhere.example/", "/"),
        ("/\\elsewhere.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_link_leads_only_to_addresses_of_this_site(client: Client, asked: str, reached: str) -> None:
    token = links.make_sign_in_link(make_member(make_project()).user)
    answer = client.post(f"/enter/{token}/", query_params={"next": asked})
    assert (answer.status_code, answer["Location"]) == (302, reached)


def test_link_does_not_replace_the_second_step(client: Client) -> None:
    user = make_member(make_project()).user
    TOTP.activate(user, generate_totp_secret())
    assert Authenticator.objects.filter(user=user).exists()
    answer = client.post(f"/enter/{links.make_sign_in_link(user)}/")
    assert answer["Location"].startswith("/accounts/2fa/authenticate/")
    assert not is_signed_in(client)


def test_nobody_signs_up(client: Client) -> None:
    answer = client.post("/accounts/signup/", {"email": "a@example.org", "password1": "four words of mine"})
    assert b"Accounts are made by invitation" in answer.content
    assert not User.objects.exists()


@pytest.mark.parametrize("page", ["members", "keys"])
def test_pages_of_a_project_do_not_exist_for_strangers(client: Client, page: str) -> None:
    make_project("office")
    client.force_login(make_member(make_project(), Role.OWNER).user)
    assert client.get(f"/p/office/{page}/").status_code == 404


def test_server_error_page_needs_neither_request_nor_database() -> None:
    from django.template.loader import render_to_string

    assert "Something went wrong on our side" in render_to_string("500.html")
