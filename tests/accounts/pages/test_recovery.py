"""A lost password or second step, as owner and member meet it; and the reset by mail."""

import re
from types import ModuleType

import pytest
from allauth.core.context import request_context
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core import mail as outbox
from django.test import Client
from django.urls import clear_script_prefix, set_script_prefix

from apps.accounts import urls as accounts_urls
from apps.accounts.models import Membership, Role
from apps.accounts.pages.adapter import AccountAdapter
from apps.accounts.services import recovery
from apps.common import mail
from config import urls
from tests.factories import make_member, make_project
from tests.pages import shown

pytestmark = pytest.mark.django_db

NEW = "four words of mine"


@pytest.fixture
def owner() -> Membership:
    return make_member(make_project("office"), Role.OWNER, name="Ana Ruiz")


@pytest.fixture
def member(owner: Membership) -> Membership:
    return make_member(owner.project, name="Bo Lindqvist")


@pytest.fixture
def at_desk(owner: Membership) -> Client:
    client = Client()
    client.force_login(owner.user)
    return client


def sign_in(user, password: str) -> Client:
    client = Client()
    client.post("/accounts/login/", {"login": user.email, "password": password})
    return client


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_owner_hands_over_a_link_to_a_new_password(client: Client, at_desk, member):
    before = sign_in(member.user, "a long password")
    page = at_desk.post(f"/p/office/members/{member.pk}/link/").content.decode()
    address = re.search(r"/enter/[^/]+/", page)[0]
    assert "Bo Lindqvist" not in client.get(address).content.decode()
    assert client.post(address, {"password": "short"}).status_code == 422
    assert client.post(address, {}).status_code == 422
    assert client.post(address, {"password": NEW})["Location"] == "/"
    assert is_signed_in(client)
    assert before.get("/p/office/").status_code == 302, "sessions with the old password end"
    assert not is_signed_in(sign_in(member.user, "a long password"))


def test_link_to_a_new_password_does_not_replace_the_second_step(client: Client, member):
    TOTP.activate(member.user, generate_totp_secret())
    token = recovery.make_password_link(member.user, by=None)
    answer = client.post(f"/enter/{token}/", {"password": NEW})
    assert answer["Location"].startswith("/accounts/2fa/authenticate/")
    assert not is_signed_in(client)


def test_owner_removes_a_second_step_and_its_person_reads_who_did_at_the_next_sign_in(at_desk, member):
    TOTP.activate(member.user, generate_totp_secret())
    at_desk.post(f"/p/office/members/{member.pk}/second-step/")
    assert not Authenticator.objects.filter(user=member.user).exists()
    client = Client()
    form = {"login": member.user.email, "password": "a long password"}
    page = shown(client.post("/accounts/login/", form, follow=True))
    assert "Ana Ruiz removed the second step of your account on" in page
    again = Client()
    assert "removed the second step" not in shown(again.post("/accounts/login/", form, follow=True))


def test_page_offers_help_only_where_the_owner_owns_all_of_the_persons_projects(at_desk, owner, member):
    button = f"/p/office/members/{member.pk}/link/"
    page = shown(at_desk.get("/p/office/members/"))
    assert button in page
    assert f"/p/office/members/{owner.pk}/link/" not in page
    assert "sign_in_link" not in page
    Membership.objects.create(user=member.user, project=make_project(), role=Role.REVIEWER)
    page = shown(at_desk.get("/p/office/members/"))
    assert button not in page
    assert "./run.sh manage sign_in_link" in page
    assert at_desk.post(button).status_code == 409


def test_sign_in_page_promises_what_can_be_done(client: Client):
    page = shown(client.get("/accounts/login/"))
    assert "An owner of all your projects can give you a link" in page
    assert "/accounts/password/reset/" not in page
    assert client.get("/accounts/password/reset/").status_code == 404


@pytest.fixture
def mailing(settings, monkeypatch) -> None:
    """An installation with mail: its urls hold the reset, and messages leave before the answer."""
    settings.SMTP_URL = "smtp://mail.example.org"
    module = ModuleType("urls_with_mail")
    module.urlpatterns = [*urls.urlpatterns, *accounts_urls.mail_urlpatterns]
    settings.ROOT_URLCONF = module
    post = mail.post
    monkeypatch.setattr(mail, "post", lambda message: post(message).result())


def test_forgotten_password_is_reset_by_mail(client: Client, mailing, member):
    assert "/accounts/password/reset/" in shown(client.get("/accounts/login/"))
    client.post("/accounts/password/reset/", {"email": member.user.email}, headers={"host": "127.0.0.1"})
    (message,) = outbox.outbox
    assert message.to == [member.user.email]
    address = re.search(r"http://127\.0\.0\.1:8000(/accounts/password/reset/key/\S+/)", message.body)[1]
    for method in ("get", "head"):
        assert getattr(Client(), method)(address).status_code == 302
    form = client.get(address)["Location"]
    assert client.post(form, {"password1": NEW, "password2": NEW}).status_code == 302
    assert is_signed_in(sign_in(member.user, NEW))
    assert "This link has expired" in shown(Client().get(address))


def test_mails_name_the_path_of_the_installation_once(mailing, settings, rf):
    settings.BASE_URL, settings.ORIGIN = "https://tools.example/countersign", "https://tools.example"
    set_script_prefix("/countersign/")
    try:
        with request_context(rf.get("/")):
            address = AccountAdapter().get_reset_password_from_key_url("3-abc")
    finally:
        clear_script_prefix()
    assert address == "https://tools.example/countersign/accounts/password/reset/key/3-abc/"


def test_reset_answers_the_same_for_an_unknown_address_and_writes_to_nobody(client: Client, mailing, member):
    pages = set()
    for email in (member.user.email, "nobody@example.org"):
        answer = client.post("/accounts/password/reset/", {"email": email}, follow=True)
        pages.add(re.sub(r"[A-Za-z0-9]{64}", "csrf", shown(answer)))
    assert len(pages) == 1
    assert [message.to for message in outbox.outbox] == [[member.user.email]]


def test_link_made_before_ends_when_the_person_has_left(at_desk, client: Client, member):
    token = recovery.make_password_link(member.user, by=Membership.objects.get(role=Role.OWNER).user)
    at_desk.post(f"/p/office/members/{member.pk}/remove/")
    assert client.post(f"/enter/{token}/", {"password": NEW}).status_code == 404
