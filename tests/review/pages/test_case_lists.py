"""The ready-made lists of cases: on the page, in its files, and over the API."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import Role
from apps.explanations.models import Unusual
from apps.monitoring.services import inspecting
from apps.predictions.models import Prediction
from apps.registry.models import MonitoredModel
from apps.review.pages import finding_views
from tests.factories import make_key, make_member, make_model, prediction_row, push_outcomes, push_predictions
from tests.pages import shown

pytestmark = pytest.mark.django_db

KNOWN = "2026-03-20T00:00:00Z"


@pytest.fixture
def model() -> MonitoredModel:
    """Five predictions: sure and right, sure and wrong (both ways), unsure and wrong, sure without an outcome."""
    made = make_model()
    rows = [
        prediction_row(1, prediction="yes", score=0.95),
        prediction_row(2, prediction="yes", score=0.95),
        prediction_row(3, prediction="no", score=0.05),
        prediction_row(4, prediction="yes", score=0.6),
        prediction_row(5, prediction="yes", score=0.95),
    ]
    push_predictions(made, rows)
    truth = {1: "yes", 2: "no", 3: "yes", 4: "no"}
    push_outcomes(made, [{"id": f"case-{n}", "outcome": each, "occurred_at": KNOWN} for n, each in truth.items()])
    return made


@pytest.fixture
def client(model: MonitoredModel) -> Client:
    visitor = Client()
    visitor.force_login(make_member(model.project, Role.ENGINEER).user)
    return visitor


def note(number: int, kind: str, *features: str) -> None:
    each = Prediction.objects.get(external_id=f"case-{number}")
    Unusual.objects.create(
        prediction=each,
        model=each.model,
        version=each.version,
        day=each.predicted_at.date(),
        kind=kind,
        strength=9.0,
        features=list(features),
    )


def listed(client: Client, model: MonitoredModel, **query: Any) -> str:
    return shown(client.get(reverse("cases", args=[model.project.slug, model.slug]), query))


def test_sure_and_wrong_are_those_whose_outcome_is_another_than_a_sure_answer(
    client: Client, model: MonitoredModel
) -> None:
    page = listed(client, model, only="sure_and_wrong")
    assert [f"case-{number}" in page for number in range(1, 6)] == [False, True, True, False, False]


def test_a_corrected_outcome_makes_a_sure_answer_right_again(client: Client, model: MonitoredModel) -> None:
    push_outcomes(model, [{"id": "case-2", "outcome": "yes", "occurred_at": "2026-03-21T00:00:00Z"}])
    assert "case-2" not in listed(client, model, only="sure_and_wrong")


def test_lists_combine_with_other_filters(client: Client, model: MonitoredModel) -> None:
    page = listed(client, model, only="sure_and_wrong", prediction="class:0")
    assert ("case-3" in page, "case-2" in page) == (True, False)


def test_a_list_of_what_is_unlike_the_rest_says_in_what(client: Client, model: MonitoredModel) -> None:
    note(4, "contributions", "age", "sex")
    note(5, "values", "age")
    page = listed(client, model, only="contributions")
    assert "Age, Sex" in page
    assert ("case-4" in page, "case-5" in page) == (True, False)
    key = Prediction.objects.get(external_id="case-5").pk
    case = shown(client.get(reverse("prediction", args=[model.project.slug, model.slug, key])))
    assert "Outside the usual ranges</span> Age" in case


def test_counts_come_apart_from_the_page_and_are_bounded(
    client: Client, model: MonitoredModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    note(5, "values", "age")
    address = reverse("cases_lists", args=[model.project.slug, model.slug])
    page = shown(client.get(address, {"only": "values"}))
    assert 'Sure and wrong <span class="muted">2</span>' in page
    assert 'Outside the usual ranges <span class="muted">1</span>' in page
    assert 'Unlike the rest in contributions <span class="muted">0</span>' in page
    monkeypatch.setattr(finding_views, "MOST_COUNTED", 1)
    assert 'Sure and wrong <span class="muted">1+</span>' in shown(client.get(address))


def test_of_numbers_nothing_is_sure_and_wrong() -> None:
    numbers = {"task": "regression", "classes": [], "positive_class": "", "class_labels": {}, "slices": []}
    model = make_model(**numbers, prediction_range=[0, 10])
    visitor = Client()
    visitor.force_login(make_member(model.project, Role.ENGINEER).user)
    page = shown(visitor.get(reverse("cases_lists", args=[model.project.slug, model.slug])))
    assert "Sure and wrong" not in page
    assert "Outside the usual ranges" in page


def test_programs_ask_for_the_same_lists(model: MonitoredModel) -> None:
    note(5, "values", "age")
    _, text = make_key(model.project)
    caller = Client(headers={"Authorization": f"Bearer {text}"})
    address = f"/api/v1/models/{model.slug}/predictions"

    def ids(**query: Any) -> list[str]:
        return sorted(each["id"] for each in caller.get(address, query).json()["predictions"])

    assert ids(sure_and_wrong="true") == ["case-2", "case-3"]
    assert ids(sure_and_wrong="false") == ["case-1", "case-4", "case-5"]
    assert ids(unusual="values") == ["case-5"]
    assert caller.get(address, {"unusual": "odd"}).status_code == 400


def test_inspection_notes_values_outside_what_the_first_rows_held() -> None:
    model = make_model(slices=[])
    rows = [prediction_row(n, features={"age": 20 + n % 50, "sex": 1 + n % 2}) for n in range(1, 1_201)]
    push_predictions(model, rows)
    inspecting.inspect_due()
    push_predictions(model, [prediction_row(n, features={"age": 30, "sex": 1}) for n in range(2_000, 3_100)])
    inspecting.inspect_due()
    push_predictions(model, [prediction_row(9_000, features={"age": 400, "sex": 1})])
    inspecting.inspect_due()
    (found,) = Unusual.objects.filter(kind="values")
    assert (found.prediction.external_id, found.features) == ("case-9000", ["age"])
