"""The engineer's pages of a model in a browser, and the sampling editor by keyboard alone."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.models import Role, User
from apps.planning.services import preview
from apps.registry.models import MonitoredModel
from apps.sampling.models import SamplingConfiguration, SamplingPolicy
from apps.sampling.services import kept, policies
from tests.factories import draw_all, make_member, make_model, make_project, prediction_row, push_predictions

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SAMPLING = "/p/office/models/employment/sampling/"


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    yield
    preview.forget()
    kept.forget()


@pytest.fixture
def model() -> MonitoredModel:
    monitored = make_model(make_project("office"), "employment")
    policies.put_document(monitored, {"floor": 0.5})
    scores = [0.02 + 0.96 * (number % 50) / 50 for number in range(300)]
    push_predictions(
        monitored,
        [prediction_row(n, score=scores[n], prediction="yes" if scores[n] > 0.5 else "no") for n in range(300)],
    )
    draw_all(monitored)
    return monitored


@pytest.fixture
def editor(page: Page, model: MonitoredModel, sign_in: Callable[[Page, User], None]) -> Page:
    sign_in(page, make_member(model.project, Role.ENGINEER).user)
    page.goto(SAMPLING)
    return page


def test_intake_and_json_are_sound(editor: Page, is_sound: Callable[[Page], None]) -> None:
    for address in ("/p/office/models/employment/", f"{SAMPLING}json/"):
        editor.goto(address)
        expect(editor.get_by_role("heading", level=1)).to_be_visible()
        is_sound(editor)


def test_the_editor_is_sound_closed_and_open(editor: Page, width: int, is_sound: Callable[[Page], None]) -> None:
    expect(editor.get_by_text("would tell it to within")).to_be_visible()
    is_sound(editor)
    editor.get_by_role("button", name="A group").click()
    editor.get_by_role("button", name="+ Condition").click()
    expect(editor.get_by_role("combobox", name="Field")).to_be_visible()
    is_sound(editor)


def press_to_leave(page: Page, key: str) -> None:
    with page.expect_navigation():
        page.keyboard.press(key)


def test_a_policy_is_built_moved_saved_compared_and_taken_back_by_keyboard(editor: Page) -> None:
    keyboard = editor.keyboard
    expect(editor.get_by_text("would tell it to within")).to_be_visible()
    # A group whose condition is typed, and the preview that moves with it.
    keyboard.press("a")
    keyboard.press("Enter")
    expect(editor.locator("#policy-form")).to_be_visible()
    editor.locator("#group-0").focus()
    keyboard.press("n")
    value = editor.get_by_label("Value of Age")
    expect(value).to_be_visible()
    value.focus()
    keyboard.type("70")
    # Ages are 20 + number % 60, so 10 in 60 are at least 70.
    expect(editor.locator("#matches")).to_contain_text("17 % of decisions match")
    before = editor.locator(".right .big").inner_text()
    editor.locator("#rate").focus()
    keyboard.press("Control+a")
    keyboard.type("always")
    expect(editor.locator(".right .big")).not_to_have_text(before)
    keyboard.press("Enter")
    expect(editor.locator("#policy-form")).to_have_count(0)
    # A second policy, moved above the first.
    editor.get_by_role("button", name="Model and baseline differ").focus()
    keyboard.press("Enter")
    expect(editor.locator("#policy-form")).to_be_visible()
    editor.locator("#rate").focus()
    keyboard.press("Enter")
    row = editor.locator('[data-policy="baseline-differs"]')
    expect(row.locator("a.open")).to_be_focused()
    keyboard.press("Alt+ArrowUp")
    expect(editor.locator("#policies [data-policy]").first).to_have_attribute("data-policy", "baseline-differs")
    expect(row.locator("a.open")).to_be_focused()
    keyboard.press("x")
    expect(row.get_by_role("switch")).not_to_be_checked()
    row.locator("a.open").focus()
    keyboard.press("x")
    expect(row.get_by_role("switch")).to_be_checked()
    # Compared in words, saved with a reason.
    press_to_leave(editor, "v")
    expect(editor.get_by_text("New", exact=False).first).to_be_visible()
    press_to_leave(editor, "Escape")
    editor.locator("#reason").focus()
    keyboard.type("The old ones are wrong more often")
    keyboard.press("Control+s")
    expect(editor.get_by_text("Saved. The changes apply")).to_be_visible()
    assert SamplingPolicy.objects.get(name="group", ends_at=None).settings == {"rate": 1.0}
    assert SamplingConfiguration.objects.latest("number").reason == "The old ones are wrong more often"
    # Taken back from the history.
    keyboard.press("h")
    editor.get_by_role("button", name="Take version 2").focus()
    keyboard.press("Enter")
    editor.wait_for_url(f"**{SAMPLING}")
    keyboard.press("Control+s")
    expect(editor.get_by_text("Saved. The changes apply")).to_be_visible()
    assert not SamplingPolicy.objects.filter(ends_at=None).exclude(name="floor").exists()


def test_a_refused_configuration_says_why_beside_it(editor: Page) -> None:
    editor.goto(f"{SAMPLING}json/")
    editor.get_by_label("Draft").fill('{"floor": 7}')
    editor.get_by_role("button", name="Take as the draft").click()
    expect(editor.get_by_text("less than or equal to 1")).to_be_visible()
    expect(editor.get_by_label("Draft")).to_have_value('{"floor": 7}')
