"""The desk in a browser: keys, the reveal, and an answer that came too late."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from apps.accounts.models import Membership, Role, User
from apps.registry.models import ReviewQueue
from apps.review.models import Decision, Slot
from tests.factories import make_member
from tests.review.factories import answer, claim, expire, make_items, make_queue, reviewers
from tests.review.planted import PLANTED

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Desk = Callable[..., Membership]
REASONS = ["A fact speaks against it", "It overlooks an unusual situation"]


@pytest.fixture
def sit_down(page: Page, sign_in: Callable[[Page, User], None]) -> Desk:
    """Open the queue as a new member of its project."""

    def go(queue: ReviewQueue, role: Role = Role.REVIEWER) -> Membership:
        member = make_member(queue.model.project, role)
        sign_in(page, member.user)
        page.goto(f"/p/{queue.model.project.slug}/queues/{queue.pk}/")
        settle(page)
        return member

    return go


@pytest.fixture
def blind() -> ReviewQueue:
    queue = make_queue(dispute_reasons=REASONS)
    make_items(queue, 3, **PLANTED)
    return queue


def case_of(page: Page) -> str:
    return page.locator(".facts .id").inner_text()


def submit(page: Page, keys: str = "Control+Enter") -> None:
    """Save, and wait until the server has the answer and the next card is painted. Earlier keys are ignored."""
    page.keyboard.press(keys)
    expect(page.locator("#unsent")).to_be_hidden()
    settle(page)


def settle(page: Page) -> None:
    """Wait until keys work again."""
    expect(page.locator("#main[aria-busy=false]")).to_have_count(1)


def test_a_blind_case_by_keys_alone(page: Page, blind: ReviewQueue, sit_down: Desk) -> None:
    sit_down(blind)
    first = case_of(page)
    page.keyboard.press("a")
    expect(page.locator("[name=choice]:checked")).to_have_count(0)
    page.keyboard.press("1")
    page.keyboard.press(",")
    page.keyboard.press("n")
    page.keyboard.type("a 2 s ? typed")
    expect(page.get_by_label("Not employed")).to_be_checked()
    submit(page)
    expect(page.get_by_role("heading", name="The model disagrees")).to_be_focused()
    assert case_of(page) == first
    expect(page.get_by_text("73 % sure")).to_be_visible()
    expect(page.locator("#note")).to_have_value("a 2 s ? typed")
    submit(page, "Enter")
    expect(page.get_by_role("heading", name="Your judgement")).to_be_visible()
    assert case_of(page) != first
    judgement, decision = Decision.objects.order_by("id")
    assert (judgement.value, judgement.certainty, judgement.note) == (0.0, 1, "a 2 s ? typed")
    assert judgement.active_ms is not None
    assert judgement.active_ms > 0
    assert (decision.verdict, decision.value) == ("correct", 0.0)
    expect(page.get_by_text("1 answered by you today")).to_be_visible()


def test_after_the_reveal_an_answer_can_be_changed_or_disputed(page: Page, blind: ReviewQueue, sit_down: Desk) -> None:
    sit_down(blind)
    for keys in ("c", "d2"):
        page.keyboard.press("1")
        submit(page)
        expect(page.get_by_text("Keep: ")).to_be_visible()
        for key in keys:
            page.keyboard.press(key)
        submit(page)
        expect(page.get_by_role("heading", name="Your judgement")).to_be_visible()
    changed, disputed = Decision.objects.filter(is_judgement=False).order_by("id")
    assert (changed.verdict, changed.value) == ("agree", 1.0)
    assert (disputed.verdict, disputed.value, disputed.reasons) == ("dispute", 0.0, REASONS[1:])


def test_a_shown_case_by_keys(page: Page, sit_down: Desk) -> None:
    queue = make_queue(blind=False)
    make_items(queue, 4, **PLANTED)
    sit_down(queue)
    for key in "acts":
        before = case_of(page)
        page.keyboard.press(key)
        submit(page)
        # An exact match: case-1 is part of case-10.
        expect(page.get_by_text(before, exact=True)).to_have_count(0)
    expect(page.get_by_role("heading", name="Nothing to review")).to_be_visible()
    said = list(Decision.objects.order_by("id").values_list("verdict", flat=True))
    assert said == ["agree", "correct", "cannot_tell", "skip"]


def test_keys_are_ignored_from_a_submit_until_the_next_card_is_painted(
    page: Page, blind: ReviewQueue, sit_down: Desk
) -> None:
    sit_down(blind)
    waiting: list[Route] = []
    page.route(re.compile("/answer/"), lambda route: waiting.append(route))  # noqa: PLW0108  # Playwright marks the function, which a bound one refuses
    page.keyboard.press("2")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("1")
    page.keyboard.press("s")
    page.keyboard.press("Control+Enter")
    expect(page.locator("[value='class:1']")).to_be_checked()
    for route in waiting:
        route.continue_()
    expect(page.get_by_text("Keep: Employed")).to_be_visible()
    assert len(waiting) == 1
    assert [d.value for d in Decision.objects.all()] == [1.0]


def test_keys_can_be_switched_off_and_do_nothing_in_the_sheet(page: Page, blind: ReviewQueue, sit_down: Desk) -> None:
    sit_down(blind)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("1")
    page.get_by_label("Use single-key shortcuts on this device").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    expect(page.locator("[name=choice]:checked")).to_have_count(0)
    page.reload()
    page.keyboard.press("1")
    expect(page.locator("[name=choice]:checked")).to_have_count(0)


def test_an_answer_that_came_too_late_is_reported_and_its_note_kept(
    page: Page, blind: ReviewQueue, sit_down: Desk
) -> None:
    sit_down(blind)
    mine = case_of(page)
    page.keyboard.press("1")
    page.get_by_label("Note").fill("Long thoughts of mine")
    expire(Slot.objects.get(item__prediction__external_id=mine))
    claim(blind, reviewers(blind, 1)[0])
    submit(page)
    expect(page.get_by_role("alert").get_by_text("Not counted.")).to_be_visible()
    expect(page.locator("#note")).to_have_value("Long thoughts of mine")
    expect(page.locator("#kept")).to_have_text("Long thoughts of mine")
    submit(page)
    page.get_by_role("link", name="Take the next case").click()
    expect(page.get_by_role("heading", name="Your judgement")).to_be_visible()
    assert case_of(page) != mine
    assert not Decision.objects.exists()


def test_a_mistake_is_shown_beside_the_form(page: Page, blind: ReviewQueue, sit_down: Desk) -> None:
    sit_down(blind)
    page.get_by_label("Note").fill("kept")
    submit(page)
    expect(page.get_by_role("alert").get_by_text("Choose an answer first.")).to_be_visible()
    expect(page.locator("#note")).to_have_value("kept")
    page.locator("#note").blur()
    page.keyboard.press("2")
    submit(page)
    expect(page.get_by_text("Keep: ")).to_be_visible()


def test_every_phase_of_the_desk_is_sound(page: Page, sit_down: Desk, is_sound: Callable[[Page], None]) -> None:
    queue = make_queue(overlap=2, dispute_reasons=REASONS)
    make_items(queue, 1, **PLANTED)
    sit_down(queue)
    is_sound(page)
    page.keyboard.press("2")
    submit(page)
    expect(page.get_by_text("Keep: ")).to_be_visible()
    page.keyboard.press("d")
    is_sound(page)
    page.keyboard.press("1")
    submit(page)
    expect(page.get_by_role("heading", name="Nothing to review")).to_be_visible()
    is_sound(page)
    answer(queue, reviewers(queue, 1)[0], "no")
    sit_down(queue, Role.ADJUDICATOR)
    expect(page.get_by_role("heading", name="Settle this case")).to_be_visible()
    is_sound(page)


def test_a_shown_case_and_the_page_of_reviews_are_sound(
    page: Page, sit_down: Desk, is_sound: Callable[[Page], None]
) -> None:
    queue = make_queue(blind=False)
    make_items(queue, 1, **PLANTED)
    sit_down(queue)
    page.keyboard.press("t")
    is_sound(page)
    page.goto(f"/p/{queue.model.project.slug}/models/{queue.model.slug}/reviews/")
    expect(page.get_by_role("heading", name="Reviews", exact=True)).to_be_visible()
    is_sound(page)
