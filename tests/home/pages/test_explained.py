"""Why a figure moved stands on the page of figures, once a comparison with the month before is stored."""

import pytest
from django.test import Client

from apps.accounts.models import Role
from apps.home.services.months import following
from apps.registry.models import MonitoredModel
from apps.reports.models import Comparison, Kind
from tests.factories import make_member, make_model, make_project
from tests.home.planted import BEFORE, LAST, NOW, plant
from tests.pages import shown
from tests.reports.comparison_documents import compared_document

pytestmark = pytest.mark.django_db

# By the document: 5.8 points fewer, of which 5.1 by the mix.
MOVED = "right decisions fell 5.8 points, nine tenths of it through the mix of cases"


def compared(model: MonitoredModel) -> Comparison:
    days = {"first_start": BEFORE, "first_end": LAST, "second_start": LAST, "second_end": following(LAST)}
    fields = {"seq": 812, "as_of": NOW, "configuration_hash": "0" * 64, "document": compared_document()}
    return Comparison.objects.create(model=model, kind="performance", **days, **fields)


def page_of(client: Client, models: int, role: Role = Role.STAKEHOLDER, **changes: bool) -> tuple[str, Comparison]:
    project = make_project("city")
    made = None
    for _ in range(models):
        model = make_model(project)
        plant(model, Kind.PERFORMANCE, (0.841, 0.82, 0.86), month=BEFORE)
        plant(model, Kind.PERFORMANCE, (0.783, 0.77, 0.8), **changes)
        made = made or compared(model)
    client.force_login(make_member(project, role).user)
    assert made is not None
    return shown(client.get(f"/p/{project.slug}/models/?month={LAST:%Y-%m}")), made


@pytest.mark.parametrize("role", [Role.STAKEHOLDER, Role.REVIEWER, Role.ENGINEER])
def test_of_a_few_models_each_says_why_it_moved_and_leads_to_both_months(client: Client, role: Role) -> None:
    page, made = page_of(client, 1, role)
    assert f"Against {BEFORE:%B}, {MOVED}." in page
    assert f'href="/p/city/comparisons/{made.pk}/"' in page


def test_a_report_that_became_final_says_why_its_figure_moved(client: Client) -> None:
    page, _ = page_of(client, 3, is_newly_final=True)
    assert f"likely between 77 and 80. Against {BEFORE:%B}" in page
    assert page.count(MOVED) == 1
