"""The three reports as people read them: in both color schemes, on a desktop and a phone, without a mouse."""

from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from apps.accounts.models import Role, User
from apps.registry.models import MonitoredModel
from apps.reports.models import Report, ReportJob
from tests.browser.conftest import SCHEMES
from tests.factories import make_member, prediction_row, push_predictions
from tests.reports.stored import make_report, report_model

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SignIn = Callable[[Page, User], None]
Check = Callable[[Page], None]
KINDS = ("value", "performance", "baseline")
FILL = "mark => getComputedStyle(mark).stroke"
AS_RGB = """color => {
  const probe = document.body.appendChild(document.createElement("i"))
  probe.style.color = color
  const said = getComputedStyle(probe).color
  probe.remove()
  return said
}"""
SHIFTS = """() => new Promise(done => {
  let sum = 0
  new PerformanceObserver(list => list.getEntries().forEach(shift => { sum += shift.value }))
    .observe({type: "layout-shift", buffered: true})
  requestAnimationFrame(() => requestAnimationFrame(() => done(sum)))
})"""


def where(model: MonitoredModel, kind: str) -> str:
    return f"/p/{model.project.slug}/models/{model.slug}/reports/{kind}/"


@pytest.fixture(params=KINDS)
def shown(request: pytest.FixtureRequest, page: Page, sign_in: SignIn) -> Report:
    """A report of each kind, with its page open."""
    model = report_model()
    report = make_report(model, request.param)
    sign_in(page, make_member(model.project, Role.REVIEWER).user)
    page.goto(where(model, request.param))
    return report


def test_a_report_reads_well_everywhere(page: Page, width: int, shown: Report, is_sound: Check) -> None:
    chart = page.locator("#by_time svg:visible")
    expect(chart).to_have_count(1)
    expect(chart).to_have_class("plot wide" if width > 760 else "plot phone")
    fills = set()
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        accent = page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--accent')")
        fills.add(chart.locator(".point").first.evaluate(FILL))
        assert page.evaluate(AS_RGB, accent) in fills
    assert len(fills) == len(SCHEMES)
    is_sound(page)
    for summary in page.locator("article summary:visible").all():
        summary.click()
    # Those that stood inside others.
    page.evaluate("document.querySelectorAll('article details').forEach(each => { each.open = true })")
    is_sound(page)


def test_figures_behind_a_chart_open_by_keyboard(page: Page, sign_in: SignIn) -> None:
    model = report_model()
    make_report(model, "value")
    sign_in(page, make_member(model.project, Role.STAKEHOLDER).user)
    page.goto(where(model, "value"))
    page.locator("#by_time summary").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("table", name="Gain over the baseline, month by month")).to_be_visible()


def test_nothing_moves_when_the_page_loads(page: Page, sign_in: SignIn) -> None:
    model = report_model()
    make_report(model, "performance")
    sign_in(page, make_member(model.project, Role.STAKEHOLDER).user)
    page.goto(where(model, "performance"))
    expect(page.locator("#by_time svg:visible")).to_be_visible()
    assert page.evaluate(SHIFTS) == 0


def test_an_engineer_requests_a_first_report_and_follows_its_progress(
    page: Page, width: int, sign_in: SignIn, is_sound: Check
) -> None:
    model = report_model()
    push_predictions(model, [prediction_row(1, predicted_at=timezone.now().isoformat())])
    sign_in(page, make_member(model.project, Role.ENGINEER).user)
    page.goto(where(model, "value"))
    is_sound(page)
    page.get_by_label("Period").select_option(label="The last 4 weeks")
    page.get_by_role("button", name="Make the report").click()
    expect(page.get_by_text("Waiting for its turn.")).to_be_visible()
    is_sound(page)
    job = ReportJob.objects.get()
    job.report = make_report(model, "value", start=job.start, end=job.end)
    job.save()
    expect(page.get_by_text("dollars more than the rule it replaced").first).to_be_visible()
