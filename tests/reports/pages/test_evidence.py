"""The evidence of a report on its page and over the API: who may have it, and what they see until it is written."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import Role
from apps.reports.models import EvidenceFile, EvidencePiece, Report, ReportJob
from tests.factories import make_key, make_member
from tests.reports.documents import END, START, document
from tests.reports.stored import make_report, report_model

pytestmark = pytest.mark.django_db


@pytest.fixture
def report() -> Report:
    return make_report(report_model(), "performance", document=document("performance"))


def visitor(report: Report, role: Role) -> Client:
    client = Client()
    client.force_login(make_member(report.model.project, role).user)
    return client


def page(report: Report, name: str = "report_evidence") -> str:
    return reverse(name, args=[report.model.project.slug, report.pk])


def written(report: Report) -> EvidenceFile:
    file = EvidenceFile.objects.create(report=report, finished_at=timezone.now())
    for number, content in enumerate((b"PK", b"34")):
        EvidencePiece.objects.create(file=file, number=number, content=content)
    return file


@pytest.mark.parametrize("role", [Role.STAKEHOLDER, Role.REVIEWER, Role.ADJUDICATOR])
def test_who_may_not_see_labels_gets_no_evidence(report: Report, role: Role) -> None:
    client = visitor(report, role)
    assert client.get(page(report)).status_code == 403
    assert client.get(page(report, "report_evidence_file")).status_code == 403
    assert page(report) not in client.get(page(report, "report")).content.decode()
    assert not EvidenceFile.objects.exists()


@pytest.mark.parametrize("role", [Role.VALIDATOR, Role.ENGINEER, Role.OWNER])
def test_the_page_has_it_written_and_then_offers_it(report: Report, role: Role) -> None:
    client = visitor(report, role)
    assert "A worker is writing the evidence" in client.get(page(report)).content.decode()
    assert client.get(page(report, "report_evidence_file")).status_code == 302
    EvidenceFile.objects.all().delete()
    written(report)
    assert "Download (ZIP)" in client.get(page(report), headers={"HX-Request": "true"}).content.decode()
    answer: Any = client.get(page(report, "report_evidence_file"))
    assert b"".join(answer.streaming_content) == b"PK34"


def test_a_report_links_to_its_evidence(report: Report) -> None:
    assert page(report) in visitor(report, Role.ENGINEER).get(page(report, "report")).content.decode()


def test_the_page_says_why_there_is_none(report: Report) -> None:
    EvidenceFile.objects.create(report=report, finished_at=timezone.now(), error="Settings have changed.")
    said = visitor(report, Role.ENGINEER).get(page(report)).content.decode()
    assert "Settings have changed." in said
    assert "cannot be written" in said


def test_the_api_answers_202_until_it_is_written(report: Report) -> None:
    job = ReportJob.objects.create(model=report.model, kind="performance", start=START, end=END, report=report)
    member = make_member(report.model.project, Role.ENGINEER)
    _, secret = make_key(report.model.project, scopes=["labels:read"], acts_for=member.user)
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    for address in (reverse("api_report_evidence", args=[job.pk]), reverse("api_stored_evidence", args=[report.pk])):
        EvidenceFile.objects.all().delete()
        waiting = client.get(address)
        assert (waiting.status_code, waiting.json()) == (202, {"status": "queued"})
        EvidenceFile.objects.all().delete()
        file = written(report)
        answer: Any = client.get(address)
        assert (answer.status_code, b"".join(answer.streaming_content)) == (200, b"PK34")
        file.error = "It has changed."
        file.save()
        refused = client.get(address)
        assert (refused.status_code, refused.json()["code"]) == (409, "no_evidence")


def test_a_key_that_may_read_reports_alone_gets_none(report: Report) -> None:
    _, secret = make_key(report.model.project, scopes=["reports:read"])
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    assert client.get(reverse("api_stored_evidence", args=[report.pk])).status_code == 403
