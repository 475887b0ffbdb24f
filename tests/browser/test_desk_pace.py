"""How a person paces themselves: the desk goes on by itself, a goal for the day, and their list."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.models import Membership, User
from tests.browser.test_desk import SitDown, make_desk, sent
from tests.browser.test_review import case_of, settle, submit
from tests.factories import make_member
from tests.review.factories import answer, claim, decide, make_items, make_queue

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Sound = Callable[[Page], None]


def go_on_by_itself(page: Page) -> None:
    page.keyboard.press("?")
    page.get_by_label("Where the model agrees, keep my answer").check()
    page.keyboard.press("Escape")


def test_the_desk_goes_on_by_itself_where_the_model_agrees(page: Page, sit_down: SitDown) -> None:
    queue = make_desk(3)
    sit_down(queue)
    go_on_by_itself(page)
    first = case_of(page)
    page.keyboard.press("2")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="The model agrees")).to_be_visible()
    expect(page.get_by_text("Going on in a second.")).to_be_visible()
    expect(page.get_by_text(first, exact=True)).to_have_count(0, timeout=3_000)
    sent(page)
    expect(page.get_by_role("heading", name="Your judgement")).to_be_visible()


def test_any_key_holds_the_reveal(page: Page, sit_down: SitDown) -> None:
    queue = make_desk(3)
    sit_down(queue)
    go_on_by_itself(page)
    first = case_of(page)
    page.keyboard.press("2")
    submit(page)
    page.keyboard.press("Shift")
    expect(page.get_by_text("Held. Enter keeps your answer.")).to_be_visible()
    page.wait_for_timeout(1_500)
    expect(page.get_by_text(first, exact=True)).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_text(first, exact=True)).to_have_count(0)


def test_the_desk_waits_where_the_model_disagrees(page: Page, sit_down: SitDown) -> None:
    queue = make_desk(3)
    sit_down(queue)
    go_on_by_itself(page)
    page.keyboard.press("1")
    submit(page)
    expect(page.get_by_role("heading", name="The model disagrees")).to_be_visible()
    page.wait_for_timeout(1_500)
    expect(page.get_by_role("heading", name="The model disagrees")).to_be_visible()


@pytest.fixture
def busy(page: Page, sign_in: Callable[[Page, User], None]) -> Membership:
    """A signed-in reviewer with an answered case and one put off."""
    queue = make_queue()
    make_items(queue, 3)
    member = make_member(queue.model.project)
    answer(queue, member, "no", note="Draws a pension")
    decide(claim(queue, member), member, "cannot_tell", note="Waits for the contract")
    sign_in(page, member.user)
    return member


def test_a_reviewer_finds_sets_a_goal_and_opens_again(
    page: Page, busy: Membership, width: int, is_sound: Sound
) -> None:
    page.goto(f"/p/{busy.project.slug}/mine/")
    is_sound(page)
    page.get_by_label("Your goal a day").fill("40")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("of 40 answered today")).to_be_visible()
    is_sound(page)
    page.get_by_role("link", name="Put off").click()
    expect(page.get_by_text("Comes back")).to_be_visible()
    page.get_by_label("Case or note").fill("pension")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_text("None of these cases has")).to_be_visible()
    is_sound(page)
    page.get_by_role("link", name="Answered").click()
    page.get_by_role("button", name="Open again").click()
    settle(page)
    expect(page.get_by_text("Reopened: you said")).to_be_visible()
    expect(page.get_by_text("1 of 40")).to_be_visible()
