"""Hostile rows come back and are kept; the good rows around them are stored."""

import json
from datetime import timedelta

import pyarrow as pa
import pytest
from django.utils import timezone

from apps.predictions.models import Payload, Prediction, RejectedRow
from tests.factories import prediction_row
from tests.pushes import ARROW, JSON, NDJSON, NOON, PARQUET, Api, columns, lined, listed, raw

pytestmark = pytest.mark.django_db

NINES = b"9" * 5000


@pytest.fixture
def api() -> Api:
    return Api()


def with_field(text: bytes) -> bytes:
    """A row with one more field, written as given."""
    return raw(7)[:-1] + b", " + text + b"}"


def in_hours(hours: float) -> str:
    return (timezone.now() + timedelta(hours=hours)).isoformat()


# The bad row, at index 1 with the id case-7, and the code and field of its rejection.
ROWS: dict[str, tuple[bytes, str, str | None]] = {
    "NUL in a value": (raw(7, features=b'{"a": "x\\u0000y"}'), "nul_character", "features"),
    "NUL in a name": (raw(7, features=b'{"x\\u0000y": 1}'), "nul_character", "features"),
    "NUL as it is": (raw(7, features=b'{"a": "x\x00y"}'), "invalid_json", "features"),
    "NUL in another text": (raw(7, subject=b'"\\u0000"'), "nul_character", "subject"),
    "half a pair in a value": (raw(7, features=b'{"a": "\\ud800"}'), "invalid_unicode", "features"),
    "half a pair in a name": (raw(7, features=b'{"\\udfff": 1}'), "invalid_unicode", "features"),
    "half a pair in a class": (raw(7, prediction=b'"\\ud800"'), "invalid_unicode", "prediction"),
    "half a pair, the wrong half first": (raw(7, version=b'"\\ude00\\ud83d"'), "invalid_unicode", "version"),
    "deep": (raw(7, features=b'{"a":' * 100 + b"1" + b"}" * 100), "too_deep", "features"),
    "NaN": (raw(7, features=b'{"a": NaN}'), "number_range", "features"),
    "Infinity": (raw(7, amount=b"Infinity"), "number_range", "amount"),
    "-Infinity": (raw(7, attributions=b'{"age": -Infinity}'), "number_range", "attributions"),
    "1e400": (raw(7, features=b'{"a": 1e400}'), "number_range", "features"),
    "-1e400 in a list": (raw(7, features=b'{"a": [0, {"b": -1e400}]}'), "number_range", "features"),
    "an integer of 5,000 digits": (raw(7, features=b'{"a": ' + NINES + b"}"), "number_range", "features"),
    "a score of 5,000 digits": (raw(7, score=NINES), "number_range", "score"),
    "a name twice": (with_field(b'"score": 0.5'), "duplicate_name", "score"),
    "a name twice, once escaped": (with_field(b'"\\u0073core": 0.5'), "duplicate_name", "score"),
    "a feature twice": (raw(7, features=b'{"a": 1, "a": 1}'), "duplicate_name", "features"),
    "a name twice, far inside": (raw(7, features=b'{"a": [{"b": {"c": 1, "c": 2}}]}'), "duplicate_name", "features"),
    "a field that there is not": (with_field(b'"predicted": 1'), "unknown_field", "predicted"),
    "another writing of a field": (with_field(b'"Score": 1'), "unknown_field", "Score"),
    "true for a number": (raw(7, score=True), "invalid_type", "score"),
    "a text for a number": (raw(7, score="0.5"), "invalid_type", "score"),
    "true for a class": (raw(7, prediction=True), "invalid_type", "prediction"),
    "nothing for a class": (raw(7, prediction=None), "missing_field", "prediction"),
    "a number for a class": (raw(7, prediction=1), "unknown_class", "prediction"),
    "a list for features": (raw(7, features=[1]), "invalid_type", "features"),
    "nothing for features": (raw(7, features=None), "invalid_type", "features"),
    "a text for features": (raw(7, features="{}"), "invalid_type", "features"),
    "a text for an attribution": (raw(7, attributions={"age": "high"}), "invalid_type", "attributions"),
    "an empty version": (raw(7, version=""), "invalid_length", "version"),
    "a long version": (raw(7, version="v" * 201), "invalid_length", "version"),
    "an empty subject": (raw(7, subject=""), "invalid_length", "subject"),
    "no zone": (raw(7, predicted_at="2026-03-02T09:00:00"), "time_without_zone", "predicted_at"),
    "year 9998": (raw(7, predicted_at="9998-01-01T00:00:00Z"), "time_range", "predicted_at"),
    "year 1": (raw(7, predicted_at="0001-01-01T00:00:00+14:00"), "time_range", "predicted_at"),
    "30 February": (raw(7, predicted_at="2026-02-30T09:00:00Z"), "invalid_time", "predicted_at"),
    "a day alone": (raw(7, predicted_at="2026-02-03"), "invalid_time", "predicted_at"),
    "words for a time": (raw(7, predicted_at="yesterday"), "invalid_time", "predicted_at"),
    "a number for a time": (raw(7, predicted_at=1_700_000_000), "invalid_type", "predicted_at"),
    "25 hours ahead": (raw(7, predicted_at=in_hours(25)), "time_range", "predicted_at"),
    "negative latency": (raw(7, latency_ms=-1), "number_range", "latency_ms"),
    "score above 1": (raw(7, score=1.5), "probability_range", "score"),
    "score below 0": (raw(7, score=-0.1), "probability_range", "score"),
    "a sum below 1": (raw(7, probabilities={"yes": 0.5, "no": 0.498}), "probability_sum", "probabilities"),
    "a probability above 1": (raw(7, probabilities={"yes": 1.5, "no": -0.5}), "probability_range", "probabilities"),
    "probabilities of no class": (raw(7, probabilities={}), "probability_sum", "probabilities"),
    "a probability of another class": (raw(7, probabilities={"maybe": 1.0}), "unknown_class", "probabilities"),
    "score and probabilities at odds": (raw(7, probabilities={"yes": 0.2, "no": 0.8}), "score_mismatch", "score"),
    "another class": (raw(7, prediction="maybe"), "unknown_class", "prediction"),
    "another class as baseline": (raw(7, baseline="maybe"), "unknown_class", "baseline"),
    "an amount beyond all": (raw(7, amount=1e16), "number_range", "amount"),
    "nothing logged": (raw(7, log_share=0), "probability_range", "log_share"),
    "more than all logged": (raw(7, log_share=1.01), "probability_range", "log_share"),
    "less than nothing logged": (raw(7, log_share=-0.2), "probability_range", "log_share"),
    "next to nothing logged": (raw(7, log_share=1e-9), "probability_range", "log_share"),
    "a text for a log share": (raw(7, log_share="20 %"), "invalid_type", "log_share"),
    "a flag for a log share": (raw(7, log_share=True), "invalid_type", "log_share"),
    "NaN for a log share": (with_field(b"\"log_share\": NaN"), "number_range", "log_share"),
    "NUL in a processed value": (raw(7, processed=b'{"a": "x\\u0000y"}'), "nul_character", "processed"),
    "a processed name twice": (raw(7, processed=b'{"a": 1, "a": 1}'), "duplicate_name", "processed"),
    "deep in a processed value": (raw(7, processed=b'{"a":' * 100 + b"1" + b"}" * 100), "too_deep", "processed"),
    "1e400 in a processed value": (raw(7, processed=b'{"a": [1e400]}'), "number_range", "processed"),
    "a list for processed": (raw(7, processed=[1]), "invalid_type", "processed"),
    "a text for processed": (raw(7, processed="{}"), "invalid_type", "processed"),
    "a number for processed": (raw(7, processed=0), "invalid_type", "processed"),
    "too many processed values": (
        raw(7, processed={str(n): n for n in range(2_001)}), "too_many_features", "processed"
    ),
    "too many features": (raw(7, features={str(n): n for n in range(2_001)}), "too_many_features", "features"),
}  # fmt: skip
MISSING = ("predicted_at", "prediction")


