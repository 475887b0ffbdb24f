"""Every form of a body ends in the same rows; what cannot be read says why, and nothing unfolds without end."""

import gzip
import io
import json
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from apps.common.errors import DomainError
from apps.predictions.columns import arrow_rows, parquet_rows
from apps.predictions.decoding import raw_rows
from apps.predictions.unfolding import unfold

ROWS = [
    {
        "id": f"case-{number}",
        "predicted_at": "2026-11-01T12:00:00+00:00",
        "features": {"age": 30 + number, "name": "Zoë\t\\", "note": None},
        "prediction": "yes",
        "probabilities": {"no": 0.25, "yes": 0.75},
        "amount": 12.5,
    }
    for number in range(3)
]
FLAT = {
    "id": ["case-0", "case-1", "case-2"],
    "predicted_at": [datetime(2026, 11, 1, 12, tzinfo=UTC)] * 3,
    "features.age": [30, 31, 32],
    "features.name": ["Zoë\t\\"] * 3,
    "features.note": pa.array([None] * 3, pa.string()),
    "prediction": ["yes"] * 3,
    "probabilities.no": [0.25] * 3,
    "probabilities.yes": [0.75] * 3,
    "amount": [Decimal("12.5")] * 3,
    "baseline": pa.array([None] * 3, pa.string()),
}


def parquet(columns=None, **how) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns or FLAT), file, **how)
    return file.getvalue()


def arrow(columns=None, **how) -> bytes:
    table = pa.table(columns or FLAT)
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema, **how) as writer:
        writer.write_table(table)
    return sink.getvalue()


def parsed(rows: list[bytes]) -> list[dict]:
    return [json.loads(row) for row in rows]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", json.dumps({"predictions": ROWS}).encode()),
        ("application/x-ndjson", "\r\n".join(map(json.dumps, ROWS)).encode() + b"\n\n"),
        ("application/vnd.apache.parquet", parquet()),
        ("application/vnd.apache.arrow.stream", arrow()),
    ],
)
def test_every_form_ends_in_the_same_rows(content_type, body):
    assert parsed(raw_rows(body, content_type=content_type, name="predictions")) == ROWS


def test_texts_kept_as_a_dictionary_and_times_in_nanoseconds_are_read_too():
    moments = pa.array([datetime(2026, 11, 1, 12, tzinfo=UTC)] * 2, pa.timestamp("ns", tz="Europe/Berlin"))
    columns = {"id": pa.array(["a", "a"]).dictionary_encode(), "predicted_at": moments}
    for rows in (parquet_rows(parquet(columns)), arrow_rows(arrow(columns))):
        assert parsed(rows)[1] == {"id": "a", "predicted_at": "2026-11-01T13:00:00+01:00"}


def test_numbers_that_json_does_not_know_are_left_for_the_row_s_own_check():
    (row,) = parquet_rows(parquet({"id": ["a"], "features.x": [float("nan")], "score": [float("inf")]}))
    assert b"NaN" in row
    assert b"Infinity" in row


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid_columns"),
        (b"PAR1 no", "invalid_columns"),
        (parquet()[:-20], "invalid_columns"),
        (parquet({"id": ["a"], "features": [{"age": 3}]}), "nested_column"),
        (parquet({"id": ["a"], "features.tags": [["x", "y"]]}), "nested_column"),
        (parquet({"id": ["a"], "features.raw": [b"\x00"]}), "unsupported_column"),
        (parquet({f"features.{at}": [1] for at in range(10_000)}), "too_many_columns"),
    ],
)
def test_a_parquet_file_that_is_not_taken_says_why(body, code):
    with pytest.raises(DomainError) as refused:
        parquet_rows(body)
    assert (refused.value.status, refused.value.code) == (422, code)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid_columns"),
        (b"\xff\xff\xff\xff\x10\x00\x00\x00 no", "invalid_columns"),
        (arrow()[: len(arrow()) // 2], "invalid_columns"),
        (arrow({"id": ["a"], "features": [{"age": 3}]}), "nested_column"),
        (arrow(options=pa.ipc.IpcWriteOptions(compression="zstd")), "compressed_arrow"),
        (arrow(options=pa.ipc.IpcWriteOptions(compression="lz4")), "compressed_arrow"),
    ],
)
def test_an_arrow_stream_that_is_not_taken_says_why(body, code):
    with pytest.raises(DomainError) as refused:
        arrow_rows(body)
    assert (refused.value.status, refused.value.code) == (422, code)


