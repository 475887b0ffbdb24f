"""What a decision is worth, stated in a model's document."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.registry.models import MonitoredModel, ValueModel
from tests.factories import make_key, make_project, model_document

pytestmark = pytest.mark.django_db
MATRIX = {"no": {"no": "650", "yes": "-250"}, "yes": {"no": "0", "yes": "0"}}
RENT = {"task": "regression", "name": "Rent", "unit": "EUR", "prediction_range": [0, 5000]}
COSTS = {"currency": "EUR", "over_cost": "0.40", "under_cost": 1.2}


@pytest.fixture
def put() -> Callable[..., Any]:
    client = Client(headers={"authorization": f"Bearer {make_key(make_project())[1]}"})
    return lambda document: client.put("/api/v1/models/mine", document, "application/json")


def message(answer: Any) -> str:
    assert answer.status_code == 400, answer.content
    return str(answer.json()["details"]["fields"]["value_model"])


def test_a_binary_matrix_comes_back_as_sent(put):
    stated = put(model_document(value_model={"currency": "EUR", "matrix": MATRIX})).json()["value_model"]
    assert stated["matrix"]["no"] == {"no": "650.000000", "yes": "-250.000000"}
    assert (stated["over_cost"], stated["under_cost"], float(stated["serving_cost"])) == (None, None, 0)


def test_a_multiclass_matrix_needs_every_pair_of_classes(put):
    kinds = ["oak", "pine", "ash"]
    whole = {p: {t: 1 if p == t else -1 for t in kinds} for p in kinds}
    document = model_document(task="multiclass", classes=kinds, class_labels={}, positive_class="oak")
    lacking = {**whole, "ash": {"oak": 1}}
    refused = put({**document, "value_model": {"currency": "EUR", "matrix": lacking}})
    assert message(refused) == "['The matrix lacks ash → pine, ash → ash.']"
    accepted = put({**document, "value_model": {"currency": "EUR", "matrix": whole}})
    assert accepted.json()["value_model"]["matrix"]["ash"]["ash"] == "1.000000"


def test_a_number_costs_by_the_unit_it_is_too_high_or_too_low(put):
    stated = put({**RENT, "value_model": {**COSTS, "per_amount": True, "serving_cost": "0.0021"}}).json()["value_model"]
    assert (stated["over_cost"], stated["under_cost"]) == ("0.400000", "1.200000")
    assert (stated["matrix"], stated["per_amount"]) == ({}, True)
    assert float(stated["serving_cost"]) == 0.0021


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"matrix": MATRIX}, "predicts a number"),
        ({"under_cost": None}, "both over_cost and under_cost"),
        ({"over_cost": -1}, "greater than or equal to 0"),
        ({"serving_cost": -1}, "greater than or equal to 0"),
        ({"currency": "Euro"}, "Three capital letters"),
    ],
)
def test_a_number_without_its_costs_is_refused(put, changes, said):
    assert said in message(put({**RENT, "value_model": {**COSTS, **changes}}))
    assert not MonitoredModel.objects.exists()


def test_a_class_has_no_cost_per_unit(put):
    assert "predicts a class" in message(put(model_document(value_model={**COSTS, "matrix": MATRIX})))
    assert "The matrix lacks" in message(put(model_document(value_model={"currency": "EUR"})))


def test_a_new_class_needs_its_worth(put):
    kinds = ["oak", "pine"]
    matrix = {p: dict.fromkeys(kinds, 0) for p in kinds}
    value = {"currency": "EUR", "matrix": matrix}
    put(model_document(task="multiclass", classes=kinds, class_labels={}, positive_class="oak", value_model=value))
    assert "A new class needs its worth" in message(put({"classes": ["oak", "pine", "ash"]}))


def test_a_reason_is_kept_but_is_no_change_of_its_own(put):
    put({**RENT, "value_model": {**COSTS, "reason": "Measured in May"}})
    put({**RENT, "value_model": {**COSTS, "reason": "The same, said again"}})
    assert ValueModel.objects.get().reason == "Measured in May"