@pytest.mark.slow
@pytest.mark.parametrize("form", [listed, lined], ids=["json", "ndjson"])
@pytest.mark.parametrize(("bad", "code", "field"), ROWS.values(), ids=list(ROWS))
def test_a_bad_row_comes_back_and_the_good_ones_around_it_are_stored(api, form, bad, code, field):
    answer = api.send(form([raw(1), bad, raw(2)]), JSON if form is listed else NDJSON)
    assert answer.status_code == 207, answer.content
    document = answer.json()
    assert (document["accepted"], document["duplicates"]) == (2, 0)
    (rejected,) = document["rejected"]
    assert (rejected["index"], rejected["id"], rejected["code"], rejected["field"]) == (1, "case-7", code, field)
    assert rejected["message"]
    assert set(Prediction.objects.values_list("external_id", flat=True)) == {"case-1", "case-2"}
    kept = RejectedRow.objects.get()
    assert (kept.index, kept.external_id, kept.code, kept.field) == (1, "case-7", code, field)
    assert bytes(kept.raw) == bad[: 16 * 1024]


@pytest.mark.slow
@pytest.mark.parametrize("form", [listed, lined], ids=["json", "ndjson"])
@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (raw(id=7), (None, "invalid_type", "id")),
        (raw(id=""), ("", "invalid_length", "id")),
        (raw(id="x" * 401), ("x" * 400, "invalid_length", "id")),
        (raw(id=None), (None, "missing_field", "id")),
        (raw(id=b'"a\\u0000b"'), ("a\ufffdb", "nul_character", "id")),
        (raw(id=b'"a\\ud800"'), ("a?", "invalid_unicode", "id")),
        (b'{"predicted_at": "2026-03-02T09:00:00Z"}', (None, "missing_field", "id")),
        (b"7", (None, "invalid_type", None)),
        (b"null", (None, "invalid_type", None)),
        (b'"text"', (None, "invalid_type", None)),
        (b"[1]", (None, "invalid_type", None)),
    ],
)
def test_a_row_without_a_usable_id_is_named_by_its_index(api, form, bad, told):
    answer = api.send(form([raw(1), bad, raw(2)]), JSON if form is listed else NDJSON)
    assert (answer.status_code, answer.json()["accepted"]) == (207, 2)
    (rejected,) = answer.json()["rejected"]
    assert (rejected["index"], rejected["id"], rejected["code"], rejected["field"]) == (1, *told)
    assert RejectedRow.objects.get().code == told[1]


