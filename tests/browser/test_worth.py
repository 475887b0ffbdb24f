"""What a decision is worth in a browser: an example that follows what is typed, mistakes beside their field."""

import os
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.models import Role, User
from apps.registry.models import MonitoredModel
from tests.factories import make_member, make_model

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Sound = Callable[[Page], None]
Visit = Callable[[MonitoredModel], None]
SAID = {
    "Predicted “Not employed”, in truth “Not employed”": "650",
    "Predicted “Not employed”, in truth “Employed”": "-250",
    "Predicted “Employed”, in truth “Not employed”": "0",
    "Predicted “Employed”, in truth “Employed”": "0",
}
KINDS = ["oak", "pine", "ash", "beech", "fir"]


@pytest.fixture
def visit(page: Page, sign_in: Callable[[Page, User], None]) -> Visit:
    def go(model: MonitoredModel) -> None:
        sign_in(page, make_member(model.project, Role.ENGINEER).user)
        page.goto(f"/p/{model.project.slug}/models/{model.slug}/worth/")

    return go


def shoot(page: Page, name: str) -> None:
    if where := os.environ.get("SHOTS"):
        page.screenshot(path=f"{where}/{name}.png", full_page=True)


def fill(page: Page) -> None:
    page.get_by_label("Currency").fill("usd")
    for label, amount in SAID.items():
        page.get_by_label(label).fill(amount)


def test_the_example_follows_what_is_typed_and_is_saved_by_keyboard(
    page: Page, width: int, visit: Visit, is_sound: Sound
) -> None:
    visit(make_model())
    is_sound(page)
    fill(page)
    expect(page.locator("#example")).to_contain_text("Together, 1,000 decisions bring $280,000.")
    is_sound(page)
    shoot(page, f"worth-{width}")
    page.get_by_label("Predicted “Not employed”, in truth “Employed”").press("Enter")
    expect(page.get_by_text("Saved as version 1.")).to_be_visible()
    page.get_by_label("Predicted “Not employed”, in truth “Employed”").fill("-300")
    page.get_by_label("Why they change").fill("Offers cost more")
    page.get_by_label("Why they change").press("Enter")
    expect(page.get_by_text("“Not employed” where “Employed” is true: −250 → −300")).to_be_visible()
    is_sound(page)
    shoot(page, f"worth-versions-{width}")


def test_a_mistake_stays_beside_its_field(page: Page, width: int, visit: Visit, is_sound: Sound) -> None:
    visit(make_model())
    fill(page)
    cell = page.get_by_label("Predicted “Employed”, in truth “Employed”")
    cell.fill("much")
    expect(page.locator("#example")).to_contain_text("Not valid yet")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Write a number, such as 250 or −40.50.")).to_be_visible()
    expect(cell).to_have_value("much")
    is_sound(page)
    shoot(page, f"worth-wrong-{width}")


def test_one_amount_fills_all_wrong_answers(page: Page, width: int, visit: Visit, is_sound: Sound) -> None:
    visit(make_model(task="multiclass", classes=KINDS, class_labels={}, positive_class=""))
    page.get_by_label("Currency").fill("EUR")
    page.get_by_text("The same for all right, or all wrong answers").click()
    page.get_by_label("Right", exact=True).fill("10")
    page.get_by_label("Wrong", exact=True).fill("-30")
    page.get_by_role("button", name="Fill the table").click()
    expect(page.get_by_label("Predicted “oak”, in truth “fir”")).to_have_value("-30")
    expect(page.locator("#example")).to_contain_text("Together, 1,000 decisions bring €6,000.")
    is_sound(page)
    shoot(page, f"worth-classes-{width}")


def test_a_number_has_a_cost_for_each_direction(page: Page, width: int, visit: Visit, is_sound: Sound) -> None:
    rules = {"classes": [], "positive_class": "", "class_labels": {}, "prediction_range": [0, 5000]}
    visit(make_model(task="regression", unit="EUR", **rules))
    page.get_by_label("Currency").fill("EUR")
    page.get_by_label("Each EUR too high costs").fill("0.4")
    page.get_by_label("Each EUR too low costs").fill("1.2")
    expect(page.locator("#example")).to_contain_text("Together, 1,000 predictions cost €800.")
    is_sound(page)
    shoot(page, f"worth-number-{width}")
