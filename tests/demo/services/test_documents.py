import numpy as np
import pytest
from django.test import Client

from apps.demo.services.codebook import DECLARED, FEATURES
from apps.demo.services.dataset import load_production, load_reference
from apps.demo.services.documents import MODEL, MODEL_DOCUMENT, POLICIES_DOCUMENT
from tests.factories import make_key, make_project


def test_every_column_is_declared_once():
    assert sorted(entry["name"] for entry in DECLARED) == sorted(FEATURES)


@pytest.mark.slow
@pytest.mark.parametrize("entry", [entry for entry in DECLARED if "codes" in entry], ids=lambda entry: entry["name"])
def test_every_code_in_the_data_has_a_meaning(entry: dict):
    column = FEATURES.index(entry["name"])
    codes = np.concatenate([people.features[:, column] for people in (load_reference(), load_production())])
    assert {str(code) for code in np.unique(codes)} <= set(entry["codes"])


@pytest.mark.django_db
def test_the_api_accepts_the_documents(client: Client):
    _, key = make_key(make_project())
    headers = {"Authorization": f"Bearer {key}"}

    def put(path: str, document: dict) -> dict:
        response = client.put(path, document, content_type="application/json", headers=headers)
        assert response.status_code == 200, response.content
        return response.json()

    model = put(f"/api/v1/models/{MODEL}", MODEL_DOCUMENT)
    policies = put(f"/api/v1/models/{MODEL}/policies", POLICIES_DOCUMENT)
    assert [entry["name"] for entry in model["features"] if entry["sensitive"]] == ["SEX", "RAC1P", "CIT", "DIS"]
    offered = model["value_model"]["matrix"]["not_employed"]
    assert {true: float(worth) for true, worth in offered.items()} == {"not_employed": 650, "employed": -250}
    assert policies["floor"] == 0.005
    assert policies["queues"][0]["overlap"] == 2
