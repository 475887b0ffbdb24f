"""An invitation as the invited person meets it: link, button, answer."""

import re
import socket
import time

import pytest
from django.core import mail as outbox
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client

from apps.accounts.models import Invitation, Membership, Role, User
from apps.accounts.services import invitations
from apps.common import mail
from tests.factories import make_member, make_project
from tests.pages import shown

pytestmark = pytest.mark.django_db

BO = "bo@example.org"
ACCOUNT = {"name": "Bo Lindqvist", "password": "four words of mine"}


@pytest.fixture
def owner() -> Membership:
    return make_member(make_project("office"), Role.OWNER, name="Ana Ruiz")


@pytest.fixture
def with_mail(settings) -> None:
    settings.SMTP_URL = "smtp://mail.example.org"


def invite(owner: Membership, email: str = BO) -> str:
    _, token = invitations.invite(owner.project, email=email, role=Role.REVIEWER, by=owner.user)
    return f"/invitation/{token}/"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("method", ["get", "head"])
def test_scanner_learns_nothing_and_spends_nothing(client: Client, owner, method):
    address = invite(owner)
    answer = getattr(Client(), method)(address)
    assert (answer.status_code, answer["Referrer-Policy"]) == (200, "no-referrer")
    assert "no-store" in answer["Cache-Control"]
    text = answer.content.decode().lower()
    assert not any(told in text for told in ("office", "ana", BO, "reviewer"))
    assert client.post(address)["Location"] == "/invitation/"
    assert "Join Office?" in shown(client.get("/invitation/"))


def test_new_person_makes_an_account_and_lands_in_the_project(client: Client, owner):
    client.post(invite(owner))
    page = shown(client.get("/invitation/"))
    assert all(told in page for told in ("Office", "Ana Ruiz", BO, "Reviewer: also judges cases"))
    answer = client.post("/invitation/", ACCOUNT | {"email": "other@example.org"}, follow=True)
    assert answer.redirect_chain[-1] == ("/p/office/", 302)
    assert Membership.objects.get(user__email=BO).role == Role.REVIEWER
    assert not User.objects.filter(email="other@example.org").exists()


@pytest.mark.parametrize("wrong", [{"password": "short"}, {"password": BO}, {"name": " "}, {"password": ""}])
def test_refused_account_keeps_the_invitation(client: Client, owner, wrong):
    client.post(invite(owner))
    assert client.post("/invitation/", ACCOUNT | wrong).status_code == 422
    assert not User.objects.filter(email=BO).exists()
    assert Invitation.objects.usable().exists()


def test_known_person_signs_in_and_accepts(client: Client, owner):
    user = make_member(make_project()).user
    client.post(invite(owner, user.email))
    asked = client.get("/invitation/", follow=True)
    assert asked.redirect_chain == [("/accounts/login/?next=/invitation/", 302)]
    assert f"Sign in as {user.email}" in shown(asked)
    # What makes an account for a new address makes nothing for one that has an account.
    client.post("/invitation/", ACCOUNT)
    assert not Membership.objects.in_project(owner.project).filter(user=user).exists()
    form = {"login": user.email, "password": "a long password", "next": "/invitation/"}
    page = client.post("/accounts/login/", form, follow=True)
    assert "Join Office?" in shown(page)
    assert client.post("/invitation/", {"accept": ""})["Location"] == "/p/office/"
    assert Membership.objects.in_project(owner.project).filter(user=user, role=Role.REVIEWER).exists()


def test_waiting_person_opens_nothing_of_the_project(owner):
    user = make_member(make_project()).user
    client = signed_in(user)
    client.post(invite(owner, user.email))
    assert client.get("/p/office/").status_code == 404
    assert "office" not in client.get("/", follow=True).content.decode()


def test_declined_invitation_opens_nothing(owner):
    user = make_member(make_project()).user
    client = signed_in(user)
    client.post(invite(owner, user.email))
    client.post("/invitation/", {"decline": ""})
    assert client.get("/p/office/").status_code == 404
    assert client.get("/invitation/").status_code == 404


def test_another_account_learns_nothing_of_the_project_and_can_change_over(owner):
    user, other = make_member(make_project()).user, make_member(make_project()).user
    client = signed_in(other)
    client.post(invite(owner, user.email))
    answer = client.get("/invitation/")
    assert answer.status_code == 403
    assert "Office" not in shown(answer)
    assert "Ana Ruiz" not in shown(answer)
    assert client.post("/invitation/", {"accept": ""}).status_code == 403
    assert not Membership.objects.in_project(owner.project).filter(user=other).exists()
    assert "_auth_user_id" in client.session
    assert client.post("/invitation/sign-out/")["Location"] == "/invitation/"
    assert "_auth_user_id" not in client.session
    assert "/accounts/login/" in client.get("/invitation/")["Location"]


