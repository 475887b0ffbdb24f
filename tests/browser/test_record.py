"""The record of a case, disputes, questions and live work: sound in every look, and used as people would."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.models import Membership, Role, User
from apps.registry.models import ReviewQueue
from apps.review.models import Dispute, Question, ReviewItem
from tests.factories import make_member
from tests.review.factories import answer, claim, decide, make_items, make_queue, reviewers
from tests.review.planted import PLANTED

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SignIn = Callable[[Page, User], None]
Sound = Callable[[Page], None]


@pytest.fixture
def queue() -> ReviewQueue:
    """A disputed case, one with a question, and one in progress."""
    queue = make_queue(dispute_reasons=["A fact in the case speaks against it"])
    make_items(queue, 4, **PLANTED)
    anna, ben = reviewers(queue, 2)
    said = {"reasons": ("A fact in the case speaks against it",), "note": "She draws a pension since March."}
    answer(queue, anna, "no", verdict="dispute", **said)
    decide(claim(queue, anna), anna, "escalate", note="What does relation code 12 mean?")
    claim(queue, ben)
    return queue


@pytest.fixture
def visit(page: Page, sign_in: SignIn, queue: ReviewQueue) -> Callable[..., Membership]:
    def go(path: str, role: Role = Role.ENGINEER) -> Membership:
        member = make_member(queue.model.project, role)
        sign_in(page, member.user)
        page.goto(f"/p/{queue.model.project.slug}/{path}")
        return member

    return go


def test_the_record_of_a_disputed_case(page: Page, queue: ReviewQueue, visit: Any, width: int, is_sound: Sound) -> None:
    visit(f"items/{Dispute.objects.get().item_id}/")
    page.get_by_label("What speaks for the model’s answer").fill("Income weighs more than age here.")
    page.get_by_role("button", name="Answer for the model").click()
    page.get_by_label("Your comment").fill("The guidelines should say so.")
    page.get_by_role("button", name="Comment", exact=True).click()
    expect(page.get_by_text("The guidelines should say so.")).to_be_visible()
    expect(page.get_by_text("Income weighs more than age here.")).to_be_visible()
    is_sound(page)


def test_disputes_and_who_waits_for_whom(
    page: Page, queue: ReviewQueue, visit: Any, width: int, is_sound: Sound
) -> None:
    visit(f"models/{queue.model.slug}/disputes/")
    expect(page.get_by_role("link", name="Answer for the model")).to_be_visible()
    is_sound(page)
    page.get_by_role("link", name="Settled or withdrawn").click()
    expect(page.get_by_role("heading", name="No settled disputes yet")).to_be_visible()
    is_sound(page)


def test_a_question_can_be_found_and_answered(
    page: Page, queue: ReviewQueue, visit: Any, width: int, is_sound: Sound
) -> None:
    visit("questions/", Role.ADJUDICATOR)
    is_sound(page)
    page.get_by_role("link", name="Answer about case").click()
    expect(page.get_by_label("Your answer")).to_be_visible()
    is_sound(page)
    page.get_by_label("Your answer").fill("A roomer or boarder.")
    page.get_by_role("button", name="Answer", exact=True).click()
    expect(page.get_by_role("heading", name="What you answered")).to_be_visible()
    is_sound(page)
    assert Question.objects.get().answer == "A roomer or boarder."


def test_live_work_is_handed_over_taken_back_and_paused(
    page: Page, queue: ReviewQueue, visit: Any, width: int, is_sound: Sound
) -> None:
    visit(f"queues/{queue.pk}/live/")
    is_sound(page)
    page.get_by_role("button", name="Pause the queue").click()
    expect(page.get_by_role("button", name="Resume the queue")).to_be_visible()
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_text("Select the cases first.")).to_be_visible()
    page.get_by_label("Select all on this page").check()
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_text("2 cases are back in the queue")).to_be_visible()
    is_sound(page)


def test_the_reviews_page_links_everywhere(page: Page, queue: ReviewQueue, visit: Any, is_sound: Sound) -> None:
    visit(f"models/{queue.model.slug}/reviews/")
    is_sound(page)
    for name in (
        "Disputes (1 open)",
        "Questions (1 for you)",
        "Live work",
        "Settings",
        "Guidelines",
        "Your own figures",
    ):
        expect(page.get_by_role("link", name=name)).to_be_visible()


def test_a_reopened_case_says_so(page: Page, queue: ReviewQueue, visit: Any, is_sound: Sound) -> None:
    item = ReviewItem.objects.get(disputes__isnull=False)
    visit(f"items/{item.pk}/")
    page.get_by_label("Why").fill("The guidelines have changed.")
    page.get_by_role("button", name="Open a new round").click()
    expect(page.get_by_role("heading", name="Round 2, under way")).to_be_visible()
    is_sound(page)
