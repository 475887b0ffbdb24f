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
from apps.predictions.reading import decoding
from apps.predictions.reading.bodies import unfold
from apps.predictions.reading.columns import arrow_rows, parquet_rows
from apps.predictions.reading.decoding import chunks
from tests.factories import body_of

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


def read(rows_of_file, body: bytes) -> list[bytes]:
    with body_of(body) as sent:
        return [row for rows in rows_of_file(sent.file, bounds=sent.bounds) for row in rows]


def rows_of(body: bytes, content_type: str) -> list[bytes]:
    with body_of(body, content_type=content_type) as sent:
        return [row for rows in chunks(sent, name="predictions") for row in rows]


def parsed(rows: list[bytes]) -> list[dict]:
    return [json.loads(row) for row in rows if row]


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
    assert parsed(rows_of(body, content_type)) == ROWS


def test_texts_kept_as_a_dictionary_and_times_in_nanoseconds_are_read_too():
    moments = pa.array([datetime(2026, 11, 1, 12, tzinfo=UTC)] * 2, pa.timestamp("ns", tz="Europe/Berlin"))
    columns = {"id": pa.array(["a", "a"]).dictionary_encode(), "predicted_at": moments}
    for rows in (read(parquet_rows, parquet(columns)), read(arrow_rows, arrow(columns))):
        assert parsed(rows)[1] == {"id": "a", "predicted_at": "2026-11-01T13:00:00+01:00"}


def test_numbers_that_json_does_not_know_are_left_for_the_row_s_own_check():
    (row,) = read(parquet_rows, parquet({"id": ["a"], "features.x": [float("nan")], "score": [float("inf")]}))
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
        read(parquet_rows, body)
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
        read(arrow_rows, body)
    assert (refused.value.status, refused.value.code) == (422, code)


def test_columns_of_the_same_name_are_refused():
    table = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["id", "id"])
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(DomainError) as refused:
        read(arrow_rows, sink.getvalue())
    assert refused.value.code == "duplicate_name"


@pytest.mark.parametrize(
    ("write", "content_type"),
    [(parquet, "application/vnd.apache.parquet"), (arrow, "application/vnd.apache.arrow.stream")],
)
def test_more_rows_and_more_bytes_than_the_limits_are_refused(write, content_type, settings):
    settings.MAX_BATCH_ROWS = 100
    with pytest.raises(DomainError) as many:
        rows_of(write({"id": [str(at) for at in range(101)]}), content_type)
    settings.MAX_BODY_BYTES = 10_000
    with pytest.raises(DomainError) as long:
        rows_of(write({"id": ["x" * 200] * 90}), content_type)
    assert [refused.value.status for refused in (many, long)] == [413, 413]


@pytest.mark.slow
def test_a_file_of_kilobytes_that_unfolds_to_gigabytes_is_refused_within_a_limited_memory(limited_memory):
    """A text of one megabyte, two thousand times: 2 GB as rows, kept once in the file."""
    table = pa.table({"id": pa.array(["x" * 1_000_000]).take(pa.array([0] * 2_000)).dictionary_encode()})
    file = io.BytesIO()
    pq.write_table(table, file, compression="zstd")
    assert len(file.getvalue()) < 300_000
    said = limited_memory(
        "import io\nfrom apps.predictions.reading.bodies import of_a_push\n"
        "from apps.predictions.reading.columns import parquet_rows\n"
        "def read(body): return list(parquet_rows(io.BytesIO(body), bounds=of_a_push('')))",
        file.getvalue(),
    )
    assert said == "413 too_large"


@pytest.mark.slow
@pytest.mark.parametrize("levels", [1, 2])
def test_a_gzip_bomb_is_refused_within_a_limited_memory(limited_memory, levels):
    body = gzip.compress(b"0" * 1_000_000_000, 9)
    if levels == 2:
        body = gzip.compress(b"", 9) * 3 + body  # members before it hide nothing
    said = limited_memory(
        "from apps.predictions.reading.bodies import Body\n"
        "def read(body): return Body.receive([body], content_type='application/json', encoding='gzip')",
        body,
    )
    assert said == "413 too_large"


@pytest.mark.slow
def test_a_zstd_bomb_is_refused_within_a_limited_memory(limited_memory):
    body = pa.Codec("zstd").compress(b"0" * 500_000_000, asbytes=True)
    said = limited_memory(
        "from apps.predictions.reading.bodies import Body\n"
        "def read(body): return Body.receive([body], content_type='application/json', encoding='zstd')",
        body,
    )
    assert said == "413 too_large"


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "zstd", "identity", ""])
def test_what_was_compressed_comes_out_as_it_was(encoding):
    text = json.dumps(ROWS).encode() * 1_000
    body = {"gzip": gzip.compress, "x-gzip": gzip.compress}.get(encoding, bytes)(text)
    if encoding == "zstd":
        body = pa.Codec("zstd").compress(text, asbytes=True)
    assert b"".join(unfold([body], encoding=encoding)) == text
    pieces = [body[at : at + 100] for at in range(0, len(body), 100)]
    assert b"".join(unfold(pieces, encoding=encoding)) == text