def test_owner_who_is_signed_in_as_the_account_needs_the_other_owners_link(owner):
    """A's owner controls Bo's account. Without B's link, nothing of B's invitation shows or works."""
    user = make_member(owner.project).user
    other = make_member(make_project("second"), Role.OWNER)
    invite(other, user.email)
    client = signed_in(user)
    assert client.get("/invitation/").status_code == 404
    assert client.post("/invitation/", {"accept": ""}).status_code == 404
    assert "second" not in client.get("/", follow=True).content.decode().lower()


def test_answer_needs_the_link_opened_in_this_browser(client: Client, owner):
    invite(owner)
    assert client.get("/invitation/").status_code == 404
    assert client.post("/invitation/", ACCOUNT).status_code == 404
    assert not User.objects.filter(email=BO).exists()


def test_withdrawn_invitation_ends_in_a_browser_that_opened_it(client: Client, owner):
    client.post(invite(owner))
    invitations.withdraw(Invitation.objects.get(), by=owner.user)
    assert client.post("/invitation/", ACCOUNT).status_code == 404
    assert not User.objects.filter(email=BO).exists()


def test_owner_hands_over_a_link_lists_renews_and_withdraws(owner):
    client = signed_in(owner.user)
    page = client.post("/p/office/members/", {"email": BO, "role": "reviewer"})
    assert "no-store" in page["Cache-Control"]
    first = re.search(r"/invitation/[^/]+/", page.content.decode())[0]
    row = Invitation.objects.get()
    listed = shown(client.get("/p/office/members/"))
    assert BO in listed
    assert "/invitation/" not in listed.replace("/invitations/", "")
    page = client.post(f"/p/office/invitations/{row.pk}/link/")
    second = re.search(r"/invitation/[^/]+/", page.content.decode())[0]
    assert [client.get(address).status_code for address in (first, second)] == [404, 200]
    client.post(f"/p/office/invitations/{row.pk}/withdraw/")
    assert client.get(second).status_code == 404
    assert "Waiting invitations" not in shown(client.get("/p/office/members/"))


def test_invitation_of_another_project_cannot_be_changed(owner):
    other = make_member(make_project("second"), Role.OWNER)
    invite(other)
    client = signed_in(owner.user)
    for act in ("link", "withdraw"):
        assert client.post(f"/p/office/invitations/{Invitation.objects.get().pk}/{act}/").status_code == 404
    assert Invitation.objects.usable().exists()


def test_link_goes_by_mail_and_not_to_the_owner(owner, with_mail):
    page = signed_in(owner.user).post("/p/office/members/", {"email": BO, "role": "reviewer"}).content.decode()
    assert "gets a link by mail" in page
    assert not re.search(r"/invitation/[^/]+/", page)
    (message,) = outbox.outbox
    assert (message.to, message.subject) == ([BO], "Join Office on Countersign")
    assert re.search(r"http://127\.0\.0\.1:8000/invitation/[^/]+/", message.body)
    assert "Ana Ruiz invites you" in message.body


def test_name_of_a_project_stays_in_the_subject(owner, with_mail):
    owner.project.name = "Office\nBcc: all@example.org"
    owner.project.save()
    signed_in(owner.user).post("/p/office/members/", {"email": BO, "role": "reviewer"})
    (message,) = outbox.outbox
    assert message.subject == "Join Office Bcc: all@example.org on Countersign"
    assert message.recipients() == [BO]


def refused(self: EmailBackend, messages: object) -> int:
    raise ConnectionRefusedError("no mail server")


def test_owner_gets_the_link_where_mail_fails(owner, with_mail, monkeypatch):
    monkeypatch.setattr(EmailBackend, "send_messages", refused)
    page = signed_in(owner.user).post("/p/office/members/", {"email": BO, "role": "reviewer"}).content.decode()
    assert "The mail server did not take the message." in page
    assert re.search(r"/invitation/[^/]+/", page)


def test_page_does_not_wait_for_a_mail_server_that_says_nothing(owner, settings, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.SMTP_URL = "smtp://127.0.0.1"
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = silent.getsockname()
        settings.EMAIL_TIMEOUT = 1
        monkeypatch.setattr(mail, "PATIENCE_SECONDS", 0.2)
        started = time.monotonic()
        page = signed_in(owner.user).post("/p/office/members/", {"email": BO, "role": "reviewer"}).content.decode()
        assert time.monotonic() - started < 1
    assert re.search(r"/invitation/[^/]+/", page)
