"""Pages that reports lead to, and the bar above them, on a desktop and a phone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.models import Role, User
from apps.registry.services import findings
from tests.factories import make_member
from tests.reports.pages.test_groups import with_groups
from tests.reports.stored import make_report, report_model

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SignIn = Callable[[Page, User], None]
Check = Callable[[Page], None]
HIDDEN_PART = "bar => bar.scrollWidth - bar.clientWidth"


def test_groups_read_well_everywhere(page: Page, sign_in: SignIn, is_sound: Check) -> None:
    model = report_model()
    report = make_report(model, "performance", document=with_groups())
    sign_in(page, make_member(model.project, Role.STAKEHOLDER).user)
    page.goto(f"/p/{model.project.slug}/reports/{report.pk}/groups/")
    expect(page.get_by_role("heading", name="Groups")).to_be_visible()
    is_sound(page)


def test_findings_read_well_everywhere(page: Page, sign_in: SignIn, is_sound: Check) -> None:
    model = report_model()
    validator = make_member(model.project, Role.VALIDATOR)
    findings.write(model, "Recall of the young is low.", by=validator)
    sign_in(page, validator.user)
    page.goto(f"/p/{model.project.slug}/models/{model.slug}/findings/")
    expect(page.get_by_role("link", name="Recall of the young is low.")).to_be_visible()
    is_sound(page)


def test_an_engineer_sees_all_pages_of_a_model_on_a_usual_screen(page: Page, sign_in: SignIn) -> None:
    model = report_model()
    make_report(model, "value")
    sign_in(page, make_member(model.project, Role.ENGINEER, name="Anna Katharina Lang").user)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"/p/{model.project.slug}/models/{model.slug}/reports/value/")
    places = page.get_by_role("navigation", name=model.name, exact=True)
    expect(places.get_by_role("link", name="Model", exact=True)).to_be_visible()
    assert places.evaluate(HIDDEN_PART) == 0
