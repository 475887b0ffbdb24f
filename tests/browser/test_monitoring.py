"""The intake page, the banner of incidents and their list in a browser."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.models import Role, User
from apps.monitoring.models import FeatureDay, IntakeHour
from apps.monitoring.services import inspecting
from apps.registry.models import MonitoredModel
from apps.registry.services.registering import put_model
from tests.factories import (
    draw_all,
    make_member,
    make_model,
    make_project,
    prediction_row,
    push_outcomes,
    push_predictions,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
INCOME = {"name": "income", "label": "Monthly income", "type": "number"}


def changed_model() -> MonitoredModel:
    """A usual week, then version 7 sends income as text, and some rows are rejected."""
    model = make_model(make_project("office"), "employment", features=[INCOME, *FEATURES], slices=[])
    usual = [prediction_row(n, features={"income": 100 + n, **REST}) for n in range(40)]
    push_predictions(model, usual)
    inspecting.inspect_due()
    for day in FeatureDay.objects.all():
        FeatureDay.objects.filter(pk=day.pk).update(day=day.day - timedelta(days=2))
    hour = IntakeHour.objects.get()
    for back in range(1, 200):
        IntakeHour.objects.create(
            model=model,
            kind=hour.kind,
            hour=hour.hour - timedelta(hours=back),
            batches=1,
            accepted=30 + (back * 7) % 24,
            duplicates=back % 5,
        )
    changed = [prediction_row(100 + n, version="v7", features={"income": str(n), **REST}) for n in range(40)]
    bad = [prediction_row(200, score=7), prediction_row(201, nonsense="x" * 300), prediction_row(202, prediction="no?")]
    push_predictions(model, changed + bad)
    push_outcomes(model, [{"id": "case-1", "outcome": "yes", "occurred_at": "2026-03-20T00:00:00Z"}])
    draw_all(model)
    inspecting.inspect_due()
    return model


REST = {f"feature_{n}": n for n in range(14)} | {"a_long_name_" * 5: None}
FEATURES = [{"name": name, "type": "number"} for name in REST]


def test_the_intake_page_is_sound(
    page: Page, width: int, sign_in: Callable[[Page, User], None], is_sound: Callable[[Page], None]
) -> None:
    model = changed_model()
    sign_in(page, make_member(model.project, Role.ENGINEER).user)
    page.goto("/p/office/models/employment/intake/")
    expect(page.get_by_role("heading", name="Intake", level=1)).to_be_visible()
    expect(page.get_by_role("img", name="Last 48 hours").first).to_be_visible()
    expect(page.get_by_role("row", name="Monthly income")).to_contain_text("changed")
    is_sound(page)
    for summary in page.locator("details.data > summary").all():
        summary.click()
    is_sound(page)


def test_an_empty_intake_page_is_sound(
    page: Page, sign_in: Callable[[Page, User], None], is_sound: Callable[[Page], None]
) -> None:
    model = make_model(make_project("office"), "employment")
    sign_in(page, make_member(model.project, Role.ENGINEER).user)
    page.goto("/p/office/models/employment/intake/")
    expect(page.get_by_text("Nothing arrived in the last 30 days")).to_be_visible()
    is_sound(page)


def test_an_engineer_sees_the_change_closes_it_and_the_schema_settles_the_next(
    page: Page, width: int, sign_in: Callable[[Page, User], None], is_sound: Callable[[Page], None]
) -> None:
    model = changed_model()
    sign_in(page, make_member(model.project, Role.ENGINEER).user)
    page.goto("/p/office/models/employment/")
    banner = page.get_by_role("region", name="Open incidents of Employment")
    expect(banner).to_contain_text("income number → string in v7")
    expect(banner).to_contain_text("40 rows")
    is_sound(page)
    banner.get_by_role("link", name="Incidents").click()
    cause = page.get_by_label("Cause of income")
    expect(cause).to_be_visible()
    is_sound(page)
    cause.fill("The sender was mended.")
    page.get_by_role("button", name="Close income").click()
    expect(page.get_by_text("The sender was mended.")).to_be_visible()
    is_sound(page)

    push_predictions(model, [prediction_row(300, version="v7", features={"income": "1", **REST})])
    inspecting.inspect_due()
    page.goto("/p/office/models/employment/")
    expect(banner).to_contain_text("1 row")
    put_model(model.project, slug=model.slug, document={"features": [INCOME | {"type": "text"}, *FEATURES]})
    page.reload()
    expect(page.get_by_role("heading", name="Received")).to_be_visible()
    expect(banner).to_be_hidden()


def test_a_stakeholder_sees_the_banner_without_a_button(
    page: Page, sign_in: Callable[[Page, User], None], is_sound: Callable[[Page], None]
) -> None:
    model = changed_model()
    sign_in(page, make_member(model.project, Role.STAKEHOLDER).user)
    page.goto("/p/office/")
    banner = page.get_by_role("region", name="Open incidents")
    expect(banner).to_contain_text("income number → string in v7")
    expect(banner.get_by_role("button")).to_have_count(0)
    is_sound(page)
