"""The API describes itself, to everybody who can reach it."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def test_the_description_names_every_call_and_how_to_sign_it():
    answer = Client().get("/api/v1/schema", headers={"accept": "application/vnd.oai.openapi+json"})
    assert answer.status_code == 200
    schema = answer.json()
    assert schema["openapi"].startswith("3.1")
    assert schema["components"]["securitySchemes"]["apiKey"] == {"type": "http", "scheme": "bearer"}
    assert {
        "/api/v1/limits",
        "/api/v1/models/{model}",
        "/api/v1/models/{model}/predictions",
        "/api/v1/models/{model}/outcomes",
        "/api/v1/models/{model}/quarantine",
        "/api/v1/models/{model}/quarantine/replay",
        "/api/v1/models/{model}/policies",
        "/api/v1/models/{model}/labels",
        "/api/v1/models/{model}/reports",
        "/api/v1/reports/{id}",
        "/api/v1/queues/{queue}/claim",
        "/api/v1/slots/{slot}/judgement",
        "/api/v1/slots/{slot}/decision",
    } <= set(schema["paths"])


def test_unknown_addresses_of_the_api_are_not_found():
    assert Client().get("/api/v1/nothing").status_code == 404
