"""A project's name, time zone, and formats of numbers and dates."""

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import Membership, Project, Role
from apps.audit.models import Entry
from tests.factories import make_member, make_model, make_project, prediction_row, push_predictions
from tests.reports.stored import make_report, report_model

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> Membership:
    return make_member(make_project(), Role.OWNER)


def save(owner: Membership, name: str, zone: str, numbers: str = "commas", dates: str = "day_first") -> tuple[int, str]:
    client = Client()
    client.force_login(owner.user)
    answers = {"name": name, "time_zone": zone, "number_format": numbers, "date_format": dates}
    answer = client.post(reverse("project_settings", args=[owner.project.slug]), answers)
    return answer.status_code, answer.content.decode()


def test_name_and_zone_change_until_the_first_prediction(owner: Membership) -> None:
    assert save(owner, "Loans", "Asia/Tokyo")[0] == 302
    project = Project.objects.get()
    assert (project.name, project.time_zone) == ("Loans", "Asia/Tokyo")
    entry = Entry.objects.of(project.pk).newest()[0]
    assert (entry.act, entry.details["after"]["time_zone"]) == ("project.changed", "Asia/Tokyo")
    push_predictions(make_model(project), [prediction_row(1)])
    status, page = save(owner, "Credit", "UTC")
    assert status == 400
    assert "Predictions are counted by days in Asia/Tokyo already." in page
    assert save(owner, "Credit", "Asia/Tokyo")[0] == 302
    assert Project.objects.get().name == "Credit"


def test_pages_write_numbers_as_the_project_wants_them(owner: Membership, client: Client) -> None:
    report = make_report(report_model(owner.project))
    client.force_login(owner.user)
    address = reverse("report", args=[owner.project.slug, report.pk])
    assert "144,616 predictions" in client.get(address).content.decode()
    assert save(owner, "Loans", "UTC", "points")[0] == 302
    page = client.get(address).content.decode()
    assert "144.616 predictions" in page
    assert "144,616" not in page
    assert "1,32 million dollars" in page
    assert client.get(reverse("report_pdf", args=[owner.project.slug, report.pk])).content.startswith(b"%PDF")


@pytest.mark.parametrize(
    ("dates", "said"),
    [
        ("points", "20.11.2026"),
        ("slashes_month", "11/20/2026"),
        ("month_first", "November 20, 2026"),
        ("iso", "2026-11-20"),
    ],
)
def test_pages_write_dates_as_the_project_wants_them(owner: Membership, client: Client, dates: str, said: str) -> None:
    report = make_report(report_model(owner.project))
    client.force_login(owner.user)
    address = reverse("report", args=[owner.project.slug, report.pk])
    assert "20 November 2026" in client.get(address).content.decode()
    assert save(owner, "Loans", "UTC", dates=dates)[0] == 302
    page = client.get(address).content.decode()
    assert said in page
    assert "20 November 2026" not in page


def test_an_unknown_zone_is_refused(owner: Membership) -> None:
    before = Project.objects.get().time_zone
    status, page = save(owner, "Loans", "Mars/Olympus")
    assert status == 400
    assert "There is no such time zone." in page
    assert Project.objects.get().time_zone == before


def test_saving_without_a_change_records_nothing(owner: Membership) -> None:
    project = Project.objects.get()
    entries = Entry.objects.of(project.pk).count()
    assert save(owner, project.name, project.time_zone)[0] == 302
    assert Entry.objects.of(project.pk).count() == entries
