"""A report as a file, on its page and over the API: what its reader may see, in three forms."""

import csv
import io
import zipfile
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import Role
from apps.reports.engine.results import results_of
from apps.reports.models import Report, ReportJob
from tests.factories import make_key, make_member
from tests.reports.documents import END, START, document
from tests.reports.stored import make_report, report_model

pytestmark = pytest.mark.django_db


@pytest.fixture
def report() -> Report:
    """A performance report with a sensitive slice and its flat results."""
    whole = document("performance")
    whole["results"] = list(results_of(whole))
    return make_report(report_model(), "performance", document=whole)


def content(report: Report, role: Role, form: str) -> bytes:
    visitor = Client()
    visitor.force_login(make_member(report.model.project, role).user)
    answer: Any = visitor.get(reverse("report_figures", args=[report.model.project.slug, report.pk, form]))
    assert answer.status_code == 200
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_every_form_has_the_figures_of_the_document(report: Report) -> None:
    wanted = {(each["metric"], each["part"], each["value"]) for each in report.document["results"]}
    table = pq.read_table(io.BytesIO(content(report, Role.ENGINEER, "parquet"))).to_pylist()
    assert {(each["metric"], each["part"], each["value"]) for each in table} == wanted
    lines = list(csv.DictReader(io.StringIO(content(report, Role.ENGINEER, "csv").decode())))
    assert {(each["metric"], each["part"], float(each["value"]) if each["value"] else None) for each in lines} == wanted


def test_a_workbook_has_the_tables_and_the_data_of_the_pictures_too(report: Report) -> None:
    with zipfile.ZipFile(io.BytesIO(content(report, Role.ENGINEER, "xlsx"))) as book:
        names = book.read("xl/workbook.xml").decode()
    assert 'name="Figures"' in names
    assert names.count("<sheet ") > 2


def test_a_stakeholder_gets_no_figure_of_a_sensitive_slice(report: Report) -> None:
    slices = {
        role: {row["slice"] for row in csv.DictReader(io.StringIO(content(report, role, "csv").decode()))}
        for role in (Role.STAKEHOLDER, Role.ENGINEER)
    }
    assert slices[Role.ENGINEER] - slices[Role.STAKEHOLDER] == {"sex"}


def test_the_api_gives_the_same_rows(report: Report) -> None:
    job = ReportJob.objects.create(model=report.model, kind="performance", start=START, end=END, report=report)
    _, text = make_key(report.model.project)
    headers = {"Authorization": f"Bearer {text}"}
    address = reverse("api_report_figures", args=[job.pk])
    rows = Client().get(address, headers=headers).json()["figures"]
    answer: Any = Client().get(address, {"format": "csv"}, headers=headers)
    assert answer.status_code == 200
    lines = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert len(lines) == len(rows) > 10


def test_another_form_is_not_found(report: Report) -> None:
    visitor = Client()
    visitor.force_login(make_member(report.model.project, Role.ENGINEER).user)
    assert visitor.get(reverse("report_figures", args=[report.model.project.slug, report.pk, "doc"])).status_code == 404
