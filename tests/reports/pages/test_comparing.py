"""The page that compares, the strip above a report, and what each role sees of them."""

import json
import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from apps.accounts.models import Role
from apps.registry.models import MonitoredModel
from apps.reports.models import Comparison, ComparisonJob
from apps.reports.pages.choosing_sides import address_of, side_before
from apps.reports.pages.side_by_side import figures_table, why_of
from apps.reports.pages.waterfall import waterfall_of
from apps.reports.services.comparisons import Side
from apps.reports.services.visible_comparison import visible_comparison
from tests.factories import make_key, make_member, prediction_row, push_predictions
from tests.reports.comparison_documents import compared_document
from tests.reports.stored import make_report, make_stored_comparison, report_model

pytestmark = pytest.mark.django_db
AUGUST, SEPTEMBER = Side(date(2026, 8, 1), date(2026, 9, 1)), Side(date(2026, 9, 1), date(2026, 10, 1))


@pytest.fixture
def model() -> MonitoredModel:
    made = report_model()
    push_predictions(made, [prediction_row(n, predicted_at=f"2026-0{7 + n}-15T00:00:00Z") for n in (1, 2)])
    return made


def text_of(response: Any) -> str:
    """The words of a page, without its marks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", response.content.decode())).strip()


def signed_in(model: MonitoredModel, role: Role) -> Client:
    client = Client()
    client.force_login(make_member(model.project, role).user)
    return client


def test_a_stored_comparison_is_shown_with_its_reason_and_picture(model: MonitoredModel):
    make_stored_comparison(model)
    page = signed_in(model, Role.ENGINEER).get(address_of(model, "performance", AUGUST, SEPTEMBER))
    text = text_of(page)
    assert page.status_code == 200
    assert "78.3 of 100 decisions were right, 5.8 fewer than in August" in text
    assert "all 6,886 cases were “Group quarters” or “Institution” (Home)" in text
    assert "slice=home&amp;slice_value=17" in page.content.decode()
    assert "<svg" in page.content.decode()


def test_a_stakeholder_sees_no_links_to_cases(model: MonitoredModel):
    make_stored_comparison(model)
    page = signed_in(model, Role.STAKEHOLDER).get(address_of(model, "performance", AUGUST, SEPTEMBER))
    assert "slice_value" not in page.content.decode()


def test_without_a_stored_one_a_stakeholder_has_it_made(model: MonitoredModel):
    client = signed_in(model, Role.STAKEHOLDER)
    page = client.get(address_of(model, "performance", AUGUST, SEPTEMBER))
    job = ComparisonJob.objects.get()
    assert page["Location"] == reverse("comparison_job", args=[model.project.slug, job.pk])
    assert "The comparison is being made." in text_of(client.get(page["Location"]))


def test_the_strip_above_a_report_says_what_changed(model: MonitoredModel):
    make_stored_comparison(model)
    report = make_report(model, "performance", start=SEPTEMBER.start, end=SEPTEMBER.end)
    at = reverse("report_moved", args=[model.project.slug, report.pk])
    text = text_of(signed_in(model, Role.STAKEHOLDER).get(at))
    assert "September against August −5.8 points, of which mix of cases −5.1, accuracy at the same mix −0.7" in text


def test_the_strip_has_a_missing_comparison_made_once(model: MonitoredModel):
    report = make_report(model, "performance", start=SEPTEMBER.start, end=SEPTEMBER.end)
    at, client = reverse("report_moved", args=[model.project.slug, report.pk]), signed_in(model, Role.STAKEHOLDER)
    assert "is being compared" in text_of(client.get(at))
    ComparisonJob.objects.update(attempts=3, finished_at="2026-10-02T00:00:00Z", error="It broke.")
    assert "What changed since August 2026?" in text_of(client.get(at))
    assert ComparisonJob.objects.count() == 1


def test_earlier_prices_are_chosen_on_the_page_of_value_alone(model: MonitoredModel):
    matrix = {"yes": {"yes": "10", "no": "-8"}, "no": {"yes": "-2", "no": "1"}}
    for version in (1, 2):
        model.value_models.create(version=version, currency="USD", matrix=matrix)
    client = signed_in(model, Role.STAKEHOLDER)
    earlier = replace(SEPTEMBER, value_model=1)
    address = address_of(model, "value", earlier, SEPTEMBER)
    assert "first_prices=1" in address
    assert client.get(address).status_code == 302
    job = ComparisonJob.objects.get()
    assert (job.first_value_model, job.second_value_model) == (1, None)
    assert (job.first_start, job.second_start) == (SEPTEMBER.start, SEPTEMBER.start)
    assert text_of(client.get(reverse("comparison_job", args=[model.project.slug, job.pk]))).count("prices 1") == 2
    assert "or earlier prices" in text_of(client.get(address_of(model, "value", AUGUST, AUGUST)))
    bad = client.get(address.replace("first_prices=1", "first_prices=7"))
    assert (bad.status_code, "Select a valid choice" in text_of(bad)) == (400, True)
    # Nothing but value depends on prices: there the two sides are the same.
    assert client.get(address_of(model, "performance", earlier, SEPTEMBER)).status_code == 400


def test_bad_sides_come_back_with_a_reason(model: MonitoredModel):
    client = signed_in(model, Role.ENGINEER)
    at = reverse("compare", args=[model.project.slug, model.slug, "performance"])
    asked = {"second": "2026-09-01_2026-10-01", "first_start": "2026-08-09", "first_through": "2026-08-01"}
    page = client.get(at, asked)
    assert (page.status_code, "a last one that is not before it" in text_of(page)) == (400, True)
    same = client.get(at, {"first": "2026-09-01_2026-10-01", "second": "2026-09-01_2026-10-01"})
    assert "does not differ from itself" in text_of(same)
    assert client.get(at.replace("performance", "beauty")).status_code == 404


def test_the_window_before_a_month_is_the_month_before(model: MonitoredModel):
    assert side_before(model, SEPTEMBER) == AUGUST
    assert side_before(model, Side(date(2026, 9, 11), date(2026, 10, 11))) == Side(date(2026, 8, 12), date(2026, 9, 11))
    assert side_before(model, AUGUST) is None


def test_the_tables_hold_the_parts_and_the_groups():
    made = compared_document()
    why = why_of(made)
    assert why is not None
    assert [(row.name, row.cells[0].text) for row in why.parts.rows] == [
        ("Mix of cases", "−5.1"), ("Accuracy at the same mix", "−0.7"), ("Together", "−5.8"),
    ]  # fmt: skip
    assert [row.name for row in why.groups.rows] == ["Group quarters", "Household", "Institution"]
    assert [cell.text for cell in figures_table(made).rows[0].cells] == ["78.3\xa0%", "84.1\xa0%", "−5.8 points"]
    chart = waterfall_of(made)
    assert chart is not None
    assert "Mix of cases −5.1" in chart.description


def by_sex(model: MonitoredModel, **changes: Any) -> Comparison:
    """A comparison by sex, which is sensitive, with another division for others."""
    made = compared_document()
    assert made["why"] is not None
    told = json.loads(json.dumps(made["why"]))
    told["cause"] |= {"name": "sex", "groups": made["why"]["cause"]["groups"]}
    return make_stored_comparison(model, document=made | {"why": told, "why_open": made["why"]} | changes)


@pytest.mark.parametrize("role", [Role.STAKEHOLDER, Role.REVIEWER, Role.ADJUDICATOR])
def test_below_engineer_no_sensitive_division_is_named(model: MonitoredModel, role: Role):
    stored = by_sex(model)
    seen = visible_comparison(stored, role=role).document
    assert seen["why"]["cause"]["name"] == "home"
    assert "sex" not in json.dumps(seen).lower()
    assert visible_comparison(stored, role=Role.ENGINEER).document["why"]["cause"]["name"] == "sex"


def test_with_only_a_sensitive_division_nothing_is_explained(model: MonitoredModel):
    seen = visible_comparison(by_sex(model, why_open=None), role=Role.STAKEHOLDER).document
    assert (seen["why"], seen["code"]) == (None, "sensitive_hidden")


def test_small_groups_and_small_sides_are_hidden(model: MonitoredModel):
    made = compared_document()
    assert made["why"] is not None
    made["why"]["cause"]["groups"][1]["n"] = [4, 1_800]
    made["why"]["cause"]["days"] |= {"n": 6_886, "inside": 6_880}
    seen = visible_comparison(make_stored_comparison(model, document=made), role=Role.STAKEHOLDER).document
    groups = seen["why"]["cause"]["groups"]
    # The four of the first window, and the next smallest so that their difference is not given away.
    assert [group["n"] for group in groups] == [[33_100, 25_343], [None, None], [None, None]]
    assert seen["why"]["cause"]["days"] is None
    made["sides"][0]["n"] = 7
    few = visible_comparison(make_stored_comparison(model, seq=2, document=made), role=Role.STAKEHOLDER).document
    assert (few["why"], few["code"], few["differences"]["accuracy"]["value"]) == (None, "fewer_than_ten", None)


def test_windows_that_differ_by_single_cases_are_hidden(model: MonitoredModel):
    made = compared_document(shared=34_430)
    seen = visible_comparison(make_stored_comparison(model, document=made), role=Role.STAKEHOLDER).document
    assert seen["code"] == "fewer_than_ten"


def test_the_api_requests_and_returns_a_comparison(model: MonitoredModel):
    _, secret_key = make_key(model.project, acts_for=make_member(model.project, Role.STAKEHOLDER).user)
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {secret_key}")
    asked = {
        "kind": "performance",
        "first": {"start": "2026-08-01", "end": "2026-09-01"},
        "second": {"start": "2026-09-01", "end": "2026-10-01"},
    }
    made = client.post(f"/api/v1/models/{model.slug}/comparisons", asked, format="json")
    assert made.status_code == 202, made.json()
    job = ComparisonJob.objects.get(pk=made.json()["id"])
    waiting = client.get(f"/api/v1/comparisons/{job.pk}").json()
    assert (waiting["status"], waiting["first"]["start"], waiting["why"]) == ("queued", "2026-08-01", None)
    job.comparison, job.finished_at = make_stored_comparison(model), "2026-10-02T00:00:00Z"
    job.save()
    done = client.get(f"/api/v1/comparisons/{job.pk}").json()
    assert (done["status"], done["why"]["parts"][0]["name"]) == ("done", "mix")
    assert done["headline"].startswith("In September 78.3 of 100 decisions were right")
