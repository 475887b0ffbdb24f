"""The page that compares two windows, and the line above a report: in both color schemes, on a desktop and a phone."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.models import Role, User
from apps.registry.models import MonitoredModel
from tests.browser.test_reports import SHIFTS
from tests.factories import make_member, prediction_row, push_predictions
from tests.reports.comparison_documents import compared_document
from tests.reports.stored import AUGUST, SEPTEMBER, make_report, make_stored_comparison, report_model

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SignIn = Callable[[Page, User], None]
Check = Callable[[Page], None]


@pytest.fixture
def model(page: Page, sign_in: SignIn) -> MonitoredModel:
    made = report_model()
    push_predictions(made, [prediction_row(n, predicted_at=f"2026-0{7 + n}-15T00:00:00Z") for n in (1, 2)])
    make_stored_comparison(made, document=compared_document())
    sign_in(page, make_member(made.project, Role.ENGINEER).user)
    return made


def test_a_comparison_reads_well_everywhere(
    page: Page, width: int, model: MonitoredModel, is_sound: Check, tmp_path: Path
) -> None:
    page.goto(
        f"/p/{model.project.slug}/models/{model.slug}/reports/performance/compare/?second={SEPTEMBER}&first={AUGUST}"
    )
    expect(page.locator(".lede")).to_contain_text("5.8 fewer than in August")
    expect(page.locator("#why svg:visible")).to_have_count(1)
    is_sound(page)
    for summary in page.locator("article summary").all():
        summary.click()
    is_sound(page)
    page.screenshot(path=tmp_path / "compare.png", full_page=True)


def test_the_line_above_a_report_comes_without_moving_the_page(
    page: Page, model: MonitoredModel, is_sound: Check
) -> None:
    report = make_report(model, "performance", start=SEPTEMBER[:10], end=SEPTEMBER[11:])
    page.goto(f"/p/{model.project.slug}/reports/{report.pk}/")
    expect(page.locator(".moved")).to_contain_text("−5.8 points, of which mix of cases −5.1")
    assert page.evaluate(SHIFTS) < 0.01
    is_sound(page)
    page.get_by_role("link", name="Why", exact=True).click()
    expect(page.locator("h2#why-title")).to_be_in_viewport()
