"""Windows of reports as people choose them: the row, another time, what was said when."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import Role
from apps.registry.models import MonitoredModel
from apps.reports import services as reports
from apps.reports.models import FollowedWindow, Report, ReportJob
from apps.reports.services import windows
from apps.reports.services.windows import Standing
from tests.factories import draw_all, make_member, make_model, prediction_row, push_predictions
from tests.reports.documents import document, figure
from tests.reports.stored import make_report, report_model
from tests.reports.worlds import FIRST, close_days, correct_outcomes, make_world, report_of, send_outcomes

pytestmark = pytest.mark.django_db


def signed_in(model: MonitoredModel, role: Role = Role.STAKEHOLDER) -> Client:
    client = Client()
    client.force_login(make_member(model.project, role).user)
    return client


def latest(model: MonitoredModel, query: str = "") -> str:
    return reverse("reports", args=[model.project.slug, model.slug, "performance"]) + query


def text_of(response: Any) -> str:
    return str(response.content.decode())


def row_of(page: str) -> str:
    return page.partition('aria-label="Windows"')[2].partition("</nav>")[0]


def today_model(size: int = 12) -> MonitoredModel:
    """A model that began today, so that this month, this quarter and the last 28 days hold predictions."""
    model = make_model(maturity_days=60)
    now = timezone.now().isoformat()
    push_predictions(model, [prediction_row(n, predicted_at=now) for n in range(size)])
    draw_all(model)
    return model


def days(model: MonitoredModel, standing: str) -> tuple[date, date]:
    return windows.days_of(model, standing, today=windows.today_of(model))


def test_a_stakeholder_opens_a_window_waits_for_its_job_and_reads_the_report() -> None:
    model = today_model()
    client = signed_in(model)
    address = latest(model, "?window=this_month")
    assert address.replace("&", "&amp;") in row_of(text_of(client.get(latest(model))))
    waiting = client.get(address)
    job = ReportJob.objects.get()
    assert waiting["Location"] == reverse("report_job", args=[model.project.slug, job.pk])
    assert (job.start, job.end) == days(model, "this_month")
    # Asked again meanwhile, it is the same job.
    assert client.get(address)["Location"] == waiting["Location"]
    reports.run_due()
    assert client.get(waiting["Location"])["Location"] == address
    page = text_of(client.get(address))
    assert 'aria-current="page"' in row_of(page)
    assert ReportJob.objects.count() == 1


def test_a_window_that_was_looked_at_is_followed() -> None:
    model = today_model()
    signed_in(model).get(latest(model))
    followed = FollowedWindow.objects.get()
    assert (followed.standing, followed.start) == ("last_28_days", days(model, Standing.LAST_28_DAYS)[0])


def test_the_tab_opens_with_the_usual_window_as_soon_as_it_has_a_report() -> None:
    model = today_model()
    longest = make_report(model, "performance", start=date(2026, 1, 1), end=date(2027, 1, 1))
    client = signed_in(model)
    assert client.get(latest(model)).context["report"] == longest
    start, end = days(model, Standing.LAST_28_DAYS)
    usual = make_report(model, "performance", start=start, end=end)
    assert client.get(latest(model)).context["report"] == usual


def test_days_of_an_address_are_made_and_then_found_under_it() -> None:
    model = today_model()
    today = windows.today_of(model)
    query = f"?start={today - timedelta(days=3)}&end={today + timedelta(days=1)}"
    client = signed_in(model)
    assert client.get(latest(model, query)).status_code == 302
    reports.run_due()
    page = text_of(client.get(latest(model, query)))
    assert "days chosen" in row_of(page)


@pytest.mark.parametrize(
    "query", ["?window=yesterday", "?start=2026-05-01", "?start=2026-05-02&end=2026-05-01", "?end=x"]
)
def test_an_address_that_names_no_window_is_not_found(query: str) -> None:
    model = report_model()
    assert signed_in(model).get(latest(model, query)).status_code == 404


def test_a_window_without_predictions_says_what_there_is_and_what_is_nearest() -> None:
    model = make_model()
    push_predictions(model, [prediction_row(n, predicted_at=f"2026-05-0{n}T12:00:00Z") for n in (4, 9)])
    page = text_of(signed_in(model).get(latest(model, "?start=2026-03-01&end=2026-04-01")))
    assert "There are no predictions in this time." in page
    assert "predictions from 4 to 9 May 2026" in page
    assert latest(model, "?start=2026-05-01&amp;end=2026-06-01") in page
    assert not ReportJob.objects.exists()
    sent = signed_in(model).post(latest(model), {"start": "2026-03-01", "through": "2026-03-31"})
    assert sent["Location"] == latest(model, "?start=2026-03-01&end=2026-04-01")


def test_a_model_without_predictions_says_so() -> None:
    model = make_model()
    page = text_of(signed_in(model).get(latest(model, "?window=last_month")))
    assert "No prediction of this model has arrived yet." in page


def test_of_an_archived_model_only_stored_reports_are_shown() -> None:
    model = today_model()
    model.archived_at = timezone.now()
    model.save()
    page = text_of(signed_in(model).get(latest(model, "?window=this_month")))
    assert "No report was made for this time." in page
    assert "Another time" not in page


def test_days_that_would_single_out_cases_are_refused_below_engineer_with_the_reason() -> None:
    model = today_model(size=3)
    today = windows.today_of(model)
    asked = {"start": f"{today}", "through": f"{today}"}
    refused = signed_in(model, Role.REVIEWER).post(latest(model), asked)
    assert refused.status_code == 400
    assert "figures of single cases could be worked out" in text_of(refused)
    query = f"?start={today}&end={today + timedelta(days=1)}"
    assert signed_in(model, Role.REVIEWER).get(latest(model, query)).status_code == 400
    assert not ReportJob.objects.exists()
    assert signed_in(model, Role.ENGINEER).post(latest(model), asked).status_code == 302


def test_a_current_report_is_shown_without_a_job() -> None:
    model = today_model()
    client = signed_in(model)
    today = windows.today_of(model)
    asked = {"start": f"{today - timedelta(days=2)}", "through": f"{today}"}
    client.post(latest(model), asked)
    reports.run_due()
    found = client.post(latest(model), asked)
    assert found["Location"] == latest(model, f"?start={asked['start']}&end={today + timedelta(days=1)}")
    assert ReportJob.objects.count() == 1


def test_too_many_requests_come_back_in_words(settings: Any) -> None:
    settings.MAX_UNFINISHED_REPORTS = 4
    model = today_model()
    today = windows.today_of(model)
    client = signed_in(model)
    answers = [
        client.post(latest(model), {"start": f"{today - timedelta(days=n)}", "through": f"{today}"}) for n in (2, 3)
    ]
    assert [each.status_code for each in answers] == [302, 429]
    assert "You already have 1 report under way" in text_of(answers[1])


def test_empty_days_before_the_first_prediction_are_not_shown() -> None:
    world = make_world(200, days=4)
    send_outcomes(world, range(200))
    close_days(world, before=4)
    job = reports.request_report(world.model, "performance", FIRST - timedelta(days=20), world.end)
    reports.run_due()
    job.refresh_from_db()
    assert job.report is not None
    made = job.report.document
    assert made["window"]["since"] == made["series"][0]["start"] == made["parts"][0]["start"] == "2026-03-01"
    page = text_of(signed_in(world.model).get(reverse("report", args=[world.model.project.slug, job.report.pk])))
    assert "From 1 March, when the first prediction came, to 4 March 2026," in page
    assert "Performance, 1 to 4 March 2026" in page
    # A window that begins with it, and one before whose start there are predictions, begin where they begin.
    for start in (FIRST, FIRST + timedelta(days=1)):
        job = reports.request_report(world.model, "performance", start, world.end)
        reports.run_due()
        job.refresh_from_db()
        assert job.report is not None
        assert "since" not in job.report.document["window"]


def said(report: Report) -> str:
    return reverse("report_said", args=[report.model.project.slug, report.pk])


def test_the_timeline_says_what_was_said_when_and_why_it_changed() -> None:
    world = make_world(400, days=4)
    send_outcomes(world, range(400))
    close_days(world, before=4)
    first = report_of(world)
    correct_outcomes(world, range(10))
    second = report_of(world)
    client = signed_in(world.model)
    page = text_of(client.get(said(second)))
    assert page.index("shown here") < page.index("The first report on this time.")
    assert "10 outcomes were corrected" in page
    assert reverse("report", args=[world.model.project.slug, first.pk]) in page
    assert "<html" not in text_of(client.get(said(second), headers={"HX-Request": "true"}))
    line = text_of(client.get(reverse("report", args=[world.model.project.slug, second.pk])))
    assert "What was said before: " in line
    assert said(second) in line
    alone = make_report(report_model(), "performance")
    address = reverse("report", args=[alone.model.project.slug, alone.pk])
    assert "What was said before" not in text_of(signed_in(alone.model).get(address))


def test_the_timeline_shows_no_figure_of_fewer_than_ten() -> None:
    model = report_model()
    few = document("performance")
    tiny = figure(0.4321, 0.1, n=3)
    few["sections"] = {name: dict.fromkeys(figures, tiny) for name, figures in few["sections"].items()}
    made = [make_report(model, "performance", seq=seq, document=few) for seq in (1, 2)]
    assert "43" not in text_of(signed_in(model).get(said(made[1]))).partition("<main")[2].partition("<table")[2]
    assert "43" in text_of(signed_in(model, Role.ENGINEER).get(said(made[1])))


def test_a_long_timeline_reads_a_limited_number_of_reports(django_assert_max_num_queries: Any) -> None:
    model = report_model()
    for seq in range(40):
        made = make_report(model, "performance", seq=seq)
    client = signed_in(model)
    with django_assert_max_num_queries(60):
        assert text_of(client.get(said(made))).count("<tr") == 1 + 24
