"""The three reports as they are read: in both colour schemes, wide and on a phone, without a mouse."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.models import Role, User
from apps.registry.models import MonitoredModel
from apps.reports.models import Report, ReportJob
from apps.reports.pages.charts import render_charts
from tests.factories import make_member
from tests.reports.documents import document
from tests.reports.stored import make_report, report_model

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SignIn = Callable[[Page, User], None]
Check = Callable[[Page], None]
Drawn = dict[str, dict[str, dict[str, str]]]
KINDS = ("value", "performance", "baseline")
SHIFTS = """() => new Promise(done => {
  let sum = 0
  new PerformanceObserver(list => list.getEntries().forEach(shift => { sum += shift.value }))
    .observe({type: "layout-shift", buffered: true})
  requestAnimationFrame(() => requestAnimationFrame(() => done(sum)))
})"""


@pytest.fixture(scope="session")
def drawn() -> Drawn:
    """Real pictures, drawn once for all tests."""
    return {kind: render_charts(kind, document(kind)) for kind in KINDS}  # type: ignore[arg-type]  # a TypedDict is a dict


def where(model: MonitoredModel, kind: str) -> str:
    return f"/p/{model.project.slug}/models/{model.slug}/reports/{kind}/"


@pytest.fixture(params=KINDS)
def shown(request: pytest.FixtureRequest, page: Page, drawn: Drawn, sign_in: SignIn) -> Report:
    """A report of each kind, with its page open."""
    model = report_model()
    report = make_report(model, request.param, charts=drawn[request.param])
    sign_in(page, make_member(model.project, Role.REVIEWER).user)
    page.goto(where(model, request.param))
    return report


def test_a_report_reads_well_everywhere(page: Page, look: tuple[str, int], shown: Report, is_sound: Check) -> None:
    picture = page.locator("#by_time picture img")
    expect(picture).to_have_js_property("complete", True)
    scheme, width = look
    theme = scheme if width > 600 else f"{scheme}_narrow"
    assert picture.evaluate("image => image.currentSrc").endswith(f"/reports/{shown.pk}/charts/by_time.{theme}.svg")
    assert picture.evaluate("image => image.naturalWidth") > 0
    is_sound(page)
    for summary in page.locator("article summary").all():
        summary.click()
    is_sound(page)


def test_figures_behind_a_picture_open_by_keyboard(page: Page, drawn: Drawn, sign_in: SignIn) -> None:
    model = report_model()
    make_report(model, "value", charts=drawn["value"])
    sign_in(page, make_member(model.project, Role.STAKEHOLDER).user)
    page.goto(where(model, "value"))
    page.locator("#by_time summary").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("table", name="More than the baseline, month by month")).to_be_visible()


def test_nothing_moves_when_pictures_load(page: Page, drawn: Drawn, sign_in: SignIn) -> None:
    model = report_model()
    make_report(model, "performance", charts=drawn["performance"])
    sign_in(page, make_member(model.project, Role.STAKEHOLDER).user)
    page.goto(where(model, "performance"))
    expect(page.locator("#by_time picture img")).to_have_js_property("complete", True)
    assert page.evaluate(SHIFTS) == 0


def test_an_engineer_asks_for_a_first_report_and_sees_it_come(
    page: Page, look: tuple[str, int], drawn: Drawn, sign_in: SignIn, is_sound: Check
) -> None:
    model = report_model()
    sign_in(page, make_member(model.project, Role.ENGINEER).user)
    page.goto(where(model, "value"))
    is_sound(page)
    page.get_by_label("Time").select_option(label="The last 4 weeks")
    page.get_by_role("button", name="Make the report").click()
    expect(page.get_by_text("Waiting for its turn.")).to_be_visible()
    is_sound(page)
    job = ReportJob.objects.get()
    job.report = make_report(model, "value", charts=drawn["value"])
    job.save()
    expect(page.get_by_text("dollars more than the rule it replaced").first).to_be_visible()
