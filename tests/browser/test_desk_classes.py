"""Many answers: found by typing, in a form that stays short, and in reach on a phone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from apps.review.models import Decision
from apps.sampling.services import policies
from tests.browser.test_desk import SitDown, make_desk, sent
from tests.browser.test_review import settle, submit
from tests.factories import make_model
from tests.review.factories import make_items

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LABELS = {f"c{number:03}": f"Kind {number}" for number in range(300)}


def test_one_of_300_answers_is_found_by_typing(page: Page, sit_down: SitDown, is_sound: Callable[[Page], None]) -> None:
    model = make_model(task="multiclass", classes=[*LABELS], positive_class="", class_labels=LABELS)
    policies.put_document(model, {"floor": 1.0})
    make_items(model, 1, prediction="c007", score=None, probabilities=None, baseline=None)
    sit_down(model.queues.get())
    is_sound(page)
    assert page.evaluate("document.querySelector('#answer').scrollHeight") < 1200
    page.keyboard.press("c")
    expect(page.locator("#find-class")).to_be_focused()
    page.keyboard.type("nowhere")
    expect(page.get_by_text("No answer matches.")).to_be_visible()
    page.locator("#find-class").fill("kind 217")
    expect(page.locator(".many label:visible")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Kind 217")).to_be_checked()
    # The chosen class stays visible, whatever is typed.
    page.locator("#find-class").fill("kind 7")
    expect(page.get_by_label("Kind 217")).to_be_visible()
    submit(page)
    expect(page.get_by_text("Keep: Kind 217")).to_be_visible()
    is_sound(page)
    # The same number as before the reveal.
    page.keyboard.press("3")
    expect(page.get_by_label("Kind 2", exact=False).and_(page.locator("[value='class:2']"))).to_be_checked()
    page.keyboard.press("c")
    page.keyboard.type("299")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    expect(page.locator("[value='class:299']")).to_be_checked()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="Nothing to review")).to_be_visible()
    sent(page)
    assert list(Decision.objects.order_by("id").values_list("value", flat=True)) == [217.0, 299.0]


@pytest.mark.parametrize("width", [390])
def test_on_a_phone_the_answers_stay_in_reach(page: Page, sit_down: SitDown, width: int) -> None:
    sit_down(make_desk(2))
    for choice in ("Not employed", "Save and see"):
        box = page.get_by_text(choice).first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 900
    page.get_by_text("Not employed").first.click()
    submit(page)
    settle(page)
    save = page.get_by_role("button", name="Save and continue").bounding_box()
    assert save is not None
    assert save["y"] + save["height"] <= 900
