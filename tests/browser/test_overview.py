"""A project's first page in a browser."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.models import Role, User
from apps.reports.models import Kind
from tests.factories import make_member, make_model, make_project
from tests.reports.pages.test_projects import draw_everything, make_report

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_first_page_of_a_busy_project_is_sound(
    page: Page, look: tuple[str, int], sign_in: Callable[[Page, User], None], is_sound: Callable[[Page], None]
) -> None:
    project = make_project("office")
    model = make_model(project, "employment")
    draw_everything(model, rows=20)
    make_report(model, Kind.VALUE)
    make_model(project, "fraud", name="Payment fraud")
    sign_in(page, make_member(project, Role.ENGINEER).user)
    page.goto("/p/office/")
    expect(page.get_by_role("link", name="Review next case")).to_be_visible()
    is_sound(page)


def test_key_r_opens_the_next_case(page: Page, sign_in: Callable[[Page, User], None]) -> None:
    project = make_project("office")
    model = make_model(project)
    draw_everything(model, rows=20)
    sign_in(page, make_member(project).user)
    page.goto("/p/office/")
    page.keyboard.press("r")
    expect(page).to_have_url(re.compile(r"/p/office/queues/\d+/"))
