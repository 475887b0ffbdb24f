"""The rules of a queue and its guidelines in a browser: previews that follow what is typed, nothing that moves."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.models import Membership, Role, User
from apps.registry.models import ReviewQueue
from apps.registry.services import guidelines
from tests.factories import make_member
from tests.review.factories import answer, make_items, make_queue, reviewers

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Visit = Callable[..., Membership]
Sound = Callable[[Page], None]
TEXT = """# What counts

Say **yes** to paid work.

| Case | Answer |
|---|--:|
| Own business | yes |

- [Manual](/x)
"""


@pytest.fixture
def queue() -> ReviewQueue:
    queue = make_queue(dispute_reasons=["A fact speaks against it"])
    make_items(queue, 2)
    return queue


@pytest.fixture
def visit(page: Page, sign_in: Callable[[Page, User], None], queue: ReviewQueue) -> Visit:
    """Open a page of the queue as a new member of its project."""

    def go(where: str, role: Role = Role.ENGINEER) -> Membership:
        member = make_member(queue.model.project, role)
        sign_in(page, member.user)
        page.goto(f"/p/{queue.model.project.slug}/queues/{queue.pk}/{where}")
        return member

    return go


def top(page: Page, selector: str) -> float:
    """The distance from the top of the pane."""
    return float(page.locator(selector).evaluate("(element) => element.offsetTop"))


def test_the_settings_are_sound(page: Page, queue: ReviewQueue, visit: Visit, is_sound: Sound) -> None:
    for _ in range(2):
        answer(queue, reviewers(queue, 1)[0], active_ms=30_000)
    visit("settings/")
    expect(page.get_by_role("heading", name="What these settings mean")).to_be_visible()
    expect(page.locator("#preview")).to_contain_text("30 seconds an answer")
    is_sound(page)


def test_errors_show_beside_their_fields(page: Page, width: int, visit: Visit, is_sound: Sound) -> None:
    visit("settings/")
    page.get_by_label("People who judge each case").fill("12")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("At most 9.", exact=True)).to_be_visible()
    expect(page.get_by_label("People who judge each case")).to_have_value("12")
    is_sound(page)


def test_the_preview_follows_what_is_typed_and_nothing_moves(page: Page, visit: Visit, queue: ReviewQueue) -> None:
    visit("settings/")
    preview = page.locator("#preview")
    expect(preview).to_contain_text("100 answers")
    before = top(page, ".specimen")
    page.get_by_label("Two people from this amount on").fill("5000")
    expect(preview).to_contain_text("No case has come with an amount yet")
    page.get_by_label("People who judge each case").fill("3")
    page.get_by_label("Where they disagree").check()
    expect(preview).to_contain_text("300 answers")
    expect(preview).to_contain_text("10 more answers")
    page.get_by_label("Reasons for a dispute").fill("A new reason\nAnother one")
    expect(preview).to_contain_text("Another one")
    page.get_by_label("People who judge each case").fill("30")
    expect(preview).to_contain_text("Not valid yet, so not applied here: People who judge each case.")
    expect(preview).to_contain_text("Another one")
    assert top(page, ".specimen") == before
    queue.refresh_from_db()
    assert queue.overlap == 1


def test_saved_rules_apply_on_the_desk(page: Page, visit: Visit, queue: ReviewQueue) -> None:
    visit("settings/")
    page.get_by_label("Name of the queue").fill("Large loans")
    page.get_by_label("Most at stake first").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_contain_text(
        "Figures of open days count only once the queue is drained"
    )
    expect(page.get_by_role("heading", level=1)).to_have_text("Settings: Large loans")
    queue.refresh_from_db()
    assert (queue.name, queue.order) == ("Large loans", "stakes")


def test_guidelines_are_sound(page: Page, queue: ReviewQueue, visit: Visit, is_sound: Sound) -> None:
    visit("guidelines/")
    expect(page.get_by_role("heading", name="No guidelines yet")).to_be_visible()
    is_sound(page)
    for text in (TEXT, TEXT.replace("paid work", "work of any kind") + "\n" + "long" * 60):
        guidelines.write(queue, text=text, change="What work is", by=reviewers(queue, 1)[0].user)
    page.reload()
    expect(page.get_by_role("heading", name="What counts").first).to_be_visible()
    is_sound(page)


def test_a_reviewer_reads_a_page_that_is_sound(page: Page, queue: ReviewQueue, visit: Visit, is_sound: Sound) -> None:
    visit("guidelines/", Role.REVIEWER)
    expect(page.get_by_role("heading", name="No guidelines yet")).to_be_visible()
    is_sound(page)
    guidelines.write(queue, text=TEXT, by=None)
    page.reload()
    expect(page.get_by_role("heading", name="What counts")).to_be_visible()
    is_sound(page)


def test_guidelines_are_previewed_while_written_and_shown_beside_the_case(page: Page, visit: Visit) -> None:
    visit("guidelines/")
    before = top(page, ".fields .actions")
    page.get_by_label("The text").fill("# Rule\n\nSay **yes**.\n\n<script>alert(1)</script>")
    expect(page.locator("#drafted h2")).to_have_text("Rule")
    expect(page.locator("#drafted")).to_contain_text("<script>alert(1)</script>")
    assert top(page, ".fields .actions") == before
    page.get_by_role("button", name="Save as version 1").click()
    expect(page.get_by_role("status").first).to_contain_text("Version 1 is in force")
    page.get_by_role("link", name="Review", exact=True).click()
    expect(page.locator("#main[aria-busy=false]")).to_have_count(1)
    page.keyboard.press("g")
    expect(page.get_by_role("tab", name="Guidelines v1")).to_be_focused()
    expect(page.locator("#panel-beside")).to_contain_text("Say yes.")


def test_guidelines_beside_a_case_are_sound(
    page: Page, width: int, queue: ReviewQueue, visit: Visit, is_sound: Sound
) -> None:
    guidelines.write(queue, text=TEXT, by=None)
    visit("", Role.REVIEWER)
    expect(page.locator("#main[aria-busy=false]")).to_have_count(1)
    page.get_by_role("tab", name="Guidelines").click()
    expect(page.locator("#panel-beside")).to_contain_text("Own business")
    is_sound(page)
