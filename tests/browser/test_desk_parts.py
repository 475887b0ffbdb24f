"""Parts of the desk in a browser: own keys, wrong features, questions, precedents, the reveal's chart."""

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from apps.accounts.models import Membership, Role, User
from apps.registry.models import ReviewQueue
from apps.review.models import Decision, Question, ReviewItem, Slot
from tests.browser.test_review import settle, submit
from tests.factories import make_member
from tests.review.factories import answer, claim, decide, judge, make_items, make_queue, reviewers
from tests.review.planted import PLANTED

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SignIn = Callable[[Page, User], None]
Check = Callable[[Page], None]
SitDown = Callable[..., Membership]
FACTS = {"age": 67, "sex": 2, "income": 12_000, "hours": 40, "employer": "none"}


@pytest.fixture
def sit_down(page: Page, sign_in: SignIn) -> SitDown:
    """Open the queue as a new or an existing member of its project."""

    def go(queue: ReviewQueue, role: Role = Role.REVIEWER, *, member: Membership | None = None) -> Membership:
        member = member or make_member(queue.model.project, role)
        sign_in(page, member.user)
        page.goto(f"/p/{queue.model.project.slug}/queues/{queue.pk}/")
        settle(page)
        return member

    return go


@pytest.fixture
def shown() -> ReviewQueue:
    queue = make_queue(blind=False)
    make_items(queue, 3, features=FACTS, **PLANTED)
    return queue


def change_of(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=f"change the key for “{name}”")


def rebind(page: Page, name: str, key: str) -> None:
    page.keyboard.press("?")
    change_of(page, name).click()
    page.keyboard.press(key)


# Own keys


