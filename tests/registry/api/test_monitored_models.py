"""Registering and changing a model over HTTP."""

import pytest
from django.test import Client

from apps.registry.models import MonitoredModel, ValueModel
from tests.factories import make_key, make_project, model_document

pytestmark = pytest.mark.django_db
VALUES = {
    "currency": "USD",
    "matrix": {"no": {"no": "650", "yes": "-250"}, "yes": {"no": "0", "yes": "0"}},
    "statement": "Invented.",
}


@pytest.fixture
def put():
    project = make_project()
    client = Client(headers={"authorization": f"Bearer {make_key(project)[1]}"})
    return lambda document, slug="employment": client.put(f"/api/v1/models/{slug}", document, "application/json")


def test_a_new_model_comes_back_with_its_queue(put):
    answer = put(model_document(value_model=VALUES))
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert body["model"] == "employment"
    assert [queue["name"] for queue in body["queues"]] == ["main"]
    assert body["value_model"]["matrix"]["no"]["no"] == "650.000000"
    assert body["features"][1]["codes"] == {"1": "male", "2": "female"}


def test_slices_may_be_named_by_their_feature_alone(put):
    body = put(model_document(slices=["sex", {"feature": "age", "edges": [30, 60]}])).json()
    assert body["slices"] == [
        {"name": "sex", "feature": "sex", "edges": []},
        {"name": "age", "feature": "age", "edges": [30.0, 60.0]},
    ]


def test_fields_left_out_keep_what_they_were(put):
    put(model_document())
    body = put({"maturity_days": 90}).json()
    assert (body["maturity_days"], body["classes"], body["question"]) == (90, ["no", "yes"], "Is this person employed?")


def test_the_same_value_model_again_makes_no_new_version(put):
    for _ in range(2):
        assert put(model_document(value_model=VALUES)).json()["value_model"]["version"] == 1
    changed = put({"value_model": {**VALUES, "statement": "Measured."}})
    assert changed.json()["value_model"]["version"] == 2
    assert ValueModel.objects.count() == 2


def test_classes_may_be_appended_but_not_reordered(put):
    put(model_document(task="multiclass", classes=["a", "b"], class_labels={}, positive_class="a"))
    assert put({"classes": ["b", "a"]}).status_code == 400
    assert put({"classes": ["a", "b", "c"]}).json()["classes"] == ["a", "b", "c"]


@pytest.mark.parametrize(
    "changes",
    [
        {"task": "clustering"},
        {"classes": ["only"]},
        {"classes": ["same", "same"]},
        {"classes": ["a", "b", "c"]},
        {"positive_class": "maybe"},
        {"class_labels": {"maybe": "x"}},
        {"outcome_if_absent": "maybe"},
        {"slices": ["undeclared"]},
        {"slices": [{"feature": "age", "edges": [60, 30]}]},
        {"features": [{"name": "age"}, {"name": "age"}]},
        {"maturity_days": 0},
        {"blind_share": 1.1},
        {"salt": "x"},
        {"project": 1},
        {"value_model": {**VALUES, "currency": "dollar"}},
        {"value_model": {**VALUES, "matrix": {"no": {"no": 1}}}},
        {"value_model": {**VALUES, "matrix": {"maybe": {"no": 1}}}},
    ],
)
def test_a_document_that_does_not_fit_registers_nothing(put, changes):
    answer = put(model_document(**changes))
    assert answer.status_code == 400, answer.content
    assert not MonitoredModel.objects.exists()


def test_a_name_that_is_no_name_is_refused(put):
    assert put(model_document(), slug="Bad Name").status_code == 400


def test_a_regression_needs_the_range_of_its_predictions(put):
    regression = {"task": "regression", "name": "Rent", "unit": "EUR"}
    assert put(regression, slug="rent").status_code == 400
    assert put({**regression, "prediction_range": [0, 5000]}, slug="rent").status_code == 200
    assert len(MonitoredModel.objects.get().bin_edges) == 199
