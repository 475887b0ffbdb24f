"""The page *Explanations* in a browser: what moves a model, one feature opened, and what changed."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.models import Role, User
from tests.explanations.pages.moving import make_moving_model
from tests.factories import make_member, make_model, make_project

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SignIn = Callable[[Page, User], None]


def test_what_moves_a_model_reads_well_and_opens_by_keyboard(
    page: Page, sign_in: SignIn, is_sound: Callable[[Page], None]
) -> None:
    model = make_moving_model(make_project("office"), "employment")
    sign_in(page, make_member(model.project, Role.ENGINEER).user)
    page.goto("/p/office/models/employment/explanations/?against=before")
    expect(page.get_by_text("Age moves it most")).to_be_visible()
    is_sound(page)
    page.get_by_role("link", name="Age", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Age", exact=True)).to_be_visible()
    is_sound(page)


def test_without_contributions_the_page_says_what_to_do(
    page: Page, sign_in: SignIn, is_sound: Callable[[Page], None]
) -> None:
    model = make_model(make_project("office"), "employment")
    sign_in(page, make_member(model.project, Role.ENGINEER).user)
    page.goto("/p/office/models/employment/explanations/")
    is_sound(page)
    page.get_by_role("link", name="Register a model file").click()
    expect(page.get_by_role("heading", name="Model files")).to_be_visible()
