"""The engineer's pages of a model in a browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.models import Role, User
from tests.factories import draw_all, make_member, make_model, make_project, prediction_row, push_predictions

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("where", ["", "sampling/"])
def test_intake_and_sampling_are_sound(
    page: Page,
    look: tuple[str, int],
    sign_in: Callable[[Page, User], None],
    is_sound: Callable[[Page], None],
    where: str,
) -> None:
    project = make_project("office")
    model = make_model(project, "employment")
    push_predictions(model, [prediction_row(n) for n in range(5)])
    draw_all(model)
    sign_in(page, make_member(project, Role.ENGINEER).user)
    page.goto(f"/p/office/models/employment/{where}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    is_sound(page)


def test_a_refused_configuration_says_why_beside_it(page: Page, sign_in: Callable[[Page, User], None]) -> None:
    project = make_project("office")
    make_model(project, "employment")
    sign_in(page, make_member(project, Role.ENGINEER).user)
    page.goto("/p/office/models/employment/sampling/")
    page.get_by_label("Configuration").fill('{"floor": 7}')
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Ensure this value is less than or equal to 1")).to_be_visible()
    expect(page.get_by_label("Configuration")).to_have_value('{"floor": 7}')