@pytest.mark.parametrize("field", MISSING)
def test_a_missing_field_is_named(api, field):
    row = {name: value for name, value in prediction_row(7).items() if name != field}
    (rejected,) = api.send(listed([json.dumps(row).encode()])).json()["rejected"]
    assert (rejected["id"], rejected["code"], rejected["field"]) == ("case-7", "missing_field", field)


def test_values_just_inside_the_limits_are_accepted(api):
    rows = [raw(1, predicted_at=in_hours(23.9)), raw(2, predicted_at="1970-01-01T00:00:00Z")]
    rows += [raw(4, probabilities={"yes": 0.9, "no": 0.1009}), raw(5, score=0), raw(7, score=1)]
    assert api.send(listed(rows)).json()["accepted"] == 5


def test_features_are_stored_exactly_as_sent(api):
    features = b'{"b": 1.50, "a": "\\u00fc\\ud83d\\ude00 <script>", "big": 123456789012345678, "e": 1E2, "": null}'
    assert api.send(listed([raw(1, features=features)])).json()["accepted"] == 1
    assert Payload.objects.get().features == json.loads(features)
    (stored,) = Payload.objects.extra(select={"text": "features::text"}).values_list("text", flat=True)
    assert stored.encode() == features


@pytest.mark.slow
@pytest.mark.parametrize("content_type", [PARQUET, ARROW])
@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"features.age": [20.0, float("inf"), 40.0]}, "number_range", "features"),
        ({"score": [0.9, float("inf"), 0.8]}, "number_range", "score"),
        ({"features.note": ["a", "x\x00y", "b"]}, "nul_character", "features"),
        ({"predicted_at": [NOON, "2026-02-30T09:00:00Z", NOON]}, "invalid_time", "predicted_at"),
        ({"prediction": ["yes", "maybe", "yes"]}, "unknown_class", "prediction"),
        ({"prediction": ["yes", None, "yes"]}, "missing_field", "prediction"),
        ({"latency_ms": [1, -1, 1]}, "number_range", "latency_ms"),
        ({"log_share": [1.0, 20.0, None]}, "probability_range", "log_share"),
        ({"log_share": [0.2, float("inf"), 0.2]}, "number_range", "log_share"),
        ({"resources.cpu": [1.0, float("-inf"), None]}, "number_range", "resources"),
        ({"processed.age": [1.0, float("inf"), None]}, "number_range", "processed"),
        ({"processed.note": ["a", "x\x00y", "b"]}, "nul_character", "processed"),
        ({"features.x": pa.array([1.0, float("inf"), 2.0]).dictionary_encode()}, "number_range", "features"),
        ({"features.day": pa.array([0, -(2**31), 1], pa.date32())}, "number_range", "features"),
        ({"features.at": pa.array([0, 2**62, 1], pa.timestamp("us"))}, "number_range", "features"),
    ],
)  # fmt: skip
def test_a_bad_row_of_a_column_form_comes_back_too(api, content_type, changes, code, field):
    answer = api.send(columns(content_type, **changes), content_type)
    assert answer.status_code == 207, answer.content
    assert answer.json()["accepted"] == 2
    (rejected,) = answer.json()["rejected"]
    assert (rejected["index"], rejected["id"], rejected["code"], rejected["field"]) == (1, "case-7", code, field)
    assert RejectedRow.objects.get().external_id == "case-7"


@pytest.mark.parametrize("content_type", [PARQUET, ARROW])
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"id": [1, 2, 3]}, "invalid_type"),
        ({"score": [True, False, True]}, "invalid_type"),
        ({"predicted_at": pa.array([0, 1, 2], pa.timestamp("us"))}, "time_without_zone"),
        ({"unheard_of": [1, 2, 3]}, "unknown_field"),
    ],
)
def test_a_column_of_a_wrong_type_rejects_each_row(api, content_type, changes, code):
    answer = api.send(columns(content_type, **changes), content_type)
    assert [each["code"] for each in answer.json()["rejected"]] == [code] * 3
    assert not Prediction.objects.exists()


SCRIPTS = ["<script>alert(1)</script>", '" hx-get=//x', "{{7*7}}", "<svg onload=alert(1)>", "=1+1", "';DROP TABLE x;--"]


@pytest.mark.parametrize("text", SCRIPTS)
def test_text_that_looks_like_code_is_stored_as_text(api, text):
    rows = [raw(1, id=text, features={text: text}, version=text, subject=text)]
    assert api.send(listed(rows)).json()["accepted"] == 1
    stored = Prediction.objects.select_related("version").get()
    assert (stored.external_id, stored.subject, stored.version.name) == (text, text, text)
    assert Payload.objects.get().features == {text: text}