def test_columns_of_the_same_name_are_refused():
    table = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["id", "id"])
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(DomainError) as refused:
        arrow_rows(sink.getvalue())
    assert refused.value.code == "duplicate_name"


@pytest.mark.parametrize("read", [lambda columns: parquet_rows(parquet(columns)), lambda c: arrow_rows(arrow(c))])
def test_more_rows_and_more_bytes_than_the_limits_are_refused(read, settings):
    settings.MAX_BATCH_ROWS = 100
    with pytest.raises(DomainError) as many:
        read({"id": [str(at) for at in range(101)]})
    settings.MAX_BODY_BYTES = 10_000
    with pytest.raises(DomainError) as long:
        read({"id": ["x" * 200] * 90})
    assert [refused.value.status for refused in (many, long)] == [413, 413]


@pytest.mark.slow
def test_a_file_of_kilobytes_that_unfolds_to_gigabytes_is_refused_within_a_limited_memory(limited_memory):
    """A text of one megabyte, two thousand times: 2 GB as rows, kept once in the file."""
    table = pa.table({"id": pa.array(["x" * 1_000_000]).take(pa.array([0] * 2_000)).dictionary_encode()})
    file = io.BytesIO()
    pq.write_table(table, file, compression="zstd")
    assert len(file.getvalue()) < 300_000
    said = limited_memory("from apps.predictions.columns import parquet_rows as read", file.getvalue())
    assert said == "413 too_large"


@pytest.mark.slow
@pytest.mark.parametrize("levels", [1, 2])
def test_a_gzip_bomb_is_refused_within_a_limited_memory(limited_memory, levels):
    body = gzip.compress(b"0" * 1_000_000_000, 9)
    if levels == 2:
        body = gzip.compress(b"", 9) * 3 + body  # members before it hide nothing
    said = limited_memory(
        "from functools import partial\nfrom apps.predictions.unfolding import unfold\n"
        "read = partial(unfold, encoding='gzip')",
        body,
    )
    assert said == "413 too_large"


@pytest.mark.slow
def test_a_zstd_bomb_is_refused_within_a_limited_memory(limited_memory):
    body = pa.Codec("zstd").compress(b"0" * 500_000_000, asbytes=True)
    said = limited_memory(
        "from functools import partial\nfrom apps.predictions.unfolding import unfold\n"
        "read = partial(unfold, encoding='zstd')",
        body,
    )
    assert said == "413 too_large"


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "zstd", "identity", ""])
def test_what_was_compressed_comes_out_as_it_was(encoding):
    text = json.dumps(ROWS).encode() * 1_000
    body = {"gzip": gzip.compress, "x-gzip": gzip.compress}.get(encoding, bytes)(text)
    if encoding == "zstd":
        body = pa.Codec("zstd").compress(text, asbytes=True)
    assert unfold(body, encoding=encoding) == text


def test_members_one_after_the_other_are_one_body():
    assert unfold(gzip.compress(b"a") + gzip.compress(b"b"), encoding="gzip") == b"ab"


@pytest.mark.parametrize(
    ("body", "encoding", "status", "code"),
    [
        (b"not gzip", "gzip", 400, "invalid_encoding"),
        (gzip.compress(b"a" * 1_000)[:-9], "gzip", 400, "invalid_encoding"),
        (gzip.compress(b"a") + b"tail", "gzip", 400, "invalid_encoding"),
        (b"not zstd", "zstd", 400, "invalid_encoding"),
        (b"", "br", 415, "unsupported_media_type"),
        (b"", "gzip, gzip", 415, "unsupported_media_type"),
    ],
)
def test_a_body_that_is_not_what_it_says_is_refused(body, encoding, status, code):
    with pytest.raises(DomainError) as refused:
        unfold(body, encoding=encoding)
    assert (refused.value.status, refused.value.code) == (status, code)
