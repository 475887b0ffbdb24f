"""A stakeholder asks for last month and for another time, and finds why a figure changed."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from apps.accounts.models import Role, User
from apps.registry.models import MonitoredModel
from apps.reports import services as reports
from apps.reports.services import windows
from apps.truth.services import resolving as truth
from tests.factories import draw_all, make_member, make_model, prediction_row, push_outcomes, push_predictions

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SignIn = Callable[[Page, User], None]
Check = Callable[[Page], None]
DAYS, PER_DAY = 110, 12


@pytest.fixture
def model() -> MonitoredModel:
    """A model of the last hundred days, whose days are final after thirty."""
    model = make_model(maturity_days=30, name="Employment")
    now = timezone.now()
    moments = [now - timedelta(days=number // PER_DAY) for number in range(DAYS * PER_DAY)]
    rows = [prediction_row(number, predicted_at=moment.isoformat()) for number, moment in enumerate(moments)]
    push_predictions(model, rows)
    draw_all(model)
    answer(model, range(40 * PER_DAY, DAYS * PER_DAY))
    return model


def answer(model: MonitoredModel, numbers: range, *, wrong: int = 5) -> None:
    moment = timezone.now().isoformat()
    rows = [
        {"id": f"case-{n}", "outcome": "yes" if bool(n % 3) is bool(n % wrong) else "no", "occurred_at": moment}
        for n in numbers
    ]
    push_outcomes(model, rows)
    truth.resolve_due()


def where(model: MonitoredModel, query: str = "") -> str:
    return f"/p/{model.project.slug}/models/{model.slug}/reports/performance/{query}"


def test_a_stakeholder_asks_for_last_month_and_for_another_time(
    page: Page, width: int, model: MonitoredModel, sign_in: SignIn, is_sound: Check
) -> None:
    sign_in(page, make_member(model.project, Role.STAKEHOLDER).user)
    page.goto(where(model))
    is_sound(page)
    row = page.get_by_role("navigation", name="Windows")
    row.get_by_role("link", name="last month").first.click()
    expect(page.get_by_text("The report is being made.")).to_be_visible()
    reports.run_due()
    expect(row.locator("[aria-current=page]")).to_contain_text("month")
    expect(page.locator("article .lede")).to_be_visible()
    is_sound(page)

    page.get_by_text("Another time…").focus()
    page.keyboard.press("Enter")
    is_sound(page)
    today = windows.today_of(model)
    form = page.locator("details.another form")
    form.get_by_label("From").fill(f"{today - timedelta(days=60)}")
    form.get_by_label("Through").fill(f"{today - timedelta(days=40)}")
    form.get_by_role("button", name="Show").click()
    expect(page.get_by_text("The report is being made.")).to_be_visible()
    reports.run_due()
    expect(row.locator("[aria-current=page]")).to_contain_text("days chosen")
    address = page.url
    assert f"?start={today - timedelta(days=60)}&end={today - timedelta(days=39)}" in address
    # A bookmark opens at once.
    page.goto(where(model))
    page.goto(address)
    expect(page.locator("article .lede")).to_be_visible()


def test_a_stakeholder_finds_what_was_said_before_and_why_it_changed(
    page: Page, width: int, model: MonitoredModel, sign_in: SignIn, is_sound: Check
) -> None:
    days = windows.days_of(model, "this_quarter", today=windows.today_of(model))
    for wrong in (5, 4, 7):
        answer(model, range(60 * PER_DAY), wrong=wrong)
        reports.request_report(model, "performance", *days)
        reports.run_due()
    sign_in(page, make_member(model.project, Role.STAKEHOLDER).user)
    page.goto(where(model, "?window=this_quarter"))
    page.get_by_text("What was said before").click()
    table = page.get_by_role("table", name="what was said when")
    expect(table.get_by_role("row")).to_have_count(4)
    expect(table).to_contain_text("outcomes were corrected")
    is_sound(page)


def test_a_window_without_predictions_leads_to_the_nearest(
    page: Page, width: int, model: MonitoredModel, sign_in: SignIn, is_sound: Check
) -> None:
    sign_in(page, make_member(model.project, Role.STAKEHOLDER).user)
    page.goto(where(model, "?start=2024-01-01&end=2024-02-01"))
    expect(page.get_by_text("There are no predictions in this time.")).to_be_visible()
    is_sound(page)
    page.get_by_role("link", name="The nearest").click()
    expect(page.get_by_text("The report is being made.")).to_be_visible()


def test_nothing_below_moves_when_the_form_opens(page: Page, model: MonitoredModel, sign_in: SignIn) -> None:
    sign_in(page, make_member(model.project, Role.STAKEHOLDER).user)
    page.goto(where(model, "?start=2024-01-01&end=2024-02-01"))
    before = page.locator("main .lede").bounding_box()
    page.get_by_text("Another time…").click()
    assert page.locator("main .lede").bounding_box() == before
