"""Names of fields, filters, parameters and objects that a client may not use."""

import json

import pytest

from apps.predictions.models import Prediction, RejectedRow
from tests.pushes import JSON, Api, listed, raw

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.mark.slow
@pytest.mark.parametrize("field", ["role", "project", "project_id", "is_gold", "created_by", "id", "salt", "slug"])
def test_a_field_that_clients_may_not_set_is_refused_and_nothing_changes(api, field):
    for path, document in (("", {"name": "Other"}), ("/policies", {"floor": 0.5})):
        before = api.client.get(f"/api/v1/models/employment{path}").json()
        answer = api.put(path, {**document, field: 1})
        assert (answer.status_code, list(answer.json()["details"]["fields"])) == (400, [field])
        assert api.client.get(f"/api/v1/models/employment{path}").json() == before
    assert api.client.patch("/api/v1/models/employment", b"{}", JSON).status_code == 405


@pytest.mark.parametrize("path", ["labels", "quarantine", "incidents"])
@pytest.mark.parametrize(
    "asked", ["user__password__startswith=a", "order=-user__password", "project=2", "limit=0", "limit=x"]
)
def test_an_undeclared_filter_or_order_is_refused(api, path, asked):
    answer = api.client.get(f"/api/v1/models/employment/{path}?{asked}")
    assert (answer.status_code, list(answer.json()["details"]["fields"])) == (400, [asked.partition("=")[0]])


@pytest.mark.parametrize("asked", ["atomic=perhaps", "atomc=true", "format=xml"])
def test_a_push_with_an_unknown_parameter_stores_nothing(api, asked):
    answer = api.client.post(f"/api/v1/models/employment/predictions?{asked}", listed([raw()]), JSON)
    assert answer.status_code == 400
    assert not Prediction.objects.exists()


@pytest.mark.parametrize("key", ["k" * 201, "a\tb"])
def test_an_invalid_idempotency_key_is_refused(api, key):
    answer = api.send(listed([raw()]), **{"Idempotency-Key": key})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_idempotency_key")
    assert not Prediction.objects.exists()


def test_an_object_of_another_project_named_in_a_body_is_not_found(api):
    other = Api()
    other.send(listed([raw(7, score=2)]))
    theirs = RejectedRow.objects.get().pk
    answer = api.client.post("/api/v1/models/employment/quarantine/replay", json.dumps({"ids": [theirs]}), JSON)
    assert (answer.status_code, answer.json()["details"]) == (404, {"ids": [theirs]})
    queue = other.model.queues.get().slug + "-theirs"
    other.put("/policies", {"queues": [{"name": queue}]})
    policy = {"name": "mine", "kind": "uniform", "rate": 0.5, "queue": queue}
    assert api.put("/policies", {"policies": [policy]}).status_code == 400


def test_a_repeated_key_gets_the_same_rejections(api):
    body = listed([raw(1, id=b'"a\\u0000"', features=b'{"\\ud800": 1}'), raw(2, **{"\x00": 1})])
    answers = [api.send(body, **{"Idempotency-Key": "same"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [207, 207]
    assert answers[0].json() == answers[1].json()
    assert [each["code"] for each in answers[0].json()["rejected"]] == ["nul_character", "nul_character"]
