"""Finding cases by hand: list, filters, file, the page of one, and the search, by keyboard."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from apps.accounts.models import Role, User
from apps.predictions.models import BatchStage, Prediction, Stage
from apps.registry.models import ReviewQueue
from tests.factories import make_member, prediction_row, push_outcomes, push_predictions
from tests.review.factories import make_items, make_queue
from tests.review.planted import PLANTED

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Sound = Callable[[Page], None]


@pytest.fixture
def queue(page: Page, sign_in: Callable[[Page, User], None]) -> ReviewQueue:
    """A signed-in engineer; drawn cases, and one that is not drawn."""
    queue = make_queue()
    make_items(queue, 3, **PLANTED)
    push_predictions(queue.model, [prediction_row(number, subject="Ann") for number in range(50, 105)])
    push_outcomes(queue.model, [{"id": "case-50", "outcome": "no", "occurred_at": "2026-03-20T00:00:00Z"}])
    sign_in(page, make_member(queue.model.project, Role.ENGINEER).user)
    return queue


def test_cases_are_filtered_opened_and_sound(page: Page, queue: ReviewQueue, width: int, is_sound: Sound) -> None:
    page.goto(f"/p/{queue.model.project.slug}/models/{queue.model.slug}/cases/")
    is_sound(page)
    page.get_by_role("link", name="Older").click()
    expect(page.get_by_role("link", name="case-50")).to_be_visible()
    page.get_by_label("Outcome", exact=True).select_option("known")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("link", name="case-50")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(1)
    is_sound(page)
    page.get_by_label("Keep these filters as").fill("With an outcome")
    page.get_by_role("button", name="Keep").click()
    expect(page.get_by_role("link", name="With an outcome")).to_be_visible()
    is_sound(page)
    page.get_by_role("link", name="case-50").click()
    expect(page.get_by_text("it turned out to be Not employed")).to_be_visible()
    page.get_by_text("As JSON").click()
    is_sound(page)


def test_what_the_model_saw_unfolds_beside_its_answer(
    page: Page, queue: ReviewQueue, width: int, is_sound: Sound
) -> None:
    names = {"age": -0.25, "a_name_without_any_space_as_encoders_like_to_write_it": True, "grade": "C " * 100}
    push_predictions(queue.model, [prediction_row(190, processed=names)])
    key = Prediction.objects.get(external_id="case-190").pk
    page.goto(reverse("prediction", args=[queue.model.project.slug, queue.model.slug, key]))
    fact = page.locator("details .f").filter(has_text="-0.25")
    expect(fact).to_be_hidden()
    page.get_by_text("As the model saw it").click()
    expect(fact).to_be_visible()
    is_sound(page)


def test_a_case_is_found_by_keyboard_alone(page: Page, queue: ReviewQueue) -> None:
    page.goto(f"/p/{queue.model.project.slug}/models/{queue.model.slug}/sampling/")
    page.keyboard.press("Control+k")
    page.keyboard.type("case-77")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Case case-77")).to_be_visible()


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until the target has the focus."""
    for _ in range(90):
        page.keyboard.press("Tab")
        if target.evaluate("each => each === document.activeElement"):
            return
    pytest.fail("Tab does not get there")


def test_cases_are_filtered_kept_downloaded_and_sent_by_keyboard_alone(
    page: Page, queue: ReviewQueue, is_sound: Sound
) -> None:
    BatchStage.objects.filter(stage=Stage.DRAW).update(done_at=timezone.now())
    page.goto(f"/p/{queue.model.project.slug}/models/{queue.model.slug}/cases/")
    tab_to(page, page.get_by_label("Outcome", exact=True))
    page.keyboard.type("known")
    tab_to(page, page.get_by_role("button", name="Show", exact=True))
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    tab_to(page, page.get_by_label("Keep these filters as"))
    page.keyboard.type("Known")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Known", exact=True)).to_have_attribute("aria-current", "true")
    with page.expect_download() as download:
        tab_to(page, page.get_by_role("link", name="CSV"))
        page.keyboard.press("Enter")
    assert "case-50" in download.value.path().read_text()
    tab_to(page, page.get_by_label("Select case case-50"))
    page.keyboard.press("Space")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 case waits for review.")).to_be_visible()
    expect(page.get_by_role("cell", name="sent to review targeted")).to_be_visible()
    is_sound(page)
    tab_to(page, page.get_by_role("link", name="case-50"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("no figure counts its label")).to_be_visible()
    is_sound(page)


def test_what_is_not_found_says_so(page: Page, queue: ReviewQueue, is_sound: Sound) -> None:
    page.goto(f"/p/{queue.model.project.slug}/search/?q=nothing")
    expect(page.get_by_text("Nothing here is called “nothing”.")).to_be_visible()
    is_sound(page)
    page.get_by_label("The id of a case, or a name").fill("main")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Main queue")).to_be_visible()
    is_sound(page)


def test_filters_that_match_nothing_lead_back(page: Page, queue: ReviewQueue) -> None:
    page.goto(f"/p/{queue.model.project.slug}/models/{queue.model.slug}/cases/?version=v9")
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()
    page.locator("main").get_by_role("link", name="Show all").last.click()
    expect(page.get_by_role("link", name="Older")).to_be_visible()
