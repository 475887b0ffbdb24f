"""Pushing predictions over HTTP: what is stored, what is refused, and what the answer says."""

import gzip
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.test import Client

from apps.predictions.models import Batch, BatchStage, Payload, Prediction
from tests.factories import make_key, make_model, make_project, prediction_row

pytestmark = pytest.mark.django_db


class Api:
    def __init__(self) -> None:
        self.project = make_project()
        self.model = make_model(self.project, "employment")
        self.key = make_key(self.project)[1]
        self.client = Client(headers={"authorization": f"Bearer {self.key}"})

    def push(self, rows, *, query: str = "", **headers):
        return self.raw(json.dumps({"predictions": rows}).encode(), query=query, **headers)

    def raw(self, body: bytes, *, content_type: str = "application/json", query: str = "", **headers):
        return self.client.post(
            f"/api/v1/models/employment/predictions{query}", body, content_type=content_type, headers=headers
        )


@pytest.fixture
def api() -> Api:
    return Api()


def test_good_rows_are_stored_with_their_payload_before_the_answer(api):
    answer = api.push([prediction_row(1), prediction_row(2)])
    assert answer.status_code == 200, answer.content
    counts = {"accepted": 2, "duplicates": 0, "rejected": [], "reasons": []}
    assert answer.json() == {"batch": Batch.objects.get().pk, **counts}
    first = Prediction.objects.get(external_id="case-1")
    assert (first.predicted, first.score, first.baseline, list(first.slices.values())) == (1.0, 0.9, 1.0, ["2"])
    assert Payload.objects.get(prediction_id=first.pk, received_at=first.received_at).features == {"age": 21, "sex": 2}
    assert set(BatchStage.objects.values_list("stage", flat=True)) == {"draw", "resolve", "inspect"}


def test_bad_rows_come_back_with_their_reason_and_good_ones_are_kept(api):
    rows = [prediction_row(1), prediction_row(2, prediction="perhaps"), prediction_row(3, score=1.5)]
    answer = api.push(rows)
    assert answer.status_code == 207
    assert answer.json()["accepted"] == 1
    assert [(r["index"], r["id"], r["code"], r["field"]) for r in answer.json()["rejected"]] == [
        (1, "case-2", "unknown_class", "prediction"),
        (2, "case-3", "probability_range", "score"),
    ]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"id": 7}, "invalid_type"),
        ({"id": ""}, "invalid_length"),
        ({"score": True}, "invalid_type"),
        ({"nonsense": 1}, "unknown_field"),
        ({"predicted_at": "2026-03-02T09:00:00"}, "time_without_zone"),
        ({"predicted_at": "2026-02-30T09:00:00Z"}, "invalid_time"),
        ({"predicted_at": "9998-01-01T00:00:00Z"}, "time_range"),
        ({"latency_ms": -1}, "number_range"),
        ({"probabilities": {"yes": 0.5, "no": 0.4}}, "probability_sum"),
        ({"probabilities": {"maybe": 1.0}}, "unknown_class"),
        ({"features": [1]}, "invalid_type"),
        ({"features": {"name": "a\x00b"}}, "nul_character"),
        ({"features": {"name": "\ud800"}}, "invalid_unicode"),
    ],
)
def test_a_row_with_a_bad_value_is_rejected_with_its_code(api, changes, code):
    answer = api.push([prediction_row(1, **changes)])
    assert answer.status_code == 207, answer.content
    assert [each["code"] for each in answer.json()["rejected"]] == [code]
    assert not Prediction.objects.exists()


@pytest.mark.parametrize(
    ("features", "code"),
    [
        (b'{"a": 1, "a": 2}', "duplicate_name"),
        (b'{"a": 1e400}', "number_range"),
        (b'{"a": NaN}', "number_range"),
        (b'{"a": ' + b"9" * 5000 + b"}", "number_range"),
    ],
)
def test_parts_that_are_stored_as_sent_are_parsed_strictly(api, features, code):
    row = json.dumps(prediction_row(1, features="HERE")).encode().replace(b'"HERE"', features)
    answer = api.raw(b'{"predictions": [' + row + b"]}")
    assert [each["code"] for each in answer.json()["rejected"]] == [code]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b'{"predictions": []} x', "application/json", 400),
        (b'{"other": []}', "application/json", 400),
        (b"\xef\xbb\xbf{}", "application/json", 400),
        (b'{"predictions": ["\xff"]}', "application/json", 400),
        (b'{"predictions": ' + b"[" * 5000 + b"]" * 5000 + b"}", "application/json", 400),
        (b"{}", "text/csv", 415),
        (b"{}", "application/json; charset=utf-7", 415),
        (b"x" * (1024 * 1024 + 1), "application/x-ndjson", 413),
    ],
)
def test_a_body_that_is_not_a_batch_is_refused_as_a_whole(api, body, content_type, status):
    answer = api.raw(body, content_type=content_type)
    assert answer.status_code == status, answer.content
    assert set(answer.json()) == {"code", "message", "details"}


