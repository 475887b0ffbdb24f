"""The glossary: readable in every look, and searched as one types."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.models import Role, User
from tests.factories import make_member, make_project

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SignIn = Callable[[Page, User], None]
Check = Callable[[Page], None]


@pytest.fixture
def opened(page: Page, sign_in: SignIn) -> Page:
    """The glossary, open before a stakeholder."""
    sign_in(page, make_member(make_project(), Role.STAKEHOLDER).user)
    page.goto("/glossary/")
    return page


def test_the_glossary_reads_well_everywhere(opened: Page, width: int, is_sound: Check) -> None:
    is_sound(opened)
    opened.get_by_role("link", name="inclusion probability").first.click()
    expect(opened.locator("#inclusion-probability")).to_be_in_viewport()
    is_sound(opened)


def test_the_list_follows_what_is_typed(opened: Page, is_sound: Check) -> None:
    opened.get_by_label("Find a term").press_sequentially("restatement")
    expect(opened.locator("#slot")).to_have_count(0)
    expect(opened.locator("#restatement")).to_be_visible()
    expect(opened.locator("#found")).to_contain_text(re.compile(r"\d of \d+ terms"))
    is_sound(opened)
    opened.get_by_label("Find a term").fill("no such term")
    expect(opened.get_by_text("No term contains “no such term”.")).to_be_visible()
    opened.get_by_role("link", name="Show all terms").click()
    expect(opened.locator("#slot")).to_be_visible()


def test_the_account_menu_leads_to_the_glossary(opened: Page) -> None:
    opened.goto("/")
    opened.locator(".menu > summary").click()
    opened.get_by_role("link", name="Glossary").click()
    expect(opened.get_by_role("heading", name="Glossary")).to_be_visible()
