"""The limits of an installation, and what a refusal says about them."""

import gzip
import json

import pytest
from django.test import Client

from apps.common import rate_limit
from apps.predictions.models import Batch, IdempotentAnswer, Prediction
from tests.factories import make_key, make_model, make_project, prediction_row

pytestmark = pytest.mark.django_db
DOWN = "redis+socket:///nonexistent/valkey.sock"


class Api:
    def __init__(self) -> None:
        self.project = make_project()
        self.model = make_model(self.project, "employment")
        self.use_key()

    def use_key(self, scopes: list[str] | None = None) -> None:
        self.client = Client(headers={"authorization": f"Bearer {make_key(self.project, scopes)[1]}"})

    def push(self, *numbers: int, **headers):
        return self.raw(json.dumps({"predictions": [prediction_row(n) for n in numbers]}).encode(), **headers)

    def raw(self, body: bytes, content_type: str = "application/json", **headers):
        return self.client.post("/api/v1/models/employment/predictions", body, content_type, headers=headers)

    def limits(self):
        return self.client.get("/api/v1/limits")


@pytest.fixture
def api(broker, monkeypatch) -> Api:
    monkeypatch.setitem(rate_limit._pause, "until", 0.0)
    return Api()


def test_any_good_key_may_ask_for_the_limits(api, settings):
    settings.REQUESTS_PER_MINUTE, settings.ROWS_PER_MINUTE = 600, 0
    api.use_key(["reports:read"])
    assert api.limits().json() == {
        "body_bytes": settings.MAX_BODY_BYTES,
        "json_bytes": 16 * 1024 * 1024,
        "upload_bytes": settings.MAX_UPLOAD_BYTES,
        "document_bytes": 4 * 1024 * 1024,
        "rows_per_batch": settings.MAX_BATCH_ROWS,
        "bytes_per_row": 1024 * 1024,
        "features_per_row": 2_000,
        "requests_per_minute": 600,
        "rows_per_minute": None,
    }
    assert Client().get("/api/v1/limits").status_code == 401


@pytest.mark.parametrize(
    ("sent", "limit"),
    [
        ((b" " * 5_000, "application/json"), "body_bytes"),
        ((b'{"predictions": [1, 2, 3, 4]}', "application/json"), "rows_per_batch"),
        ((b"1\n2\n3\n4", "application/x-ndjson"), "rows_per_batch"),
        ((b"1\n" + b"2" * 2_000, "application/x-ndjson"), "bytes_per_row"),
    ],
)
def test_a_refused_body_is_told_the_limit_and_its_value(api, settings, monkeypatch, sent, limit):
    settings.MAX_BODY_BYTES, settings.MAX_BATCH_ROWS = 4_000, 3
    monkeypatch.setattr("apps.predictions.reading.decoding.MAX_ROW_BYTES", 1_000)
    monkeypatch.setattr("apps.predictions.api.limits.MAX_ROW_BYTES", 1_000)
    answer = api.raw(*sent)
    assert answer.status_code == 413
    details = answer.json()["details"]
    assert (details["limit"], details["value"]) == (limit, api.limits().json()[limit])


def test_a_json_body_above_its_own_limit_is_pointed_to_ndjson_and_parquet(api, settings):
    settings.MAX_JSON_BYTES = 1_000
    rows = [json.dumps(prediction_row(number)).encode() for number in range(10)]
    body = b'{"predictions": [' + b",".join(rows) + b"]}"
    packed = gzip.compress(body)
    assert len(packed) < 1_000 < len(body)
    for sent, headers in ((body, {}), (packed, {"Content-Encoding": "gzip"})):
        answer = api.raw(sent, **headers)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
        assert answer.json()["details"] == {"limit": "json_bytes", "value": 1_000}
        assert "NDJSON" in answer.json()["message"]
        assert "Parquet" in answer.json()["message"]
    assert api.limits().json()["json_bytes"] == 1_000
    assert api.raw(b"\n".join(rows), "application/x-ndjson").json()["accepted"] == 10


def test_too_many_requests_get_a_retry_after(api, settings):
    settings.REQUESTS_PER_MINUTE = 2
    assert [api.push(n).status_code for n in range(2)] == [200, 200]
    answer = api.push(3)
    assert answer.status_code == 429
    assert answer.json()["code"] == "quota_exceeded"
    assert answer.json()["details"] == {"limit": "requests_per_minute", "value": 2}
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert Prediction.objects.count() == 2


def test_too_many_rows_store_nothing_and_leave_room_for_smaller_batches(api, settings):
    settings.ROWS_PER_MINUTE = 5
    assert api.push(1, 2, 3).status_code == 200
    answer = api.push(4, 5, 6, **{"Idempotency-Key": "k"})
    assert answer.status_code == 429
    assert answer.json()["details"] == {"limit": "rows_per_minute", "value": 5}
    assert "Retry-After" in answer
    assert not IdempotentAnswer.objects.exists()
    assert api.push(7, 8).status_code == 200
    assert Batch.objects.count() == 2


def test_a_batch_larger_than_the_quota_of_a_minute_is_too_large(api, settings):
    settings.ROWS_PER_MINUTE = 2
    answer = api.push(1, 2, 3)
    assert answer.status_code == 413
    assert answer.json()["details"] == {"limit": "rows_per_minute", "value": 2}


def test_the_next_window_has_room_again(api, settings, broker):
    settings.REQUESTS_PER_MINUTE = 1
    assert [api.push(n).status_code for n in range(2)] == [200, 429]
    for name in broker.keys("countersign:window:*"):
        assert 0 < broker.pttl(name) <= 60_000
        broker.delete(name)
    assert api.push(3).status_code == 200


def test_each_key_has_a_quota_of_its_own(api, settings):
    settings.REQUESTS_PER_MINUTE = 1
    assert [api.push(n).status_code for n in range(2)] == [200, 429]
    api.use_key()
    assert api.push(3).status_code == 200


def test_a_broker_that_is_down_lets_pushes_through(api, settings, caplog):
    settings.REQUESTS_PER_MINUTE, settings.ROWS_PER_MINUTE = 1, 1
    settings.CELERY_BROKER_URL = DOWN
    assert [api.push(n).status_code for n in range(3)] == [200, 200, 200]
    assert "rate_limit_not_counted" in caplog.text


def test_without_quotas_no_request_goes_to_the_broker(api, settings, monkeypatch):
    settings.REQUESTS_PER_MINUTE = settings.ROWS_PER_MINUTE = 0
    monkeypatch.setattr(rate_limit, "take", lambda *_, **__: pytest.fail("asked"))
    assert api.push(1).status_code == 200
