"""The sentence that everybody reads about what people review."""

import re

import pytest
from django.core.cache import caches
from django.test import Client
from django.urls import reverse

from apps.accounts.models import Role
from apps.planning.services import preview
from apps.planning.services.telling import planned
from apps.registry.models import MonitoredModel
from apps.sampling.services import kept, policies
from tests.factories import draw_all, make_member, make_model, prediction_row, push_predictions
from tests.pages import shown
from tests.reports.stored import make_report

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def nothing_kept():
    yield
    preview.forget()
    kept.forget()
    caches["default"].clear()


def received(model: MonitoredModel, *, floor: float, entries: list[dict] | None = None) -> MonitoredModel:
    """Receive 400 decisions of one day."""
    policies.put_document(model, {"floor": floor, "policies": entries or []})
    push_predictions(model, [prediction_row(number) for number in range(400)])
    draw_all(model)
    return model


def test_the_sentence_has_cases_decisions_and_the_range() -> None:
    said = planned(received(make_model(), floor=0.1))
    found = re.fullmatch(
        r"Of about 400 decisions a day, people review about 40, chosen by chance; after two weeks the share of right "
        r"decisions is known to within ± ([\d.]+) points\.",
        said,
    )
    assert found is not None, said
    # Simple random sampling of 560 among decisions that are right in 8 or 9 of 10: ± 1.96·√(.13/560) is 3 points.
    assert 1 < float(found[1]) < 5


def test_a_policy_that_takes_all_it_meets_is_a_rule() -> None:
    differs = {"name": "differs", "kind": "disagreement", "rate": 1.0, "queue": "main", "rank": 1}
    assert "chosen by rules and by chance" in planned(received(make_model(), floor=0.1, entries=[differs]))


def test_without_predictions_nothing_is_said() -> None:
    assert planned(make_model()) == ""


def test_a_change_of_the_sampling_changes_the_sentence() -> None:
    model = received(make_model(), floor=0.1)
    before = planned(model)
    policies.put_document(model, {"floor": 0.2})
    assert "people review about 80," in planned(model)
    assert "people review about 40," in before


@pytest.mark.parametrize("role", [Role.STAKEHOLDER, Role.REVIEWER])
def test_the_performance_report_and_the_project_have_a_place_for_it(role: Role) -> None:
    model = received(make_model(), floor=0.1)
    report = make_report(model, kind="performance")
    client = Client()
    client.force_login(make_member(model.project, role).user)
    where = [model.project.slug, model.slug]
    address = reverse("sampling_told", args=where)
    assert "people review about 40" in shown(client.get(address))
    assert f'hx-get="{address}"' in shown(client.get(reverse("report", args=[model.project.slug, report.pk])))
    assert f'hx-get="{address}"' in shown(client.get(reverse("portfolio", args=where[:1])))
