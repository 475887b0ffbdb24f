"""The desk under strain: keys alone, lost networks, ended sessions, several tabs. No answer is lost or doubled."""

import re
from collections import Counter
from collections.abc import Callable

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import BrowserContext, Page, Request, Route, expect

from apps.accounts.models import Membership, Role, User
from apps.registry.models import ReviewQueue
from apps.review.models import Decision, Slot
from tests.browser.test_review import case_of, settle, submit
from tests.factories import make_member
from tests.review.factories import make_items, make_queue
from tests.review.planted import NUMBERS, PLANTED

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SignIn = Callable[[Page, User], None]


def make_desk(n: int, *, blind: bool = True, prefetch: int = 2) -> ReviewQueue:
    queue = make_queue(blind=blind)
    make_items(queue, n, **PLANTED)
    ReviewQueue.objects.filter(pk=queue.pk).update(prefetch=prefetch)
    queue.refresh_from_db()
    return queue


def path(queue: ReviewQueue) -> str:
    return f"/p/{queue.model.project.slug}/queues/{queue.pk}/"


SitDown = Callable[[ReviewQueue], Membership]


def agree(page: Page) -> str:
    """Agree with the case in sight, wait for the next one, and return which case it was."""
    case = case_of(page)
    page.keyboard.press("a")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text(case, exact=True)).to_have_count(0)
    settle(page)
    return case


def sent(page: Page) -> None:
    expect(page.locator("#unsent")).to_be_hidden()


def counted() -> Counter[str]:
    """Count the decisions of each case."""
    return Counter(Decision.objects.filter(is_judgement=False).values_list("item__prediction__external_id", flat=True))


def test_forty_cases_by_keyboard_alone(page: Page, sit_down: SitDown) -> None:
    queue = make_desk(40)
    sit_down(queue)
    for number in range(40):
        page.keyboard.press(str(1 + number % 2))
        submit(page)
        expect(page.get_by_text("Keep: ")).to_be_visible()
        page.keyboard.press("Enter")
        settle(page)
        expect(page.get_by_text("Keep: ")).to_have_count(0)
    expect(page.get_by_role("heading", name="Nothing to review")).to_be_visible()
    sent(page)
    judged = Decision.objects.filter(is_judgement=True).values_list("value", flat=True)
    assert Counter(judged) == {0.0: 20, 1.0: 20}
    assert set(counted().values()) == {1}
    assert len(counted()) == 40


def test_ten_answers_given_without_a_network_all_arrive_once(
    page: Page, context: BrowserContext, sit_down: SitDown
) -> None:
    queue = make_desk(14, blind=False, prefetch=12)
    sit_down(queue)
    agree(page)
    sent(page)
    context.set_offline(True)
    cases = [agree(page) for _ in range(10)]
    expect(page.get_by_text("10 unsent")).to_be_visible()
    expect(page.get_by_text("No connection.")).to_be_visible()
    assert sum(counted().values()) == 1
    context.set_offline(False)
    sent(page)
    expect(page.get_by_text("No connection.")).to_be_hidden()
    assert set(counted().values()) == {1}
    assert set(cases) < set(counted())
    for _ in range(3):
        agree(page)
    sent(page)
    assert len(counted()) == 14


def test_a_blind_case_without_a_network_closes_on_its_first_answer(
    page: Page, context: BrowserContext, sit_down: SitDown
) -> None:
    queue = make_desk(3, prefetch=3)
    sit_down(queue)
    context.set_offline(True)
    first = case_of(page)
    page.keyboard.press("1")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text(first, exact=True)).to_have_count(0)
    expect(page.get_by_role("heading", name="Your judgement")).to_be_visible()
    expect(page.get_by_text("1 unsent")).to_be_visible()
    context.set_offline(False)
    sent(page)
    slot = Slot.objects.get(item__prediction__external_id=first)
    assert (slot.outcome, slot.item.label, slot.decisions.get().is_judgement) == ("answered", 0.0, True)


def test_answers_without_a_network_survive_a_crashed_tab(
    page: Page, context: BrowserContext, sit_down: SitDown
) -> None:
    queue = make_desk(5, blind=False, prefetch=5)
    sit_down(queue)
    page.route(re.compile("/answer/"), lambda route: route.abort())
    cases = [agree(page) for _ in range(3)]
    expect(page.get_by_text("3 unsent")).to_be_visible()
    page.close()
    assert not Decision.objects.exists()
    again = context.new_page()
    again.goto(path(queue))
    sent(again)
    settle(again)
    assert case_of(again) not in cases
    assert counted() == Counter(cases)


def test_an_expired_session_loses_nothing(
    page: Page, context: BrowserContext, sit_down: SitDown, sign_in: SignIn
) -> None:
    queue = make_desk(4, prefetch=4)
    member = sit_down(queue)
    page.keyboard.press("n")
    page.keyboard.type("typed before")
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    Session.objects.all().delete()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    expect(page.get_by_text("1 unsent")).to_be_visible()
    assert not Decision.objects.exists()
    # In another tab, like the link.
    other = context.new_page()
    sign_in(other, member.user)
    expect(page.get_by_text("Keep: ")).to_be_visible()
    expect(page.get_by_text("You are signed out.")).to_be_hidden()
    sent(page)
    assert [(d.value, d.note) for d in Decision.objects.all()] == [(1.0, "typed before")]


def test_another_person_who_signs_in_does_not_send_stored_answers(
    page: Page, sit_down: SitDown, sign_in: SignIn
) -> None:
    queue = make_desk(4, blind=False, prefetch=2)
    member = sit_down(queue)
    sign_in(page, make_member(queue.model.project, Role.REVIEWER).user)
    agree(page)
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    assert not Decision.objects.exists()
    sign_in(page, member.user)
    sent(page)
    assert Decision.objects.get().reviewer == member.user


