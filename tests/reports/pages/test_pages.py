from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import Role
from apps.registry.models import MonitoredModel
from apps.reports.models import Report, ReportJob
from tests.factories import make_member, make_model, make_project, prediction_row, push_predictions
from tests.reports.documents import END, START, document, figure
from tests.reports.stored import make_report, report_model

pytestmark = pytest.mark.django_db


@pytest.fixture
def model() -> MonitoredModel:
    return report_model()


def signed_in(model: MonitoredModel, role: Role = Role.STAKEHOLDER) -> Client:
    client = Client()
    client.force_login(make_member(model.project, role).user)
    return client


def latest(model: MonitoredModel, kind: str = "value") -> str:
    return reverse("reports", args=[model.project.slug, model.slug, kind])


def address(name: str, report: Report, *more: str) -> str:
    return reverse(name, args=[report.model.project.slug, report.pk, *more])


def text_of(response: Any) -> str:
    return str(response.content.decode())


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("value", "the model earned about 1.32 million dollars more than the rule it replaced."),
        ("performance", "82.8 in 100 decisions were right."),
        ("baseline", "the model and the rule it replaced differed in 8.2 in 100 predictions"),
    ],
)
def test_a_stakeholder_reads_the_sentence_first(model: MonitoredModel, kind: str, sentence: str) -> None:
    make_report(model, kind)
    response = signed_in(model).get(latest(model, kind))
    assert response.status_code == 200
    assert sentence in text_of(response)
    assert "What we cannot say" in text_of(response)


def test_the_value_page_states_where_the_amounts_come_from(model: MonitoredModel) -> None:
    make_report(model)
    assert "The amounts are invented for this example." in text_of(signed_in(model).get(latest(model)))


def test_a_restated_figure_says_what_it_was_and_why(model: MonitoredModel) -> None:
    make_report(model)
    page = text_of(signed_in(model).get(latest(model)))
    assert "on 3 November 2026 we said $1,290,000" in page
    assert "3,120 outcomes arrived and 12 outcomes were corrected" in page


def test_the_uncorrected_figure_is_labelled_as_such(model: MonitoredModel) -> None:
    make_report(model, "performance")
    page = text_of(signed_in(model).get(latest(model, "performance")))
    assert "Counting only the reviewed cases" in page
    assert "uncorrected" in page


def test_each_question_has_one_figure_with_its_range_and_why_this_one(model: MonitoredModel) -> None:
    make_report(model, "performance")
    page = text_of(signed_in(model).get(latest(model, "performance")))
    for question, figure_, likely, why in (
        ("How often is it right?", "82.8", "likely 82.6 to 83.0", "the outcomes of all 144,616 predictions are in"),
        ("When it says “employed”, is that so?", "80.9", "counted", "on 69,000 such answers"),
        ("Does 70 % mean 70 %?", "1.3", "counted", "off in the same direction"),
        ("Is it better than the rule it replaced?", "+3.5", "likely +3.3 to +3.7", "The same cases, answered by both."),
        ("And now, while outcomes are open?", "82", "likely 80 to 84", "from 412 reviewed cases drawn by chance"),
    ):
        row = page.partition(question)[2].partition("</tr>")[0]
        assert f"<b>{figure_}</b>" in row, question
        assert likely in row
        assert why in row


def test_the_window_before_stands_beside_the_figures(model: MonitoredModel) -> None:
    make_report(model, "performance")
    client, before = signed_in(model), document("performance")
    assert 'class="num was"' not in text_of(client.get(latest(model, "performance")))
    before["headline"]["figures"]["accuracy"] = figure(0.871)
    before["parts"][1] |= {"start": "2025-12-01", "end": "2026-01-01"}
    make_report(model, "performance", start=START - (END - START), end=START, document=before)
    page = text_of(client.get(latest(model, "performance")))
    assert ">December<" in page.replace("\n", "").replace("  ", "")
    assert "87.1" in page.partition("How often is it right?")[2].partition("</tr>")[0]


