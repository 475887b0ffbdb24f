"""Last week tried again, and the versions of the sampling, in a browser and by keyboard."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.models import Membership, Role, User
from apps.planning.models import Draft
from apps.planning.services import replaying
from apps.registry.models import MonitoredModel
from apps.review.services import open_due_items
from apps.sampling.services import policies
from tests.factories import (
    MORNING,
    draw_all,
    make_member,
    make_model,
    make_project,
    prediction_row,
    push_outcomes,
    push_predictions,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

BASE = "/p/office/models/employment/sampling/"
UNSURE = {"name": "less-sure", "kind": "uncertainty", "rate": 0.4, "queue": "main", "rank": 2}
OLDER = {
    "name": "age-60-and-over",
    "kind": "uniform",
    "rate": 0.8,
    "queue": "main",
    "rank": 3,
    "condition": {"field": "features.age", "op": "ge", "value": 60},
}


@pytest.fixture
def dan(page: Page, sign_in: Callable[[Page, User], None]) -> Membership:
    """A signed-in engineer of a model with two weeks of predictions, and with a draft."""
    model = make_model(make_project("office"), "employment")
    member = make_member(model.project, Role.ENGINEER)
    document = {"floor": 0.05, "policies": [UNSURE]}
    policies.put_document(model, document, by=member.user, reason="To see the unsure ones.")
    moments = [(MORNING + timedelta(hours=n)).isoformat() for n in range(320)]
    scores = (0.02, 0.31, 0.5, 0.77, 0.98)
    push_predictions(model, [prediction_row(n, predicted_at=at, score=scores[n % 5]) for n, at in enumerate(moments)])
    draw_all(model)
    open_due_items()
    known = [{"id": f"case-{n}", "outcome": "no", "occurred_at": "2026-03-20T00:00:00Z"} for n in range(150, 320, 3)]
    push_outcomes(model, known)
    draft = {**policies.current_document(model), "policies": [{**UNSURE, "rate": 0.1}, OLDER]}
    Draft.objects.create(model=model, owner=member.user, based_on=2, document=draft)
    sign_in(page, member.user)
    return member


def test_a_replay_shows_its_progress_and_then_what_it_found(
    page: Page, dan: Membership, is_sound: Callable[[Page], None]
) -> None:
    replay = replaying.request_replay(MonitoredModel.objects.get(), by=dan.user)
    page.goto(f"{BASE}replays/{replay.pk}/")
    expect(page.get_by_role("progressbar")).to_be_visible()
    is_sound(page)
    replaying.replay_due()
    expect(page.get_by_role("heading", level=1)).to_contain_text("would have come that week")
    expect(page.get_by_text("exact", exact=True)).to_be_visible()
    expect(page.get_by_role("img", name="as before").first).to_be_visible()
    is_sound(page)


def test_a_replay_is_read_and_left_by_keyboard_alone(page: Page, dan: Membership) -> None:
    page.goto(BASE)
    page.keyboard.press("t")
    expect(page.get_by_role("progressbar")).to_be_visible()
    replaying.replay_due()
    expect(page.get_by_role("heading", name="Would have come", exact=True)).to_be_visible()
    first = page.locator("#replayed tbody th a").first.inner_text()
    page.keyboard.press("r")
    expect(page.locator("#replayed tbody th a").first).not_to_have_text(first)
    page.keyboard.press("v")
    expect(page.get_by_role("heading", name="Two versions of the sampling")).to_be_visible()
    page.go_back()
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(f"{BASE}$"))


def test_versions_are_listed_compared_and_sound(
    page: Page, dan: Membership, width: int, is_sound: Callable[[Page], None]
) -> None:
    page.goto(f"{BASE}history/")
    expect(page.get_by_text("To see the unsure ones.")).to_be_visible()
    is_sound(page)
    page.keyboard.press("v")
    expect(page.get_by_role("heading", name="What changes")).to_be_visible()
    page.get_by_text("Both as JSON").click()
    is_sound(page)


def test_an_open_menu_takes_escape_for_itself(page: Page, dan: Membership) -> None:
    page.goto(f"{BASE}history/")
    page.locator("details.menu summary").first.click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="History of the sampling")).to_be_visible()
    expect(page.locator("details.menu[open]")).to_have_count(0)


def test_a_version_is_taken_up_again(page: Page, dan: Membership) -> None:
    page.goto(f"{BASE}history/")
    page.get_by_role("button", name="Take version 1 as a draft").click()
    expect(page.get_by_text("Version 1 is your draft now")).to_be_visible()
    assert Draft.objects.get().document["policies"] == []