@pytest.mark.parametrize("phase", ["judge", "compare"])
def test_reload_and_back_button_keep_the_case_and_the_typed_text(page: Page, sit_down: SitDown, phase: str) -> None:
    queue = make_desk(3)
    sit_down(queue)
    if phase == "compare":
        page.keyboard.press("1")
        submit(page)
        expect(page.get_by_text("Keep: ")).to_be_visible()
    case, note = case_of(page), page.get_by_label("Note")
    note.fill("not sent yet")
    page.reload()
    settle(page)
    assert case_of(page) == case
    expect(note).to_have_value("not sent yet")
    page.goto("about:blank")
    page.go_back()
    settle(page)
    assert case_of(page) == case
    expect(page.get_by_text("Keep: ")).to_have_count(int(phase == "compare"))
    assert Decision.objects.count() == int(phase == "compare")


def test_a_double_click_answers_one_case_once(page: Page, sit_down: SitDown) -> None:
    queue = make_desk(3)
    sit_down(queue)
    page.get_by_label("Not employed").check()
    page.get_by_role("button", name="Save and see").dblclick()
    expect(page.get_by_text("Keep: ")).to_be_visible()
    sent(page)
    assert Decision.objects.get().is_judgement


def test_two_tabs_show_one_case_and_count_it_once(page: Page, context: BrowserContext, sit_down: SitDown) -> None:
    queue = make_desk(3, blind=False)
    sit_down(queue)
    other = context.new_page()
    other.goto(path(queue))
    settle(other)
    assert case_of(other) == case_of(page)
    case = agree(page)
    sent(page)
    assert agree(other) == case
    sent(other)
    assert counted() == Counter([case])
    agree(other)
    sent(other)
    assert set(counted().values()) == {1}


def test_two_browsers_never_see_the_same_slot(
    page: Page, new_context: Callable[[], BrowserContext], sit_down: SitDown, sign_in: SignIn
) -> None:
    queue = make_desk(12)
    sit_down(queue)
    ben = make_member(queue.model.project, Role.REVIEWER)
    other = new_context().new_page()
    sign_in(other, ben.user)
    other.goto(path(queue))
    settle(other)
    seen: dict[Page, set[str]] = {page: set(), other: set()}
    for _ in range(4):
        for tab in (page, other):
            seen[tab].add(case_of(tab))
            tab.keyboard.press("1")
            submit(tab)
            expect(tab.get_by_text("Keep: ")).to_be_visible()
            submit(tab, "Enter")
            expect(tab.get_by_text("Keep: ")).to_have_count(0)
    assert not seen[page] & seen[other]
    held = Slot.objects.exclude(reviewer=None).values_list("item", flat=True)
    assert len(held) == len(set(held))


def test_nothing_of_the_prediction_reaches_the_browser_before_the_judgement(page: Page, sit_down: SitDown) -> None:
    queue = make_desk(4)
    said: list[str] = []

    def note(request: Request) -> None:
        response = request.response()
        if response is not None and "/static/" not in request.url:
            said.append(response.text() if response.status == 200 else "")

    page.on("requestfinished", note)
    sit_down(queue)
    everywhere = page.content() + page.evaluate("JSON.stringify(localStorage)")
    planted = [*(number.decode() for number in NUMBERS), "73 % sure", "What pushed"]
    assert [text for text in planted if text in everywhere or any(text in body for body in said)] == []
    page.keyboard.press("1")
    submit(page)
    expect(page.get_by_text("73 % sure")).to_be_visible()
    # The reveal is about this case alone; the cards to come hold nothing.
    shelf = page.evaluate(
        """async () => {
          const { shelf } = await import("/static/js/desk/shelf.js");
          return [...shelf.values()].map((card) => card.innerHTML).join();
        }"""
    )
    assert shelf
    assert [text for text in planted if text in shelf] == []


def test_an_answer_that_comes_too_late_stays_in_sight_with_its_note(
    page: Page, sit_down: SitDown, width: int, is_sound: Callable[[Page], None]
) -> None:
    queue = make_desk(3, blind=False)
    sit_down(queue)
    held: list[Route] = []
    page.route(re.compile("/answer/"), lambda route: held.append(route))  # noqa: PLW0108  # Playwright marks the function, which a bound one refuses
    page.get_by_label("Note").fill("Thought about it for long")
    page.locator("#note").blur()
    late = agree(page)
    Slot.objects.filter(item__prediction__external_id=late).update(reviewer=None, lease_token=None)
    for route in held:
        route.continue_()
    sent(page)
    refused = page.get_by_label("Answers that do not count")
    expect(refused.get_by_text(f"Case {late}.")).to_be_visible()
    expect(refused.get_by_text("Thought about it for long")).to_be_visible()
    is_sound(page)
    page.unroute(re.compile("/answer/"))
    page.reload()
    expect(refused.get_by_text("Thought about it for long")).to_be_visible()
    refused.get_by_role("button", name="Dismiss").click()
    expect(refused.get_by_text("Thought about it for long")).to_have_count(0)


def test_a_desk_without_a_network_is_sound(
    page: Page,
    context: BrowserContext,
    sit_down: SitDown,
    is_sound: Callable[[Page], None],
) -> None:
    queue = make_desk(2, blind=False)
    sit_down(queue)
    context.set_offline(True)
    agree(page)
    expect(page.get_by_text("No connection.")).to_be_visible()
    is_sound(page)
    agree(page)
    expect(page.get_by_role("heading", name="No more cases on this device")).to_be_visible()
    is_sound(page)
    context.set_offline(False)
    expect(page.get_by_role("heading", name="Nothing to review")).to_be_visible()
