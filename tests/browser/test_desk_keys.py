"""The desk by hand: what keys do, what they must not, and that the mouse can do the same."""

from collections import Counter
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.models import Role, User
from apps.review.models import Decision
from tests.browser.test_desk import SitDown, agree, counted, make_desk, sent
from tests.browser.test_review import case_of, settle, submit
from tests.factories import make_member
from tests.review.factories import answer, make_items, make_queue, reviewers

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_keys_pressed_while_a_card_is_painted_do_not_answer_it(page: Page, sit_down: SitDown) -> None:
    queue = make_desk(3, blind=False)
    sit_down(queue)
    first = case_of(page)
    # All in one browser task, so nothing is painted in between.
    page.evaluate(
        """() => {
          const press = (key, more) =>
            document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, ...more }));
          press("a");
          press("Enter", { ctrlKey: true });
          press("a");
          press("s");
          press("Enter", { ctrlKey: true });
        }"""
    )
    expect(page.get_by_text(first, exact=True)).to_have_count(0)
    settle(page)
    sent(page)
    expect(page.locator("[name=choice]:checked")).to_have_count(0)
    assert counted() == Counter([first])


def test_a_held_down_key_saves_one_case(page: Page, sit_down: SitDown) -> None:
    queue = make_desk(3)
    sit_down(queue)
    page.keyboard.press("1")
    page.keyboard.down("Control")
    for _ in range(5):
        page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    page.keyboard.up("Control")
    expect(page.get_by_text("Keep: ")).to_be_visible()
    sent(page)
    assert Decision.objects.get().is_judgement


def test_an_answer_is_taken_back_by_key_and_by_click(page: Page, sit_down: SitDown) -> None:
    queue = make_desk(3, blind=False)
    sit_down(queue)
    first = agree(page)
    sent(page)
    second = case_of(page)
    page.keyboard.press("2")
    page.keyboard.press("Control+z")
    expect(page.get_by_role("heading", name="Change your answer")).to_be_visible()
    assert case_of(page) == first
    settle(page)
    page.keyboard.press("1")
    submit(page)
    expect(page.get_by_text(second, exact=True)).to_be_visible()
    assert [d.value for d in Decision.objects.order_by("id")] == [1.0, 0.0]
    page.get_by_role("button", name=f"Back to {first}").click()
    expect(page.get_by_role("heading", name="Change your answer")).to_be_visible()
    page.get_by_role("button", name="Keep it as it is").click()
    expect(page.get_by_text(second, exact=True)).to_be_visible()
    settle(page)
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("button", name=f"Back to {first}")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("button", name=f"Back to {first}")).not_to_be_focused()


def test_a_digit_gives_the_reason_for_a_skip(page: Page, sit_down: SitDown) -> None:
    queue = make_desk(2)
    sit_down(queue)
    page.keyboard.press("s")
    page.keyboard.press("2")
    expect(page.get_by_label("Too little to go on")).to_be_checked()
    submit(page)
    expect(page.get_by_role("button", name="skip")).to_be_visible()
    said = Decision.objects.get()
    assert (said.verdict, said.reasons) == ("skip", ["Too little to go on"])


def test_tabs_and_filter_work_by_mouse_and_by_key(
    page: Page, sit_down: SitDown, width: int, is_sound: Callable[[Page], None]
) -> None:
    queue = make_queue()
    many = {f"extra_{number}": number for number in range(9)}
    make_items(queue, 2, features={"age": 40, "sex": 1, **many}, subject="anna")
    sit_down(queue)
    page.keyboard.press("/")
    expect(page.get_by_label("Filter features")).to_be_focused()
    page.keyboard.type("extra_3")
    expect(page.locator(".f:visible")).to_have_count(1)
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="History").click()
    expect(page.get_by_text("Other predictions about this subject")).to_be_visible()
    is_sound(page)
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("No case of this model is settled yet.")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("No precedents yet.")).to_be_visible()
    # A focused tab does not take the desk's keys.
    page.keyboard.press("1")
    expect(page.get_by_label("Not employed")).to_be_checked()
    page.keyboard.press("g")
    expect(page.get_by_text("This queue has no guidelines yet")).to_be_visible()
    is_sound(page)


def test_a_filter_without_matches_says_so_and_leaving_it_shows_the_case_again(page: Page, sit_down: SitDown) -> None:
    queue = make_queue()
    make_items(queue, 1, features={"age": 40, "sex": 1} | {f"extra_{number}": number for number in range(9)})
    sit_down(queue)
    everything = page.locator(".f:visible").count()
    page.keyboard.press("/")
    page.keyboard.type("nowhere")
    expect(page.locator("#filter-none")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".f:visible")).to_have_count(everything)
    expect(page.locator("#filter-none")).to_be_hidden()
    expect(page.get_by_label("Filter features")).to_have_value("")
    # From another tab, the filter's key goes back to the case.
    page.keyboard.press("g")
    expect(page.get_by_label("Filter features")).to_be_hidden()
    page.keyboard.press("/")
    expect(page.get_by_label("Filter features")).to_be_focused()


