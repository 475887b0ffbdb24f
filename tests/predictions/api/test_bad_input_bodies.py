"""Hostile bodies are refused as a whole, quickly, and nothing of them is kept."""

import gzip
import struct
import time

import pyarrow as pa
import pytest

from apps.predictions.models import Batch, Prediction, RejectedRow
from tests.pushes import ARROW, JSON, NDJSON, PARQUET, Api, columns, lined, listed, raw

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Api:
    return Api()


# Bodies that are refused as a whole; nothing of them is stored or kept.
BODIES: dict[str, tuple[bytes, str, int, str]] = {
    "invalid UTF-8": (listed([raw(features=b'{"a": "\xff"}')]), JSON, 400, "invalid_unicode"),
    "half a pair as bytes": (listed([raw(features=b'{"a": "\xed\xa0\x80"}')]), JSON, 400, "invalid_unicode"),
    "UTF-16": (listed([raw()]).decode().encode("utf-16"), JSON, 400, "invalid_unicode"),
    "UTF-16 without a mark": (listed([raw()]).decode().encode("utf-16-le"), JSON, 400, "invalid_json"),
    "a mark": (b"\xef\xbb\xbf" + listed([raw()]), JSON, 400, "invalid_unicode"),
    "a mark before lines": (b"\xef\xbb\xbf" + lined([raw()]), NDJSON, 400, "invalid_unicode"),
    "utf-7": (listed([raw()]), f"{JSON}; charset=utf-7", 415, "unsupported_media_type"),
    "utf-16 by name": (lined([raw()]), f"{NDJSON}; charset=utf-16", 415, "unsupported_media_type"),
    "no type": (listed([raw()]), "", 415, "unsupported_media_type"),
    "a form": (listed([raw()]), "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
    "a row 5,000 deep": (listed([raw(1), raw(7, features=b"[" * 5000 + b"]" * 5000)]), JSON, 400, "too_deep"),
    "nested 5,000 deep": (b'{"predictions": ' + b"[" * 5000 + b"]" * 5000 + b"}", JSON, 400, "too_deep"),
    "deep and unfinished": (b'{"predictions": [' + b"[" * 100_000, JSON, 400, "invalid_json"),
    "nothing": (b"", JSON, 400, "invalid_json"),
    "a list": (b"[" + raw() + b"]", JSON, 400, "invalid_json"),
    "null": (b"null", JSON, 400, "invalid_json"),
    "another name": (b'{"rows": []}', JSON, 400, "invalid_json"),
    "a further name": (b'{"predictions": [], "model": "other"}', JSON, 400, "invalid_json"),
    "the list twice": (b'{"predictions": [' + raw() + b'], "predictions": []}', JSON, 400, "invalid_json"),
    "the list twice, once escaped": (b'{"predictions": [], "\\u0070redictions": []}', JSON, 400, "invalid_json"),
    "no list": (b'{"predictions": {"0": 1}}', JSON, 400, "invalid_json"),
    "a comma at the end": (b'{"predictions": [' + raw() + b",]}", JSON, 400, "invalid_json"),
    "another space": (b'{"predictions":\xc2\xa0[' + raw() + b"]}", JSON, 400, "invalid_json"),
    "cut off": (listed([raw(1), raw(2)])[:-9], JSON, 400, "invalid_json"),
    "more behind it": (listed([raw()]) + b"{}", JSON, 400, "invalid_json"),
    "a line of 1 MB and more": (lined([raw(1), b'"' + b"x" * 1024**2 + b'"']), NDJSON, 413, "too_large"),
    "no Parquet": (b"PAR1", PARQUET, 422, "invalid_columns"),
    "no Arrow": (b"ARROW1", ARROW, 422, "invalid_columns"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("body", "content_type", "status", "code"), BODIES.values(), ids=list(BODIES))
def test_a_body_that_is_not_a_batch_is_refused_and_nothing_of_it_is_kept(api, body, content_type, status, code):
    answer = api.send(body, content_type)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content
    assert set(answer.json()) == {"code", "message", "details"}
    assert not Prediction.objects.exists()
    assert not Batch.objects.exists()
    assert not RejectedRow.objects.exists()


@pytest.mark.slow
@pytest.mark.parametrize("size", [500_000, 3 * 1024**2])
@pytest.mark.parametrize(
    "filling", [b" ", b"}", b"] } ", b"} , ", b'"', b'\\"', b"{", b'{"a":'], ids=lambda part: part.decode()
)
@pytest.mark.parametrize("content_type", [JSON, NDJSON])
def test_no_filling_makes_the_reader_slow(api, content_type, filling, size):
    body = b'{"predictions": [' + raw() + b', {"a": ' + filling * (size // len(filling)) + b"x" + b"[" * 70
    started = time.monotonic()
    assert api.send(body, content_type).status_code in {400, 413, 207}
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("padding", [b" ", b"\n" * 500_000], ids=["at once", "by windows"])
def test_white_space_is_allowed_wherever_json_allows_it(api, padding):
    for rows, code in (([raw(1), raw(2)], None), ([], None), ([raw(3), raw(7, score=b"NaN")], "number_range")):
        body = b'{"predictions": [' + padding + (padding + b"," + padding).join(rows) + padding + b"] }"
        answer = api.send(body).json()
        assert [each["code"] for each in answer["rejected"]] == ([code] if code else [])
        assert answer["accepted"] + len(answer["rejected"]) == len(rows)
    assert api.send(b'{"predictions": [' + raw(4) + b"," + padding + b"]}").status_code == 400


def test_lines_are_checked_one_by_one_and_named_by_their_number(api):
    lines = [raw(n) for n in range(6)] + [b'{"id": "case-6", broken', b"", b"   \t", raw(9)]
    answer = api.send(b"\r\n".join(lines), NDJSON)  # no line feed at the end
    assert answer.json()["accepted"] == 7
    assert [(each["index"], each["id"], each["code"]) for each in answer.json()["rejected"]] == [
        (6, "case-6", "invalid_json")
    ]


def test_a_line_nested_5_000_deep_is_rejected_alone(api):
    lines = [raw(1), raw(7, features=b"[" * 5000 + b"]" * 5000), raw(2)]
    answer = api.send(lined(lines), NDJSON).json()
    assert (answer["accepted"], [each["code"] for each in answer["rejected"]]) == (2, ["too_deep"])


NO_ROWS = dict.fromkeys(("id", "predicted_at", "features.age", "prediction", "score"), pa.array([], pa.string()))


@pytest.mark.parametrize(
    ("empty", "content_type"),
    [
        (listed([]), JSON),
        (b"", NDJSON),
        (b"\n\r\n \n", NDJSON),
        (columns(PARQUET, **NO_ROWS), PARQUET),
        (columns(ARROW, **NO_ROWS), ARROW),
    ],
    ids=["json", "ndjson", "blank lines", "parquet", "arrow"],
)  # fmt: skip
def test_an_empty_batch_is_answered_with_zeros(api, empty, content_type):
    answer = api.send(empty, content_type)
    empty = {"batch": None, "accepted": 0, "duplicates": 0, "rejected": [], "reasons": []}
    assert (answer.status_code, answer.json()) == (200, empty)


@pytest.mark.parametrize("spread", [list, lambda rows: [part for row in rows for part in (row, b"")]])
def test_one_row_too_many_refuses_the_batch_and_nothing_is_stored(api, settings, spread):
    settings.MAX_BATCH_ROWS = 3
    rows = [raw(n) for n in range(4)]
    for body, content_type in ((listed(rows), JSON), (b"\n".join(spread(rows)), NDJSON)):
        answer = api.send(body, content_type)
        assert (answer.status_code, answer.json()["details"]["limit"]) == (413, "rows_per_batch")
    assert not Prediction.objects.exists()
    assert api.send(b"\n".join(spread(rows[:3])), NDJSON).json()["accepted"] == 3


@pytest.mark.parametrize("content_type", [PARQUET, ARROW])
@pytest.mark.parametrize("group", ["features", "probabilities", "attributions", "resources", "processed"])
def test_a_group_in_a_single_column_is_refused(api, content_type, group):
    answer = api.send(columns(content_type, **{group: ["{}"] * 3}), content_type)
    assert (answer.status_code, answer.json()["code"]) == (422, "unsupported_column")


@pytest.mark.parametrize("column", ["id", "features.name"])
def test_a_stream_with_offsets_out_of_bounds_is_refused(api, column):
    """Without validation it segfaults the process."""
    body = columns(ARROW, **{column: ["aaaa", "bbbb", "cccc"]})
    ends, beyond = struct.pack("<4i", 0, 4, 8, 12), struct.pack("<4i", 0, 4, 2**30, 12)
    assert ends in body
    answer = api.send(body.replace(ends, beyond), ARROW)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_columns")


def test_a_body_that_unfolds_beyond_the_limit_is_refused(api, settings):
    settings.MAX_BODY_BYTES = 1_000_000
    bomb = gzip.compress(b" " * 2_000_000)
    answer = api.send(bomb, **{"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.json()["details"]) == (413, {"limit": "body_bytes", "value": 1_000_000})


@pytest.mark.parametrize("form", [listed, lined])
@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_compressed_body_is_checked_like_any_other(api, form, encoding):
    body = form([raw(1), raw(7, score=2), raw(2)])
    packed = gzip.compress(body) if encoding == "gzip" else pa.Codec("zstd").compress(body, asbytes=True)
    answer = api.send(packed, JSON if form is listed else NDJSON, **{"Content-Encoding": encoding})
    assert (answer.status_code, answer.json()["accepted"], answer.json()["rejected"][0]["id"]) == (207, 2, "case-7")
