"""The page *Retrain?* and the model card as people read them, in both color schemes, on a desktop and a phone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.models import Role, User
from apps.registry.models import MonitoredModel
from apps.retraining.models import StudyJob
from tests.factories import make_member, make_model
from tests.reports.stored import make_report, report_model
from tests.retraining.stored import make_study

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SignIn = Callable[[Page, User], None]
Check = Callable[[Page], None]


def where(model: MonitoredModel, page: str) -> str:
    return f"/p/{model.project.slug}/models/{model.slug}/{page}/"


def test_the_advice_reads_well_everywhere(page: Page, width: int, sign_in: SignIn, is_sound: Check) -> None:
    model = make_model()
    make_study(model)
    sign_in(page, make_member(model.project, Role.ENGINEER).user)
    page.goto(where(model, "retraining"))
    expect(page.locator(".lede")).to_contain_text("Not yet: with 6,273 labels")
    expect(page.locator("section svg:visible")).to_have_class("plot wide" if width > 760 else "plot phone")
    is_sound(page)
    for summary in page.locator("article summary").all():
        summary.click()
    is_sound(page)


def test_the_empty_page_and_the_card_read_well(page: Page, width: int, sign_in: SignIn, is_sound: Check) -> None:
    model = report_model()
    for kind in ("value", "performance", "baseline"):
        make_report(model, kind)
    sign_in(page, make_member(model.project, Role.ENGINEER).user)
    page.goto(where(model, "retraining"))
    expect(page.get_by_role("button", name="Find out")).to_be_visible()
    is_sound(page)
    page.get_by_role("link", name="Model card").click()
    expect(page.get_by_role("heading", name="How good it is")).to_be_visible()
    is_sound(page)


def test_asking_shows_the_progress_without_leaving_the_page(page: Page, sign_in: SignIn) -> None:
    model = make_model()
    sign_in(page, make_member(model.project, Role.ENGINEER).user)
    page.goto(where(model, "retraining"))
    page.get_by_role("button", name="Find out").press("Enter")
    expect(page.locator("#study-job [role=status]")).to_have_text("Waiting for its turn.")
    StudyJob.objects.update(lease_token="00000000-0000-0000-0000-000000000001", step="training candidate 3 of 45")
    expect(page.locator("#study-job [role=status]")).to_have_text("Training candidate 3 of 45")
