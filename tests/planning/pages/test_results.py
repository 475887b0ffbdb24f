"""What came of each policy, as people see it and as a file."""

import json

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse

from apps.accounts.models import Role
from apps.registry.models import MonitoredModel
from apps.review import services as review
from apps.review.models import ReviewItem
from apps.sampling.models import PolicyHour
from apps.sampling.services import policies
from tests.factories import draw_all, make_member, make_model, prediction_row, push_predictions
from tests.pages import shown

pytestmark = pytest.mark.django_db


@pytest.fixture
def model() -> MonitoredModel:
    """Of 100 predictions, the floor draws all; a policy that asks for an age above 200 meets none."""
    monitored = make_model()
    never = {"field": "features.age", "op": "gt", "value": 200}
    entry = {"name": "old", "kind": "uniform", "rate": 0.5, "condition": never, "queue": "main", "rank": 1}
    policies.put_document(monitored, {"floor": 1.0, "policies": [entry]})
    push_predictions(monitored, [prediction_row(number) for number in range(100)])
    draw_all(monitored)
    review.open_due_items()
    ReviewItem.objects.filter(pk__in=ReviewItem.objects.values("pk")[:40]).update(label=1.0)
    return monitored


def look(model: MonitoredModel, name: str = "sampling", *more: str, role: Role = Role.ENGINEER) -> object:
    client = Client()
    client.force_login(make_member(model.project, role).user)
    return client.get(reverse(name, args=[model.project.slug, model.slug, *more]))


def test_the_page_says_what_each_policy_drew_and_how_much_is_answered(model: MonitoredModel) -> None:
    said = shown(look(model))
    assert "Drew 100 of 100 where 100 were expected." in said
    assert "40 of the 100 that came to people by it are answered (40 %)." in said
    assert "Met none of 100 decisions." in said
    assert '<span class="small muted">as expected</span>' in said


def test_the_page_warns_of_a_draw_that_chance_does_not_explain(model: MonitoredModel) -> None:
    assert "Do not use this model’s figures" not in shown(look(model))
    PolicyHour.objects.filter(policy__name="floor").update(drawn=F("drawn") - 1)
    said = shown(look(model))
    assert "Do not use this model’s figures until the cause is known." in said
    assert '<span class="pill bad">not as expected</span>' in said


def test_before_the_first_prediction_the_page_says_what_will_come() -> None:
    assert "Nothing yet. Once predictions arrive" in shown(look(make_model()))


def test_the_days_are_a_file(model: MonitoredModel) -> None:
    answer = look(model, "sampling_results_file", "ndjson")
    rows = [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]
    floor = next(row for row in rows if row["policy"] == "floor")
    assert {name: floor[name] for name in floor if name != "day"} == {
        "policy": "floor",
        "version": 2,
        "kind": "floor",
        "queue": "main",
        "decisions": 100,
        "matched": 100,
        "expected": 100.0,
        "drawn": 100,
        "drawn_by_no_other": 100,
        "served": 100,
        "answered": 40,
    }
    lines = b"".join(look(model, "sampling_results_file", "csv").streaming_content).decode().splitlines()
    assert lines[0] == ",".join(floor)
    assert len(lines) == 1 + len(rows) == 3
    assert b"".join(look(model, "sampling_results_file", "parquet").streaming_content)[:4] == b"PAR1"
    assert look(model, "sampling_results_file", "xlsx").status_code == 404


@pytest.mark.parametrize("role", [Role.STAKEHOLDER, Role.REVIEWER, Role.ADJUDICATOR])
def test_the_file_is_for_engineers(model: MonitoredModel, role: Role) -> None:
    assert look(model, "sampling_results_file", "csv", role=role).status_code == 403
