"""The desk's keys on keyboards that print other signs: by what a key prints, else by where it lies."""

from collections import Counter
from collections.abc import Callable

import pytest
from playwright.sync_api import CDPSession, Page, expect

from apps.review.models import Decision
from tests.browser.test_desk import SitDown, counted, make_desk, sent
from tests.browser.test_review import case_of, settle

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Press = Callable[..., None]
CONTROL, SHIFT = 2, 8
NAMES = ("1", "2", "agree", "skip", "undo")
PLACES = ("Digit1", "Digit2", "KeyA", "KeyS", "KeyZ")


def keys(printed: str, places: tuple[str, ...] = PLACES) -> dict[str, tuple[str, str]]:
    """Return what each of the desk's keys prints, and where it lies."""
    return dict(zip(NAMES, zip(printed, places, strict=True), strict=True))


LAYOUTS = {
    "azerty": keys("&éasz", ("Digit1", "Digit2", "KeyQ", "KeyS", "KeyW")),
    "cyrillic": keys("12фыя"),
    "caps": keys("12ASZ"),
    "dvorak": keys("12asz", ("Digit1", "Digit2", "KeyA", "Semicolon", "Slash")),
    "arabic": keys("١٢شسئ"),
    "greek": keys("12ασζ", ("Numpad1", "Numpad2", "KeyA", "KeyS", "KeyZ")),
}


@pytest.fixture
def press(page: Page) -> Press:
    """Press a key that prints `key` and lies at `code`, as a keyboard of that layout does."""
    session: CDPSession = page.context.new_cdp_session(page)

    def go(key: str, code: str, modifiers: int = 0) -> None:
        common = {"key": key, "code": code, "modifiers": modifiers}
        session.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **common})
        session.send("Input.dispatchKeyEvent", {"type": "keyUp", **common})

    return go


@pytest.mark.parametrize("layout", ["azerty", "cyrillic"])
def test_forty_cases_on_other_layouts(page: Page, sit_down: SitDown, press: Press, layout: str) -> None:
    strokes = LAYOUTS[layout]
    sit_down(make_desk(40))
    for number in range(40):
        if number % 4 == 3:
            press(*strokes["skip"])
            press("Enter", "Enter", CONTROL)
        else:
            press(*strokes[str(1 + number % 2)])
            press("Enter", "Enter", CONTROL)
            expect(page.get_by_text("Keep: ")).to_be_visible()
            settle(page)
            press("Enter", "Enter")
            expect(page.get_by_text("Keep: ")).to_have_count(0)
        sent(page)
        settle(page)
    expect(page.get_by_role("heading", name="Nothing to review")).to_be_visible()
    judged = Decision.objects.filter(is_judgement=True).values_list("value", flat=True)
    assert Counter(judged) == {0.0: 20, 1.0: 10}
    assert Counter(Decision.objects.filter(is_judgement=False).values_list("verdict", flat=True))["skip"] == 10
    assert len(counted()) == 40


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_key_does_the_same_on_every_layout(page: Page, sit_down: SitDown, press: Press, layout: str) -> None:
    strokes = LAYOUTS[layout]
    sit_down(make_desk(3, blind=False))
    cases = []
    for _ in range(2):
        cases.append(case_of(page))
        press(*strokes["skip"])
        expect(page.locator("[value=skip]")).to_be_checked()
        press(*strokes["2"])
        expect(page.get_by_label("Too little to go on")).to_be_checked()
        press(*strokes["agree"])
        expect(page.locator("[value=agree]")).to_be_checked()
        press("Enter", "Enter", CONTROL)
        expect(page.get_by_text(cases[-1], exact=True)).to_have_count(0)
        sent(page)
        settle(page)
    # Undo walks back one answer further each time, and says where it ends.
    for case in reversed(cases):
        press(*strokes["undo"], CONTROL)
        expect(page.get_by_text(case, exact=True)).to_be_visible()
        settle(page)
    press(*strokes["undo"], CONTROL)
    expect(page.get_by_text("No earlier answer")).to_be_visible()
    assert case_of(page) == cases[0]


def test_a_latin_letter_or_a_shifted_sign_means_only_what_it_prints(
    page: Page, sit_down: SitDown, press: Press
) -> None:
    sit_down(make_desk(1, blind=False))
    # On Dvorak, the key where S lies prints o; Shift and 1 print an exclamation mark; Shift and Z is redo.
    for stroke in (("o", "KeyS"), ("!", "Digit1", SHIFT), ("1", "Digit1", CONTROL), ("Z", "KeyZ", CONTROL | SHIFT)):
        press(*stroke)
    expect(page.locator("[name=choice]:checked")).to_have_count(0)
    press("a", "KeyQ")
    expect(page.locator("[name=choice][data-action=agree]")).to_be_checked()