@pytest.mark.parametrize("role", [Role.STAKEHOLDER, Role.ADJUDICATOR, Role.ENGINEER, Role.VALIDATOR])
def test_the_counts_open_their_cases_for_those_who_may_read_cases(model: MonitoredModel, role: Role) -> None:
    make_report(model, "performance")
    client = signed_in(model, role)
    page = text_of(client.get(latest(model, "performance")))
    query = "prediction=class%3A1&amp;truth=class%3A0&amp;since=2026-05-25&amp;until=2026-09-27"
    reads = role in (Role.ENGINEER, Role.VALIDATOR)
    assert (query in page) is reads
    assert ("Each field opens its cases." in page) is reads
    assert "13,800" in page  # a fifth of the 69,000 predicted “employed”
    if reads:
        cases = reverse("cases", args=[model.project.slug, model.slug])
        assert client.get(f"{cases}?{query.replace('&amp;', '&')}").status_code == 200


def test_the_method_is_closed_but_for_what_we_cannot_say(model: MonitoredModel) -> None:
    make_report(model, "performance")
    page = text_of(signed_in(model).get(latest(model, "performance")))
    method = page.partition("<b>Method</b></p>")[2]
    assert method.partition("<details")[0].count("What we cannot say") == 1
    for title in ("How it was counted", "All measures", "Drawn cases of the open days"):
        assert f"<summary>{title}</summary>" in method


def test_a_report_from_before_pictures_has_a_page(model: MonitoredModel) -> None:
    old = document("performance")
    del old["pictures"]
    make_report(model, "performance", document=old)
    page = text_of(signed_in(model).get(latest(model, "performance")))
    assert "How often is it right?" in page
    assert "Right and wrong" not in page


@pytest.mark.parametrize("role", [Role.STAKEHOLDER, Role.REVIEWER, Role.ADJUDICATOR])
def test_sensitive_slices_are_hidden_below_engineer(model: MonitoredModel, role: Role) -> None:
    make_report(model, "performance")
    page = text_of(signed_in(model, role).get(latest(model, "performance")))
    assert "Slices of sensitive features are hidden for your role." in page
    assert "female" not in page
    assert "By sex" not in page
    assert "female" in text_of(signed_in(model, Role.ENGINEER).get(latest(model, "performance")))


def test_what_was_sensitive_when_the_report_was_made_stays_hidden(model: MonitoredModel) -> None:
    make_report(model, "performance")
    for feature in model.features:
        feature["sensitive"] = False
    model.save()
    assert "female" not in text_of(signed_in(model).get(latest(model, "performance")))


def test_losses_of_sensitive_slices_are_hidden_too(model: MonitoredModel) -> None:
    make_report(model)
    page = text_of(signed_in(model).get(latest(model)))
    assert "Age: 60 and over" in page
    assert "female" not in page
    assert "Sex: female" in text_of(signed_in(model, Role.ENGINEER).get(latest(model)))


def test_each_chart_reserves_its_place(model: MonitoredModel) -> None:
    make_report(model)
    page = text_of(signed_in(model).get(latest(model)))
    assert page.count('viewBox="0 0 720 256" width="720" height="256"') == 1
    assert page.count('viewBox="0 0 358 256" width="358" height="256"') == 1


def test_a_chart_says_in_words_what_it_shows(model: MonitoredModel) -> None:
    make_report(model)
    page = text_of(signed_in(model).get(latest(model)))
    assert "<title>Gain over the baseline, month by month</title>" in page
    assert "; 1 to 22 November 2026: " in page.partition("<desc>")[2].partition("</desc>")[0]


def test_a_report_prints_as_pdf(model: MonitoredModel) -> None:
    response = signed_in(model).get(address("report_pdf", make_report(model)))
    assert response["Content-Type"] == "application/pdf"
    assert response.content.startswith(b"%PDF-")


@pytest.mark.parametrize(
    "name", ["loans 🙂 👩‍👩‍👧", "日本 の モデル", "สินเชื่อ", "قرض", "a\u200db\u0301 ﷽ \U0001f1e9\U0001f1ea"]
)
def test_a_report_prints_whatever_signs_its_names_have(model: MonitoredModel, name: str) -> None:
    MonitoredModel.objects.filter(pk=model.pk).update(name=name, class_labels={"yes": name})
    response = signed_in(model).get(address("report_pdf", make_report(model)))
    assert response.status_code == 200
    assert response.content.startswith(b"%PDF-")


def test_without_a_report_an_engineer_is_asked_for_the_period(model: MonitoredModel) -> None:
    page = text_of(signed_in(model, Role.ENGINEER).get(latest(model)))
    assert "No report of this kind yet." in page
    assert "The last 26 weeks" in page