def test_a_key_can_be_changed_and_the_hints_follow(page: Page, shown: ReviewQueue, sit_down: SitDown) -> None:
    sit_down(shown)
    rebind(page, "cannot tell yet", "z")
    expect(page.get_by_text("“z” is now the key for “cannot tell yet”.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    hint = page.locator(".withheld [data-hint=cannot_tell]")
    expect(hint).to_have_text("z")
    page.locator("h1").focus()
    page.keyboard.press("t")
    expect(page.locator("[name=choice]:checked")).to_have_count(0)
    page.keyboard.press("z")
    expect(page.get_by_role("radio", name="Cannot tell yet")).to_be_checked()
    submit(page)
    # The next card comes from the shelf, and the page after that from the server.
    expect(hint).to_have_text("z")
    page.reload()
    settle(page)
    expect(hint).to_have_text("z")
    page.keyboard.press("z")
    expect(page.get_by_role("radio", name="Cannot tell yet")).to_be_checked()


def test_a_key_in_use_is_refused_with_the_reason(page: Page, shown: ReviewQueue, sit_down: SitDown) -> None:
    sit_down(shown)
    rebind(page, "skip", "w")
    said = page.locator("#keys-said")
    expect(said).to_have_text("“w” is the key for “data is wrong”. Press another one.")
    page.keyboard.press("3")
    expect(said).to_have_text("Digits choose answers and reasons. Press another one.")
    page.keyboard.press("F2")
    expect(said).to_have_text("A key is one letter or symbol. Press another one.")
    page.keyboard.press("Escape")
    expect(said).to_have_text("The key stays the same.")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("h1").focus()
    page.keyboard.press("s")
    expect(page.get_by_label("Skip")).to_be_checked()


def test_a_freed_key_can_serve_another_action(page: Page, shown: ReviewQueue, sit_down: SitDown) -> None:
    sit_down(shown)
    rebind(page, "skip", "z")
    change_of(page, "data is wrong").click()
    page.keyboard.press("s")
    page.keyboard.press("Escape")
    page.locator("h1").focus()
    page.keyboard.press("s")
    expect(page.get_by_label("Data is wrong")).to_be_checked()


def test_the_default_keys_can_be_restored(page: Page, shown: ReviewQueue, sit_down: SitDown) -> None:
    sit_down(shown)
    rebind(page, "agree", "y")
    page.get_by_role("button", name="Restore the default keys").click()
    expect(page.get_by_text("The default keys are back.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".choice [data-hint=agree]")).to_have_text("a")
    page.locator("h1").focus()
    page.keyboard.press("y")
    expect(page.locator("[name=choice]:checked")).to_have_count(0)
    page.keyboard.press("a")
    expect(page.locator("[name=choice][value=agree]")).to_be_checked()


def test_invalid_stored_keys_fall_back_to_the_defaults(page: Page, shown: ReviewQueue, sit_down: SitDown) -> None:
    sit_down(shown)
    for kept in ("{", "[1]", '{"skip": "t"}', '{"skip": "5", "gone": "q"}', '{"skip": null}'):
        page.evaluate("(kept) => localStorage.setItem('review-keys-own', kept)", kept)
        page.reload()
        settle(page)
        expect(page.locator(".withheld [data-hint=skip]")).to_have_text("s")
        page.keyboard.press("s")
        expect(page.get_by_label("Skip")).to_be_checked()


# Wrong data


def test_wrong_features_are_marked_by_keys(page: Page, shown: ReviewQueue, sit_down: SitDown) -> None:
    sit_down(shown)
    page.keyboard.press("w")
    expect(page.get_by_label("Find a feature that is wrong")).to_be_focused()
    submit(page)
    expect(page.get_by_role("alert").get_by_text("Mark the feature that is wrong")).to_be_visible()
    page.keyboard.type("inco")
    expect(page.locator(".flaw:visible")).to_have_count(1)
    page.keyboard.press("Enter")
    page.keyboard.type("out")
    expect(page.get_by_label("income")).to_have_value("stale")
    submit(page)
    expect(page.locator("[name=choice]:checked")).to_have_count(0)
    said = Decision.objects.get()
    assert (said.verdict, said.wrong_features) == ("wrong_data", [{"feature": "income", "problem": "stale"}])


def test_marked_features_survive_a_reload(page: Page, shown: ReviewQueue, sit_down: SitDown) -> None:
    sit_down(shown)
    page.keyboard.press("w")
    page.locator("[name='wrong:hours']").select_option("misread")
    page.reload()
    settle(page)
    expect(page.locator("[name='wrong:hours']")).to_have_value("misread")
    expect(page.locator("[name='wrong:income']")).to_have_value("")


# Questions


def test_a_question_is_asked_by_keys(page: Page, shown: ReviewQueue, sit_down: SitDown) -> None:
    settler = make_member(shown.model.project, Role.ADJUDICATOR, name="Grace")
    sit_down(shown)
    page.keyboard.press("e")
    expect(page.locator("#note")).to_be_focused()
    submit(page)
    expect(page.get_by_role("alert").get_by_text("Write your question in the note.")).to_be_visible()
    page.keyboard.type("Is this a pension?")
    people = page.get_by_role("combobox", name="Ask")
    expect(people.get_by_role("option").first).to_have_text("An adjudicator")
    people.select_option(label="Grace, adjudicator")
    assert people.input_value() == str(settler.user_id)
    submit(page)
    expect(page.locator("[name=choice]:checked")).to_have_count(0)
    said = Decision.objects.get()
    assert (said.verdict, said.note) == ("escalate", "Is this a pension?")


def asked(slot: Slot, member: Membership, text: str, answer: str = "", by: Membership | None = None) -> Question:
    """Ask about the case, answer if there is an answer, and bring the case back to whoever asked."""
    now = timezone.now()
    decision = Decision.objects.create(
        slot=slot,
        item=slot.item,
        reviewer=member.user,
        was_blind=False,
        verdict="escalate",
        note=text,
        lease_token=slot.lease_token,
    )
    answered = {"answer": answer, "answered_by": by.user, "answered_at": now} if by else {}
    Slot.objects.filter(pk=slot.pk).update(lease_token="5f0c2a54-7d6e-4a55-9a43-0d1f6a1f9f11")
    slot.refresh_from_db()
    return Question.objects.create(slot=slot, decision=decision, asked_by=member.user, text=text, **answered)


# Settling


def to_settle(queue: ReviewQueue) -> ReviewItem:
    """Three answers to one case: one sure, one a guess with a reason, and one that the data is wrong."""
    anna, ben, cleo = reviewers(queue, 3)
    answer(queue, anna, "no", certainty=3, note="Doctorate, still householder alone; consultants her age often work.")
    slot = claim(queue, ben)
    judge(slot, ben, "yes", certainty=1)
    decide(slot, ben, "dispute", value="no", reasons=("A fact speaks against it",), certainty=2)
    slot = claim(queue, cleo)
    decide(slot, cleo, "wrong_data", wrong_features=(("age", "stale"), ("sex", "misread")))
    return slot.item


def test_the_adjudicator_keeps_a_precedent_by_key(page: Page, sit_down: SitDown) -> None:
    queue = make_queue(overlap=3, dispute_reasons=["A fact speaks against it"])
    make_items(queue, 1, **PLANTED)
    item = to_settle(queue)
    sit_down(queue, Role.ADJUDICATOR)
    precedent = page.get_by_label("Keep as a precedent")
    expect(precedent).to_be_checked()
    page.keyboard.press("p")
    expect(precedent).not_to_be_checked()
    page.keyboard.press("p")
    page.keyboard.press("1")
    submit(page)
    expect(page.get_by_role("heading", name="Nothing to review")).to_be_visible()
    item.refresh_from_db()
    assert (item.adjudicated, item.is_precedent) == (0.0, True)


# Every new state in both schemes and widths


def test_wrong_data_a_question_and_a_late_case_are_sound(
    page: Page, shown: ReviewQueue, sit_down: SitDown, width: int, is_sound: Check
) -> None:
    ReviewItem.objects.update(due_at=timezone.now() - timedelta(days=3))
    anna, grace = reviewers(shown, 1)[0], make_member(shown.model.project, Role.ADJUDICATOR, name="Grace")
    slot = claim(shown, anna)
    asked(slot, anna, "Is this a pension?", "Yes, paid since 2019.", by=grace)
    asked(slot, anna, "Which one?")
    sit_down(shown, member=anna)
    expect(page.get_by_text("Grace answered:")).to_be_visible()
    expect(page.get_by_text("Not answered yet.")).to_be_visible()
    expect(page.locator(".facts").get_by_text("late since")).to_be_visible()
    is_sound(page)
    page.locator(".withheld").get_by_text("Data is wrong").click()
    page.locator("[name='wrong:income']").select_option("stale")
    is_sound(page)
    page.locator(".withheld").get_by_text("Ask someone").click()
    is_sound(page)


def test_the_sheet_of_keys_is_sound(
    page: Page, shown: ReviewQueue, sit_down: SitDown, width: int, is_sound: Check
) -> None:
    sit_down(shown)
    rebind(page, "skip", "z")
    is_sound(page)
    change_of(page, "write a note").click()
    expect(page.get_by_text("Press the key for “write a note”.")).to_be_visible()
    is_sound(page)


def test_a_case_to_settle_is_sound(page: Page, sit_down: SitDown, is_sound: Check) -> None:
    queue = make_queue(overlap=3, dispute_reasons=["A fact speaks against it"])
    make_items(queue, 1, **PLANTED)
    to_settle(queue)
    sit_down(queue, Role.ADJUDICATOR)
    expect(page.get_by_text("Age: out of date")).to_be_visible()
    is_sound(page)


def test_the_chart_leads_from_the_usual_answer_to_this_one(page: Page, sit_down: SitDown, is_sound: Check) -> None:
    queue = make_queue(blind=False)
    # Log-odds: 0.0625 + 0.75 − 0.31 = 0.5025, of which the probability is 0.623; that of 0.0625 is 0.516.
    make_items(queue, 1, score=0.623, probabilities={"no": 0.377, "yes": 0.623}, attribution_base=0.0625)
    sit_down(queue)
    rows = page.locator(".pushes tbody tr")
    expect(rows.nth(0)).to_contain_text("52 % Employed")
    expect(rows.nth(1)).to_contain_text("strongly toward Employed")
    expect(rows.nth(2)).to_contain_text("clearly toward Not employed")
    expect(rows.nth(3)).to_contain_text("62 % Employed")
    bars = [rows.nth(at).locator("svg").bounding_box() for at in range(4)]
    # Each bar starts where the last one ends.
    for above, below in pairwise(bars):
        assert above is not None
        assert below is not None
        assert above["y"] + above["height"] == pytest.approx(below["y"], abs=1)
    is_sound(page)
