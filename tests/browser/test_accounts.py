"""Signing in, setting up, members and keys, in a browser."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.models import Role, User
from apps.accounts.services import links
from tests.factories import make_key, make_member, make_project

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SignIn = Callable[[Page, User], None]
Check = Callable[[Page], None]
PASSWORD = "a long password"


def test_sign_in_page_is_sound(page: Page, is_sound: Check) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    is_sound(page)
    page.get_by_label("E-mail address").fill("nobody@example.org")
    page.get_by_label("Password").fill("not the password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="not correct")).to_be_visible()
    is_sound(page)


def test_signing_in_and_out_works_by_keyboard_alone(page: Page) -> None:
    member = make_member(make_project("office"), Role.OWNER)
    page.goto("/")
    page.get_by_label("E-mail address").focus()
    page.keyboard.type(member.user.email)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/p/office/$"))
    page.locator("summary").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Sign out").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_escape_closes_an_open_menu_and_returns_the_focus(page: Page, sign_in: SignIn, is_sound: Check) -> None:
    sign_in(page, make_member(make_project("office")).user)
    page.goto("/p/office/")
    page.locator("summary").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    is_sound(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
    expect(page.locator("summary")).to_be_focused()


def test_first_owner_sets_up_and_lands_on_the_next_steps(page: Page, is_sound: Check) -> None:
    page.goto(f"/setup/{links.make_sign_in_link(None)}/")
    is_sound(page)
    page.get_by_label("Name of the project").fill("Labour office")
    page.get_by_label("Your name").fill("Ana")
    page.get_by_label("Your e-mail address").fill("ana@example.org")
    page.get_by_label("A password").fill("short")
    page.keyboard.press("Enter")
    expect(page.get_by_text("too short")).to_be_visible()
    is_sound(page)
    page.get_by_label("A password").fill("four words of mine")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Labour office is ready for its first model.")).to_be_visible()
    is_sound(page)


def test_expired_link_says_how_to_get_a_new_one(page: Page, is_sound: Check) -> None:
    page.goto("/setup/never-made/")
    expect(page.get_by_text("./run.sh manage setup_link")).to_be_visible()
    is_sound(page)
    page.goto("/invitation/never-made/")
    expect(page.get_by_role("heading", name="This invitation has ended")).to_be_visible()
    is_sound(page)
    page.goto("/enter/never-made/")
    expect(page.get_by_role("heading", name="This link has expired")).to_be_visible()
    is_sound(page)


def test_link_still_signs_in_after_a_mail_scanner_opened_it(page: Page, width: int, is_sound: Check) -> None:
    member = make_member(make_project("office"), name="Bo Lindqvist")
    address = f"/enter/{links.make_sign_in_link(member.user)}/"
    for method in ("GET", "HEAD"):
        scanned = page.request.fetch(address, method=method)
        assert scanned.ok
        assert "Bo Lindqvist" not in scanned.text()
    page.context.clear_cookies()
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.headers.get("referer", "")))
    page.goto(address)
    is_sound(page)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile(r"/p/office/$"))
    assert not any("/enter/" in referer for referer in requests)


def test_owner_makes_replaces_and_revokes_a_key(page: Page, width: int, sign_in: SignIn, is_sound: Check) -> None:
    project = make_project("office")
    sign_in(page, make_member(project, Role.OWNER).user)
    make_key(project)
    page.goto("/p/office/keys/")
    page.get_by_label("What it is for").fill("nightly scoring")
    page.get_by_label("Send predictions").check()
    page.get_by_role("button", name="Create key").click()
    expect(page.locator("#new-key")).to_have_text(re.compile("^cs_"))
    is_sound(page)
    page.get_by_role("link", name="Replace nightly scoring").click()
    expect(page.get_by_label("The old key ends")).to_have_value("24")
    is_sound(page)
    page.get_by_role("button", name="Replace key").click()
    expect(page.get_by_text("works until").first).to_be_visible()
    is_sound(page)
    page.get_by_role("button", name="Revoke nightly scoring").first.click()
    expect(page.get_by_text("is revoked")).to_be_visible()
    expect(page.get_by_role("button", name="Revoke nightly scoring")).to_have_count(1)
    is_sound(page)


@pytest.mark.parametrize("address", ["/accounts/2fa/", "/accounts/password/change/", "/accounts/logout/", "/p/other/"])
def test_account_pages_are_sound(address: str, page: Page, sign_in: SignIn, is_sound: Check) -> None:
    sign_in(page, make_member(make_project()).user)
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    is_sound(page)


def test_setting_up_the_authenticator_app_asks_for_the_password_again(
    page: Page, sign_in: SignIn, is_sound: Check
) -> None:
    sign_in(page, make_member(make_project()).user)
    page.goto("/accounts/2fa/totp/activate/")
    is_sound(page)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Set up the authenticator app")).to_be_visible()
    is_sound(page)