def predict_on(model: MonitoredModel, day: str, size: int = 10) -> None:
    rows = [prediction_row(n, id=f"{day}-{n}", predicted_at=f"{day}T12:00:00Z") for n in range(size)]
    push_predictions(model, rows)


def test_without_a_report_a_stakeholder_is_asked_for_the_period_as_well(model: MonitoredModel) -> None:
    page = text_of(signed_in(model).get(latest(model)))
    assert "No report of this kind yet." in page
    assert "The last 26 weeks" in page


@pytest.mark.parametrize("role", [Role.STAKEHOLDER, Role.ENGINEER])
def test_whoever_reads_reports_chooses_dates_with_the_last_day_included(model: MonitoredModel, role: Role) -> None:
    predict_on(model, "2026-10-05")
    response = signed_in(model, role).post(latest(model), {"start": "2026-10-01", "through": "2026-10-31"})
    job = ReportJob.objects.get()
    assert (str(job.start), str(job.end), job.kind) == ("2026-10-01", "2026-11-01", "value")
    assert response["Location"] == reverse("report_job", args=[model.project.slug, job.pk])


def test_the_last_weeks_end_with_today(model: MonitoredModel) -> None:
    predict_on(model, timezone.now().date().isoformat())
    signed_in(model, Role.ENGINEER).post(latest(model), {"window": "4"})
    job = ReportJob.objects.get()
    assert (job.end - job.start).days == 28


@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        ({"start": "2026-10-01"}, "Enter a first and a last day."),
        ({"start": "2026-10-02", "through": "2026-10-01"}, "The last day is before the first."),
        ({"start": "2026-10-02", "through": "9998-12-31"}, "The last day is too far ahead."),
        ({"window": "99"}, "Select a valid choice."),
        ({}, "Choose a period."),
    ],
)
def test_dates_that_make_no_window_come_back_with_the_reason(
    model: MonitoredModel, answers: dict[str, str], problem: str
) -> None:
    response = signed_in(model, Role.ENGINEER).post(latest(model), answers)
    assert response.status_code == 400
    assert problem in text_of(response)
    assert not ReportJob.objects.exists()


def test_a_model_that_predicts_a_number_has_a_page_of_each_kind() -> None:
    rules = {"task": "regression", "classes": [], "positive_class": "", "class_labels": {}, "prediction_range": [0, 20]}
    number = make_model(**rules)
    engineer = signed_in(number, Role.ENGINEER)
    first = text_of(engineer.get(latest(number, "performance")))
    for kind in ("performance", "baseline", "value"):
        assert latest(number, kind) in first
        assert engineer.get(latest(number, kind)).status_code == 200


def test_an_unknown_kind_is_not_found(model: MonitoredModel) -> None:
    assert signed_in(model).get(latest(model, "gossip")).status_code == 404


def make_job(model: MonitoredModel, **changes: Any) -> ReportJob:
    return ReportJob.objects.create(model=model, kind="value", start=START, end=END, **changes)


def test_a_job_says_its_step_and_asks_again_until_it_is_done(model: MonitoredModel) -> None:
    job = make_job(model, progress=0.4)
    where = reverse("report_job", args=[model.project.slug, job.pk])
    client = signed_in(model)
    page = text_of(client.get(where))
    assert "Waiting for its turn." in page
    # Other windows stay within reach meanwhile.
    assert "Another time…" in page
    assert 'hx-trigger="every 1s"' in page
    assert "<html" not in text_of(client.get(where, headers={"HX-Request": "true"}))
    job.report = make_report(model)
    job.save()
    # Where the newest report on these days is, whichever that will be.
    found = f"{latest(model)}?start={START}&end={END}"
    assert client.get(where)["Location"] == found
    assert client.get(where, headers={"HX-Request": "true"})["HX-Redirect"] == found
    make_report(model, seq=900)
    assert client.get(where)["Location"] == address("report", job.report)


