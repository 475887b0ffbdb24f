"""The page of groups: what stands out, what cannot be told, and what readers may not see."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import Role
from apps.reports.engine.document import Document
from apps.reports.models import Report
from apps.reports.pages import groups
from tests.factories import make_member
from tests.pages import shown
from tests.reports.documents import document, figure
from tests.reports.stored import make_report, report_model

pytestmark = pytest.mark.django_db


def value(name: str, n: int, rate: float, ratio: Any = None, **figures: Any) -> dict[str, Any]:
    own = {
        "selection_rate": figure(rate, 0.01, method="wilson", n=n),
        "found": figure(0.8, 0.05),
        "false_alarms": figure(0.1, 0.02),
    }
    against = {} if ratio is None else {"selection_ratio": ratio, "found_gap": figure(-0.05, 0.1, method="mover")}
    return {"value": name, "n": n, "figures": own | figures, "against": against}


def with_groups(slice_name: str = "age", small: int = 900) -> Document:
    few = figure(0.9, 0.3, method="mover", code="preliminary", labels_needed=40)
    values = [
        value("under 25", 5_000, 0.5),
        value("25 to under 60", 4_000, 0.3, figure(0.6, 0.1, method="mover")),
        value("60 and over", small, 0.45, few),
    ]
    found = {"name": slice_name, "of_class": "yes", "reference": "under 25", "values": values}
    return document("performance", groups={"compared": 4, "sets": [found]})


def test_a_group_below_four_fifths_is_named_and_one_with_few_labels_cannot_be_told() -> None:
    (division,) = groups.divisions(with_groups(), "yes")
    assert division.title == "Age"
    assert division.sentence == (
        "25 to under 60: less than four fifths of the rate of under 25. Cannot tell: 60 and over."
    )
    assert division.chart is not None
    cells = {row.name: [cell.text for cell in row.cells] for row in division.table.rows}
    assert cells["25 to under 60"][:3] == ["4,000", "30.0\xa0%", "0.60 times"]
    assert cells["60 and over"][2] == "cannot tell"


def client_of(report: Report, role: Role) -> Client:
    visitor = Client()
    visitor.force_login(make_member(report.model.project, role).user)
    return visitor


def page(report: Report, role: Role) -> str:
    return shown(client_of(report, role).get(reverse("report_groups", args=[report.model.project.slug, report.pk])))


def test_groups_of_a_sensitive_feature_are_for_engineers_and_validators() -> None:
    report = make_report(report_model(), "performance", document=with_groups("sex"))
    for role in (Role.ENGINEER, Role.VALIDATOR):
        assert "four fifths of the rate" in page(report, role)
    assert "No groups to compare" in page(report, Role.STAKEHOLDER)


def test_groups_of_single_cases_are_hidden_from_stakeholders() -> None:
    report = make_report(report_model(), "performance", document=with_groups(small=4))
    # Between the 9,004 here and the 144,616 of the closed days lie the predictions of no group.
    text = page(report, Role.STAKEHOLDER)
    assert "Hidden for your role: the figure rests on fewer than ten predictions" in text
    assert "45.0" not in text
    assert "45.0" in page(report, Role.ENGINEER)


def test_a_report_without_groups_says_what_to_do() -> None:
    assert "Declare slices" in page(make_report(report_model(), "performance"), Role.ENGINEER)
