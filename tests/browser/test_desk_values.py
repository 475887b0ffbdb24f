"""What the desk shows of a case, and the numbers that people type."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from apps.review.models import Decision, ReviewItem
from apps.sampling.services import policies
from tests.browser.test_desk import SitDown, sent
from tests.browser.test_review import settle, submit
from tests.factories import make_model
from tests.review.factories import make_items, make_queue

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_case_is_shown_as_it_was_sent(page: Page, sit_down: SitDown, is_sound: Callable[[Page], None]) -> None:
    queue = make_queue()
    queue.model.project.time_zone = "Asia/Kolkata"
    queue.model.project.save()
    mail = "Dear team,\n\n  - first\n  - second\n\nBye"
    odd = {"zeta": mail, "b": "", "account": 12345678901234567, "a": 0.0000123, "list": ["x", None], "o": {"k": 1}}
    make_items(queue, 1, features={"age": 40, "sex": 1, **odd})
    sit_down(queue)
    names, values = (page.locator(f".f {part}").all_inner_texts() for part in ("dt", "dd.v"))
    shown = dict(zip(names, values, strict=True))
    assert list(shown) == ["Age", "Sex", *odd]
    assert shown["zeta"] == mail
    assert list(shown.values())[3:] == [
        "(empty text)",
        "12,345,678,901,234,567",
        "0.0000123",
        '["x", null]',
        '{"k": 1}',
    ]
    # 09:01 in UTC is half past two in the afternoon there.
    expect(page.locator(".facts time")).to_have_text("2 March 2026, 14:31 IST")
    is_sound(page)


@pytest.mark.parametrize("typed", ["12,5", "12.5"])
def test_a_number_is_typed_with_either_decimal_sign(page: Page, sit_down: SitDown, typed: str) -> None:
    rules = {"task": "regression", "classes": [], "positive_class": "", "class_labels": {}}
    model = make_model(**rules, prediction_range=[0.0, 2000.0], unit="days")
    policies.put_document(model, {"floor": 1.0})
    make_items(model, prediction=13.5, score=None, probabilities=None, baseline=None)
    sit_down(model.queues.get())
    number = page.locator("[name=number]")
    page.keyboard.press("1")
    page.keyboard.type("1,234")
    expect(page.locator("#read-as")).to_have_text("“1,234” can mean 1234 or 1.234. Write it without a comma.")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Not saved.")).to_be_visible()
    number.fill(typed)
    number.hover()
    page.mouse.wheel(0, 100)
    expect(number).to_have_value(typed)
    submit(page)
    expect(page.get_by_text("Keep: 12.5 days")).to_be_visible()
    # The same when it is corrected, and when the answer is changed later.
    page.keyboard.press("c")
    page.keyboard.type(typed.replace("2", "3"))
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="Nothing to review")).to_be_visible()
    sent(page)
    page.keyboard.press("Control+z")
    expect(number).to_have_value("13.5")
    settle(page)
    number.fill("1.250,75")
    expect(page.locator("#read-as")).to_have_text("Reads as 1250.75")
    page.keyboard.press("Control+Enter")
    sent(page)
    assert list(Decision.objects.order_by("id").values_list("value", flat=True)) == [12.5, 13.5, 1250.75]
    assert ReviewItem.objects.get().label == 12.5