def test_members_one_after_the_other_are_one_body():
    assert b"".join(unfold([gzip.compress(b"a") + gzip.compress(b"b")], encoding="gzip")) == b"ab"


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
    # What is compressed holds the second at which it was: no name for a test that two processes collect.
    ids=["not gzip", "cut off", "with a tail", "not zstd", "unknown", "twice"],
)
def test_a_body_that_is_not_what_it_says_is_refused(body, encoding, status, code):
    with pytest.raises(DomainError) as refused:
        list(unfold([body], encoding=encoding))
    assert (refused.value.status, refused.value.code) == (status, code)


def list_of(rows: list[bytes], *, gap: bytes = b", ") -> bytes:
    return b'{"predictions": [' + gap.join(rows) + b"]}"


ODD = [b'{"a": "},{"}', b'{"b": [{"c": 1}, {"d": 2}]}', b'{"e": {"f": 1}, "g": {}}', b'"},\\"{"', b"7", b"[]", b"null"]


@pytest.mark.parametrize("broken", [[], [b'{"a": NaN}'], [b'{"a": "\xc3\xab\t"}']], ids=["none", "NaN", "a tab"])
@pytest.mark.parametrize("size", [40, 64, 300])
@pytest.mark.parametrize("gap", [b",", b" , ", b",\n\t"])
def test_a_list_has_its_rows_however_it_is_read(broken, size, gap, monkeypatch):
    """At once, or by windows that end inside a text that looks like a row's end, a list of objects, a character."""
    monkeypatch.setattr(decoding, "WINDOW", size)
    rows = [
        *ODD,
        *(json.dumps({"id": f"Zoë-{n}", "x": "},{" * (n % 4)}, ensure_ascii=False).encode() for n in range(50)),
        *broken,
    ]
    assert rows_of(list_of(rows, gap=gap), "application/json") == rows


@pytest.mark.parametrize("commas", [0, 10])
def test_a_list_of_more_values_than_fit_in_memory_is_read_row_by_row(commas, monkeypatch):
    monkeypatch.setattr(decoding, "CHUNK_BYTES", 100)
    monkeypatch.setattr(decoding, "COMMAS_PER_ROW", commas)
    rows = [*ODD, *(b"%d" % n for n in range(100))]
    assert rows_of(list_of(rows), "application/json") == rows


def test_a_row_that_is_far_too_large_refuses_a_json_body(monkeypatch):
    monkeypatch.setattr(decoding, "CHUNK_BYTES", 100)
    monkeypatch.setattr(decoding, "WINDOW", 200)
    large = json.dumps({"id": "x" * 300}).encode()
    for rows in ([b"1", large], [b"1", large, b"NaN"], [b"NaN", large]):
        with pytest.raises(DomainError) as refused:
            rows_of(list_of(rows), "application/json")
        assert (refused.value.status, refused.value.details["limit"], refused.value.details["index"]) == (
            413,
            "bytes_per_row",
            1,
        )


@pytest.mark.parametrize("size", [40, 200])
def test_a_broken_row_in_a_list_is_a_row_of_its_own(size, monkeypatch):
    monkeypatch.setattr(decoding, "WINDOW", size)
    rows = [b'{"a": 1}', b'{"a": NaN}', b'{"a": "\\ud800"}', *[b'{"b": 2}'] * 20, b'{"a": 1e999}']
    assert rows_of(list_of(rows), "application/json") == rows


@pytest.mark.parametrize(
    "body",
    [
        list_of([b'{"a": 1}'] * 30)[:-1],
        list_of([b'{"a": 1}'] * 30)[:-2],
        list_of([b'{"a": 1}'] * 30)[:-9],
        list_of([*[b'{"a": 1}'] * 30, b""]),
        list_of([*[b'{"a": 1}'] * 30, b'{"a" 1}', b'{"a": 1}']),
        list_of([b'{"a": 1}'] * 30) + b"x",
        list_of([b'{"a": 1}'] * 30)[:-1] + b', "more": 1}',
        b'{"other": [' + b"1," * 60 + b"1]}",
    ],
)
def test_a_list_that_does_not_end_or_is_none_is_refused_however_it_is_read(body, monkeypatch):
    for window in (40, 10_000):
        monkeypatch.setattr(decoding, "WINDOW", window)
        with pytest.raises(DomainError) as refused:
            rows_of(body, "application/json")
        assert (refused.value.status, refused.value.code) == (400, "invalid_json")