def test_a_failed_job_says_what_went_wrong_and_an_engineer_tries_again(model: MonitoredModel) -> None:
    job = make_job(model, error="ValueError: <b>odd</b>", attempts=3, finished_at=timezone.now())
    where = reverse("report_job", args=[model.project.slug, job.pk])
    page = text_of(signed_in(model).get(where))
    assert "ValueError: &lt;b&gt;odd&lt;/b&gt;" in page
    assert "Try again" not in page
    assert signed_in(model).post(where).status_code == 403
    engineer = signed_in(model, Role.ENGINEER)
    assert "Try again" in text_of(engineer.get(where))
    assert engineer.post(where)["Location"] == where
    job.refresh_from_db()
    assert job.status == "queued"


def test_other_windows_and_earlier_versions_are_listed(model: MonitoredModel) -> None:
    first = make_report(model)
    second = make_report(model, seq=900)
    other = make_report(model, start=date(2026, 10, 1), end=date(2026, 11, 1))
    client = signed_in(model)
    page = text_of(client.get(address("report", first)))
    assert address("report", other) in page
    assert "There is a newer version of this report." in page
    assert "There is a newer version of this report." not in text_of(client.get(address("report", second)))


def test_a_window_without_predictions_has_a_page_too(model: MonitoredModel) -> None:
    empty = document(
        "performance", parts=[], sections={}, series=[], slices=[], headline={"part": "all", "figures": {}}
    )
    make_report(model, "performance", document=empty)
    assert "There were no predictions in this period." in text_of(signed_in(model).get(latest(model, "performance")))


@pytest.mark.parametrize("kind", ["value", "performance", "baseline"])
def test_a_window_without_any_figure_has_a_page_with_reasons(model: MonitoredModel, kind: str) -> None:
    bare = document(kind)
    nothing = figure(None, code="no_labels", n=0, n_eff=None)
    bare["sections"] = {name: dict.fromkeys(figures, nothing) for name, figures in bare["sections"].items()}
    bare["headline"] = {"part": "all", "figures": bare["sections"]["all"]}
    make_report(model, kind, document=bare)
    assert "none of these cases is reviewed yet" in text_of(signed_in(model).get(latest(model, kind)))


def test_a_window_of_a_single_month_does_not_repeat_its_figures_month_by_month(model: MonitoredModel) -> None:
    short = document("value")
    short["series"] = short["series"][:1]
    short["value"]["losses"] = []
    make_report(model, document=short)
    page = text_of(signed_in(model).get(latest(model)))
    assert "Month by month" not in page
    assert 'class="plot' not in page


def test_months_without_figures_are_lines_of_a_table_and_no_chart(model: MonitoredModel) -> None:
    unknown = document("value")
    for point in unknown["series"][1:]:
        point["figures"] = {}
    make_report(model, document=unknown)
    page = text_of(signed_in(model).get(latest(model)))
    assert "Too few figures for a chart." in page
    assert "25 to 31 May 2026" in page


def test_reports_of_another_project_do_not_exist(model: MonitoredModel) -> None:
    report, job = make_report(model), make_job(model)
    stranger = Client()
    elsewhere = make_project()
    stranger.force_login(make_member(elsewhere, Role.OWNER).user)
    for name in ("report", "report_pdf"):
        for project in (elsewhere.slug, model.project.slug):
            assert stranger.get(reverse(name, args=[project, report.pk])).status_code == 404
    assert stranger.get(reverse("report_job", args=[elsewhere.slug, job.pk])).status_code == 404
    assert stranger.get(reverse("reports", args=[elsewhere.slug, model.slug, "value"])).status_code == 404


def test_the_page_of_a_report_runs_a_fixed_number_of_queries(
    model: MonitoredModel, django_assert_max_num_queries: Any
) -> None:
    for seq in range(5):
        make_report(model, seq=seq)
    client = signed_in(model, Role.ENGINEER)
    with django_assert_max_num_queries(22):
        assert client.get(latest(model)).status_code == 200


def test_a_reason_that_many_cells_share_is_said_once(model: MonitoredModel) -> None:
    hidden = document("value")
    for each in hidden["sections"]["open"].values():
        each |= {"value": None, "low": None, "high": None, "code": "fewer_than_ten", "method": "none"}
    make_report(model, document=hidden)
    page = text_of(signed_in(model).get(latest(model)))
    assert page.count("<small>hidden</small>") == len(hidden["sections"]["open"]) - 1  # one more right is no sum
    assert page.count("Hidden for your role: the figure rests on fewer than ten predictions") == 1