def test_an_empty_batch_is_answered_with_zeros(api):
    assert api.push([]).json() == {"batch": None, "accepted": 0, "duplicates": 0, "rejected": [], "reasons": []}


def test_ndjson_checks_each_line_and_skips_blank_ones(api):
    lines = [json.dumps(prediction_row(1)), "", "{broken", json.dumps(prediction_row(2)) + "\r"]
    answer = api.raw("\n".join(lines).encode(), content_type="application/x-ndjson")
    assert answer.json()["accepted"] == 2
    assert [(r["index"], r["code"]) for r in answer.json()["rejected"]] == [(2, "invalid_json")]  # its line, from 0


def test_the_same_row_again_is_a_duplicate_whatever_the_order_of_its_keys(api):
    row = prediction_row(1)
    api.push([row])
    answer = api.push([dict(reversed(row.items())), prediction_row(2)])
    assert answer.json()["duplicates"] == 1
    assert answer.json()["accepted"] == 1
    assert Prediction.objects.count() == 2


def test_the_same_id_with_other_content_is_a_conflict_and_the_first_is_kept(api):
    api.push([prediction_row(1)])
    answer = api.push([prediction_row(1, score=0.7), prediction_row(2), prediction_row(2, score=0.6)])
    assert [(r["index"], r["code"]) for r in answer.json()["rejected"]] == [(0, "conflict"), (2, "conflict")]
    assert Prediction.objects.get(external_id="case-1").score == 0.9
    assert Prediction.objects.count() == 2


def test_atomic_stores_all_or_nothing(api):
    answer = api.push([prediction_row(1), prediction_row(2, score=7)], query="?atomic=true")
    assert answer.status_code == 422
    assert answer.json()["accepted"] == 0
    assert not Prediction.objects.exists()
    assert not Batch.objects.exists()


def test_an_idempotency_key_replays_the_first_answer(api):
    first = api.push([prediction_row(1)], **{"Idempotency-Key": "k1"})
    again = api.push([prediction_row(1)], **{"Idempotency-Key": "k1"})
    assert again.json() == first.json()
    assert again.status_code == 200
    assert api.push([prediction_row(2)], **{"Idempotency-Key": "k1"}).status_code == 409
    assert Prediction.objects.count() == 1


def test_an_atomic_push_that_was_refused_can_be_sent_again_with_its_key(api):
    key = {"Idempotency-Key": "k2"}
    assert api.push([prediction_row(1, score=7)], query="?atomic=true", **key).status_code == 422
    assert api.push([prediction_row(1)], query="?atomic=true", **key).status_code == 200


def test_a_line_that_is_not_utf8_is_rejected_alone(api):
    lines = [json.dumps(prediction_row(number)).encode() for number in (1, 2, 3)]
    lines[1] = lines[1].replace(b"case-2", b"case-\xff")
    answer = api.raw(b"\n".join(lines), content_type="application/x-ndjson")
    assert (answer.status_code, answer.json()["accepted"]) == (207, 2)
    (rejected,) = answer.json()["rejected"]
    assert (rejected["index"], rejected["code"]) == (1, "invalid_unicode")


def test_the_same_content_written_in_another_way_is_a_duplicate(api):
    first = prediction_row(1, predicted_at="2026-03-02T09:00:00Z", features={"age": 37, "sex": 2, "note": None})
    again = prediction_row(1, predicted_at="2026-03-02T10:00:00+01:00", features={"sex": 2.0, "age": 37.0})
    assert api.push([first]).json()["accepted"] == 1
    assert api.push([{**again, "amount": None, "resources": {}}]).json()["duplicates"] == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"features": {"age": 38, "sex": 2}}, "features.age"),
        ({"features": {"age": 21, "sex": 2, "size": 3}}, "features.size"),
        ({"features": {"age": 21}}, "features.sex"),
        ({"version": "v9"}, "version"),
        ({"predicted_at": "2026-03-02T09:00:01Z", "features": {}}, "predicted_at"),
        ({"amount": 7.25}, "amount"),
    ],
)
def test_a_conflict_names_the_first_field_that_differs(api, changes, field):
    row = prediction_row(1, predicted_at="2026-03-02T09:00:00Z", features={"age": 21, "sex": 2})
    other = {**row, **changes}
    # Within one push, and against what is stored.
    answers = [api.push([row, other]).json(), api.push([other]).json()]
    for answer in answers:
        (rejected,) = answer["rejected"]
        assert (rejected["code"], rejected["field"]) == ("conflict", field)
        assert f"first in {field};" in rejected["message"]


