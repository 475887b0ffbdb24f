"""Inviting people and helping those who lost their password or second step, in a browser."""

import re
from collections.abc import Callable

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from playwright.sync_api import Page, expect

from apps.accounts.models import Membership, Role, User
from tests.factories import make_member, make_project

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SignIn = Callable[[Page, User], None]
Check = Callable[[Page], None]
PASSWORD = "a long password"


@pytest.fixture
def owner(page: Page, sign_in: SignIn) -> Membership:
    member = make_member(make_project("office"), Role.OWNER, name="Ana Ruiz")
    sign_in(page, member.user)
    return member


def path_of_link(page: Page) -> str:
    """Return the path of the link that the members page shows."""
    return re.sub(r"^https?://[^/]+", "", page.locator("#new-link").inner_text())


def invite(page: Page, email: str) -> str:
    """Invite the person as an engineer, and return the path of the link."""
    page.goto("/p/office/members/")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Role", exact=True).select_option("engineer")
    page.get_by_role("button", name="Invite", exact=True).click()
    return path_of_link(page)


def test_new_person_is_invited_and_makes_their_own_account(
    page: Page, width: int, owner: Membership, is_sound: Check
) -> None:
    address = invite(page, "bo@example.org")
    is_sound(page)
    page.context.clear_cookies()
    assert page.request.get(address).ok, "a mail scanner looks first"
    page.context.clear_cookies()
    page.goto(address)
    is_sound(page)
    page.get_by_role("button", name="Open the invitation").click()
    expect(page.get_by_role("heading", name="Join Office?")).to_be_visible()
    is_sound(page)
    page.get_by_label("Your name").fill("Bo Lindqvist")
    page.get_by_label("A password").fill("short")
    page.keyboard.press("Enter")
    expect(page.get_by_text("too short")).to_be_visible()
    is_sound(page)
    page.get_by_label("A password").fill("four words of mine")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/p/office/$"))


def test_known_person_signs_in_to_join_another_project(
    page: Page, width: int, owner: Membership, is_sound: Check
) -> None:
    person = make_member(make_project("second"), name="Bo Lindqvist").user
    page.goto(invite(page, person.email))
    page.get_by_role("button", name="Open the invitation").click()
    expect(page.get_by_role("heading", name="This invitation is for another account")).to_be_visible()
    is_sound(page)
    page.get_by_role("button", name="Sign out and go on").click()
    expect(page.get_by_text(f"Sign in as {person.email} to answer")).to_be_visible()
    is_sound(page)
    page.get_by_label("E-mail address").fill(person.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Join Office?")).to_be_visible()
    is_sound(page)
    page.get_by_role("button", name="Join").click()
    expect(page.get_by_text("You are now engineer of Office.")).to_be_visible()


def test_member_who_lost_password_and_second_step_gets_in_again(
    page: Page, width: int, owner: Membership, is_sound: Check
) -> None:
    person = make_member(owner.project, name="Bo Lindqvist").user
    make_member(owner.project, Role.ENGINEER)
    TOTP.activate(person, generate_totp_secret())
    page.goto("/p/office/members/")
    is_sound(page)
    page.get_by_role("button", name="Remove the second step of Bo Lindqvist").click()
    expect(page.get_by_text("Bo Lindqvist signs in with the password alone")).to_be_visible()
    page.get_by_role("button", name="Reset the password of Bo Lindqvist").click()
    address = path_of_link(page)
    is_sound(page)
    page.context.clear_cookies()
    page.goto(address)
    page.get_by_label("A password").fill("four words of mine")
    is_sound(page)
    page.get_by_role("button", name="Set password and sign in").click()
    expect(page.get_by_text("Ana Ruiz removed the second step of your account")).to_be_visible()
    expect(page.get_by_text("Ana Ruiz created a link to a new password for your account")).to_be_visible()
    is_sound(page)
