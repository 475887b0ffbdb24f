"""The debug window: a control moves, score and class follow at once, the model's own bars a moment later."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.models import Role, User
from apps.explanations.models import Trial
from apps.explanations.services import trials
from apps.predictions.models import Prediction
from tests.explanations.factories import features_of, make_scored_model, push_scored, ready_file
from tests.explanations.models import scores
from tests.factories import make_member, make_project

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

wait = trials.wait


@pytest.fixture(autouse=True)
def a_worker_that_answers_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def answered(asked: Iterable[Trial], **options: Any) -> list[Trial]:
        trials.answer_due()
        return wait(asked, **options)

    monkeypatch.setattr(trials, "wait", answered)


@pytest.fixture
def window(page: Page, sign_in: Callable[[Page, User], None]) -> Page:
    """The page of a prediction that two versions' files answer."""
    project = make_project("office")
    model = make_scored_model(project, "employment")
    push_scored(model, 60)
    push_scored(model, 60, start=100, version="v2")
    ready_file(model)
    ready_file(model, version="v2")
    sign_in(page, make_member(project, Role.ENGINEER).user)
    key = Prediction.objects.get(external_id="case-7").pk
    page.goto(f"/p/office/models/employment/cases/{key}/")
    return page


def drag(page: Page, label: str, steps: int) -> None:
    """Move a slider by keys, as somebody who watches the score."""
    slider = page.get_by_role("slider", name=label)
    slider.focus()
    for _ in range(abs(steps)):
        slider.press("ArrowRight" if steps > 0 else "ArrowLeft")


def test_the_class_flips_at_the_value_that_the_model_itself_gives(window: Page) -> None:
    ages = list(range(18, 87))
    found = scores([features_of(7) | {"age": age} for age in ages])
    own = ages.index(features_of(7)["age"])
    served = found[own] >= 0.5
    flips = min((at for at in range(len(ages)) if (found[at] >= 0.5) != served), key=lambda at: abs(at - own))
    said = window.locator("#debug-said [data-now='said']")
    towards = 1 if flips > own else -1
    drag(window, "Age", flips - own - towards)
    expect(said).to_have_text("Employed" if served else "Not employed")
    drag(window, "Age", towards)
    expect(said).to_have_text("Not employed" if served else "Employed")
    expect(window.locator("#debug-said [data-now='score']")).to_have_text(f"{found[flips]:.6f}")
    expect(window.locator('[data-input="age"] output')).to_have_text(f"{ages[flips]} years")
    # Then the model itself answers, with the contributions of the changed row.
    expect(window.get_by_role("heading", name="With 1 changed value")).to_be_visible()
    expect(window.locator("#debug-said [data-now='score']")).to_have_text(f"{found[flips]:.6f}")
    expect(window.locator(".wrow.moved s")).to_have_text(f"{features_of(7)['age']} years")


def test_one_key_tries_the_smallest_change_and_another_takes_it_back(window: Page) -> None:
    expect(window.get_by_text("Smallest change that flips it")).to_be_visible()
    served = window.locator("#debug-said [data-now='said']").inner_text()
    window.keyboard.press("f")
    expect(window.get_by_role("heading", name="With 1 changed value")).to_be_visible()
    expect(window.locator("#debug-said [data-now='said']")).not_to_have_text(served)
    window.keyboard.press("r")
    expect(window.get_by_role("heading", name="As served")).to_be_visible()
    expect(window.locator("#debug-said [data-now='said']")).to_have_text(served)


def test_two_changes_are_answered_together_and_a_third_follows_at_once(window: Page) -> None:
    window.get_by_role("combobox", name="Sex").select_option("male" if features_of(7)["sex"] == 2 else "female")
    drag(window, "Age", 3)
    expect(window.get_by_role("heading", name="With 2 changed values")).to_be_visible()
    changed = {"age": features_of(7)["age"] + 3, "sex": 3 - features_of(7)["sex"]}
    (score,) = scores([features_of(7) | changed])
    expect(window.locator("#debug-said [data-now='score']")).to_have_text(f"{score:.6f}")
    # The other version has the same file, and so the same score.
    expect(window.locator(".versions tbody tr")).to_have_count(2)
    expect(window.locator(".versions tbody tr").last).to_contain_text(f"{score:.6f}")


def test_the_window_is_sound_in_all_looks(window: Page, is_sound: Callable[[Page], None]) -> None:
    expect(window.get_by_text("Reproduced:")).to_be_visible()
    is_sound(window)
    drag(window, "Age", 2)
    expect(window.get_by_role("heading", name="With 1 changed value")).to_be_visible()
    is_sound(window)