SCALED = {"b": 1.5, "age_scaled": -0.25, "grade": "C", "is_new": True, "gap": None}


def test_what_the_model_saw_is_stored_as_sent(api):
    assert api.push([prediction_row(1, processed=SCALED), prediction_row(2)]).json()["accepted"] == 2
    stored = dict(Payload.objects.values_list("prediction__external_id", "processed"))
    assert list(stored["case-1"].items()) == list(SCALED.items())
    assert stored["case-2"] is None
    assert api.push([prediction_row(1, processed=dict(reversed(SCALED.items())))]).json()["duplicates"] == 1


@pytest.mark.parametrize("nothing", [None, {}, {"age_scaled": None}], ids=repr)
def test_a_row_without_what_the_model_saw_says_so_in_any_way(api, nothing):
    assert api.push([prediction_row(1)]).json()["accepted"] == 1
    assert api.push([prediction_row(1, processed=nothing)]).json()["duplicates"] == 1
    assert api.push([prediction_row(2, processed=nothing)]).json()["accepted"] == 1
    assert api.push([prediction_row(2)]).json()["duplicates"] == 1
    assert set(Payload.objects.values_list("processed", flat=True)) == {None}


@pytest.mark.parametrize("processed", [{**SCALED, "b": 2}, {"age_scaled": -0.25}, None], ids=repr)
def test_a_conflict_names_what_the_model_saw(api, processed):
    row = prediction_row(1, processed=SCALED)
    answers = [api.push([row, {**row, "processed": processed}]).json() for _ in range(2)]
    assert [each["rejected"][0]["field"] for each in answers] == ["processed.b"] * 2


def test_a_push_without_the_scope_or_without_a_key_is_refused(api):
    _, weak = make_key(api.project, ["outcomes:write"])
    url = "/api/v1/models/employment/predictions"
    weak_answer = api.client.post(url, b"{}", "application/json", headers={"authorization": f"Bearer {weak}"})
    assert weak_answer.status_code == 403
    assert Client().post(url, b"{}", "application/json").status_code == 401


def test_a_model_of_another_project_is_not_found(api):
    make_model(make_project(), "theirs")
    answer = api.client.post("/api/v1/models/theirs/predictions", b'{"predictions": []}', "application/json")
    assert answer.status_code == 404


def test_parquet_and_compressed_bodies_are_stored_like_json(api):
    table = pa.table(
        {
            "id": ["a", "b"],
            "predicted_at": ["2026-03-01T12:00:00Z"] * 2,
            "features.age": [41, 42],
            "features.sex": [1, 2],
            "prediction": ["yes", "maybe"],
            "score": [0.7, 0.8],
        }
    )
    file = io.BytesIO()
    pq.write_table(table, file)
    answer = api.raw(file.getvalue(), content_type="application/vnd.apache.parquet")
    assert (answer.status_code, answer.json()["accepted"]) == (207, 1)
    assert answer.json()["rejected"][0]["code"] == "unknown_class"
    assert Payload.objects.get().features == {"age": 41, "sex": 1}

    again = {"id": "a", "predicted_at": "2026-03-01T12:00:00Z", "features": {"age": 41, "sex": 1}}
    body = gzip.compress(json.dumps({"predictions": [again | {"prediction": "yes", "score": 0.7}]}).encode())
    answer = api.raw(body, **{"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.json()["duplicates"]) == (200, 1)


def test_a_corrupt_compressed_body_is_refused_as_json(api):
    answer = api.raw(b"not gzip", **{"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_encoding")


def test_rejected_rows_are_gathered_by_reason(api):
    rows = [prediction_row(number) for number in range(6)]
    for row in rows[1:4]:
        row["prediction"] = f"maybe {row['id']}"
    rows[5]["predicted_at"] = "yesterday"
    answer = api.push(rows).json()
    assert [(each["code"], each["rows"], each["example"]["index"]) for each in answer["reasons"]] == [
        ("unknown_class", 3, 1),
        (answer["rejected"][-1]["code"], 1, 5),
    ]