def test_esc_takes_back_a_choice_and_digits_choose_an_answer_again(page: Page, sit_down: SitDown) -> None:
    sit_down(make_desk(1))
    page.keyboard.press("s")
    page.keyboard.press("Escape")
    expect(page.locator("[name=choice]:checked")).to_have_count(0)
    page.keyboard.press("1")
    expect(page.get_by_label("Not employed")).to_be_checked()
    submit(page)
    expect(page.get_by_text("Keep: ")).to_be_visible()
    settle(page)
    page.keyboard.press("d")
    page.keyboard.press("Escape")
    expect(page.get_by_label("Keep: ")).to_be_checked()


def test_the_button_promises_the_models_answer_only_if_it_will_be_shown(page: Page, sit_down: SitDown) -> None:
    sit_down(make_desk(1))
    page.keyboard.press("1")
    expect(page.get_by_role("button", name="Save and see the model’s answer")).to_be_visible()
    page.keyboard.press("s")
    expect(page.get_by_role("button", name="Save and see the model’s answer")).to_have_count(0)
    expect(page.get_by_role("button", name="Save and continue")).to_be_visible()


def test_without_a_connection_nothing_promises_the_models_answer(page: Page, sit_down: SitDown) -> None:
    sit_down(make_desk(2))
    page.context.set_offline(True)
    page.keyboard.press("1")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("No connection.")).to_be_visible()
    expect(page.get_by_text("the model’s answer is not shown")).to_be_visible()
    expect(page.get_by_role("button", name="Save and continue")).to_be_visible()
    page.context.set_offline(False)
    sent(page)
    expect(page.get_by_role("button", name="Save and see the model’s answer")).to_be_visible()


def test_a_mistake_message_disappears_once_something_is_chosen(page: Page, sit_down: SitDown) -> None:
    sit_down(make_desk(1))
    submit(page)
    expect(page.get_by_text("Choose an answer first.")).to_be_visible()
    page.keyboard.press("1")
    expect(page.get_by_text("Choose an answer first.")).to_have_count(0)


def test_walking_along_the_last_answers_shows_what_each_was(page: Page, sit_down: SitDown) -> None:
    sit_down(make_desk(2, blind=False))
    first = agree(page)
    sent(page)
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("button", name=f"Back to {first}")).to_be_focused()
    shown = page.evaluate("getComputedStyle(document.activeElement, '::after').content")
    assert shown.startswith(f'"{first}: ')


def test_only_cases_to_settle_come_until_none_is_left(page: Page, sign_in: Callable[[Page, User], None]) -> None:
    queue = make_queue(adjudication_rate_agreed=1.0)
    make_items(queue, 4)
    (anna,) = reviewers(queue, 1)
    answer(queue, anna)
    answer(queue, anna)
    sign_in(page, make_member(queue.model.project, Role.ADJUDICATOR).user)
    page.goto(f"/p/{queue.model.project.slug}/models/{queue.model.slug}/reviews/")
    page.get_by_role("link", name="Settle 2").click()
    for _ in range(2):
        expect(page.get_by_role("heading", name="Settle this case")).to_be_visible()
        settle(page)
        page.keyboard.press("1")
        submit(page)
    expect(page.get_by_role("heading", name="Nothing to settle right now")).to_be_visible()
    page.get_by_role("link", name="Review other cases").click()
    expect(page.get_by_role("heading", name="Your judgement")).to_be_visible()


@pytest.mark.parametrize("width", [390])
def test_on_a_phone_each_card_starts_at_its_top(page: Page, sit_down: SitDown, width: int) -> None:
    queue = make_queue()
    make_items(queue, 2, features={"age": 40, "sex": 1} | {f"extra_{number}": number for number in range(40)})
    sit_down(queue)
    page.get_by_text("Not employed", exact=True).click()
    page.get_by_role("button", name="Save and see the model’s answer").click()
    expect(page.get_by_text("Keep: ")).to_be_visible()
    expect(page.get_by_role("heading", name="The model ")).to_be_in_viewport()
    settle(page)
    page.get_by_role("button", name="Save and continue").click()
    expect(page.get_by_role("heading", name="Your judgement")).to_have_count(1)
    expect(page.locator("#question")).to_be_in_viewport()
