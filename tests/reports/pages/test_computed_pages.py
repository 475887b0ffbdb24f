"""Computed reports, as people read them."""

from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import Role
from apps.registry.models import ValueModel
from apps.reports import services
from apps.reports.models import Report
from apps.reports.pages.pdf import render_pdf
from apps.reports.pages.sheets import sheet_of
from tests.factories import make_member
from tests.reports.worlds import FIRST, World, close_days, label_draws, make_world, report_of, send_outcomes

pytestmark = pytest.mark.django_db


def half_closed(size: int = 1_200) -> World:
    """Six days with all outcomes, and six with reviewed cases alone."""
    world = make_world(size, days=12)
    ValueModel.objects.create(
        model=world.model,
        version=1,
        currency="EUR",
        matrix={"no": {"no": "650", "yes": "-250"}, "yes": {"no": "0", "yes": "0"}},
        statement="Invented for a test.",
    )
    send_outcomes(world, [number for number in range(size) if number % 12 < 6])
    close_days(world, before=6)
    label_draws(world)
    return world


def page_of(report: Report) -> str:
    client = Client()
    client.force_login(make_member(report.model.project, Role.STAKEHOLDER).user)
    response = client.get(f"/p/{report.model.project.slug}/reports/{report.pk}/")
    assert response.status_code == 200
    return str(response.content.decode())


@pytest.mark.slow
def test_each_kind_is_read_and_printed_as_it_was_computed() -> None:
    world = half_closed()
    sentences = {
        "value": "euros more than the rule it replaced",
        "performance": "in 100 decisions were right.",
        "baseline": "where they did, the model was right",
    }
    for kind, sentence in sentences.items():
        report = report_of(world, kind)
        report.refresh_from_db()
        page = page_of(report)
        assert sentence in page
        assert "could not be computed" not in page
        assert render_pdf(report, sheet_of(report)).startswith(b"%PDF-")


@pytest.mark.slow
def test_measures_keep_their_order_although_the_database_does_not() -> None:
    report = report_of(half_closed(), "performance")
    report.refresh_from_db()
    table = sheet_of(report).by_name["measures"].table
    assert table is not None
    assert [row.aside for row in table.rows] == ["accuracy", "precision", "recall", "F1", "AUC", "Brier"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["value", "performance", "baseline"])
@pytest.mark.parametrize("start", [FIRST - timedelta(days=9), timezone.now().date() + timedelta(days=9)])
def test_a_window_before_the_first_decision_or_after_today_has_a_page(kind: str, start: date) -> None:
    world = make_world(10, days=1)
    job = services.request_report(world.model, kind, start, start + timedelta(days=7))
    services.run_due()
    job.refresh_from_db()
    assert job.report is not None
    assert "There were no predictions in this period." in page_of(job.report)
