"""The API describes itself to everyone who can reach it, and the description is right."""

import json

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver

from tests.described import description, operations, request_example
from tests.factories import make_key, make_project

pytestmark = pytest.mark.django_db
IDS = [operation["operationId"] for _, _, operation in operations()]
PROBLEM = {"$ref": "#/components/schemas/Problem"}


def served() -> dict:
    answer = Client().get("/api/v1/schema", headers={"accept": "application/vnd.oai.openapi+json"})
    assert answer.status_code == 200
    return answer.json()


def test_the_description_names_every_call_and_how_to_authenticate():
    schema = served()
    assert schema["openapi"].startswith("3.1")
    assert schema["components"]["securitySchemes"]["apiKey"] == {"type": "http", "scheme": "bearer"}
    (api,) = (part for part in get_resolver().url_patterns if str(part.pattern) == "api/v1/")
    routes = [part for part in api.url_patterns if isinstance(part, URLPattern)]
    assert len(schema["paths"]) == len(routes) - 1  # all but the description's own


def test_the_description_is_the_same_each_time():
    assert json.dumps(served()) == json.dumps(served())


def test_names_of_calls_are_unique():
    assert len(set(IDS)) == len(IDS)


@pytest.mark.parametrize(("path", "method", "operation"), operations(), ids=IDS)
def test_every_call_describes_its_errors(path, method, operation):
    expected = {"400", "401", "406", "429", "503"} | ({"404"} if "{" in path else set())
    expected |= {"411", "413", "415"} if method in {"post", "put"} else set()
    expected |= {"409", "422"} if method == "post" else set()
    assert expected <= set(operation["responses"])
    assert operation["security"] == [{"apiKey": []}]
    assert operation.get("description"), "a call says what it does"
    for status, answer in operation["responses"].items():
        if status >= "4":
            schema = answer["content"]["application/json"]["schema"]
            assert PROBLEM in [schema, *schema.get("anyOf", [])]
            assert answer["description"]


def test_a_refused_atomic_push_and_an_unreadable_one_are_both_described():
    answers = description()["paths"]["/api/v1/models/{model}/predictions"]["post"]["responses"]
    schema = answers["422"]["content"]["application/json"]["schema"]
    assert schema == {"anyOf": [{"$ref": "#/components/schemas/PredictionsAnswer"}, PROBLEM]}
    assert all("Retry-After" in answers[status]["headers"] for status in ("429", "503"))


def test_the_examples_are_accepted_in_turn():
    project = make_project()
    client = Client(headers={"authorization": f"Bearer {make_key(project)[1]}"})

    def send(method: str, path: str, name: str):
        return getattr(client, method)(path, json.dumps(request_example(name)), content_type="application/json")

    assert send("put", "/api/v1/models/credit", "put_model").status_code == 200
    assert send("put", "/api/v1/models/credit/policies", "put_policies").status_code == 200
    pushed = send("post", "/api/v1/models/credit/predictions", "push_predictions")
    assert (pushed.status_code, pushed.json()["accepted"]) == (200, 1)
    outcomes = send("post", "/api/v1/models/credit/outcomes", "push_outcomes")
    assert (outcomes.status_code, outcomes.json()["accepted"], outcomes.json()["parked"]) == (200, 1, 0)
    assert send("post", "/api/v1/models/credit/reports", "request_report").status_code == 202
