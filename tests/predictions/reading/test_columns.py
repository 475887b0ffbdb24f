"""Parquet files and Arrow streams: read within bounds, or refused with a reason."""

import io
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from apps.common.errors import DomainError
from apps.predictions.models import BatchKind
from apps.predictions.reading.columns import arrow_rows, parquet_rows
from apps.predictions.reading.mapping import Naming
from tests.factories import body_of
from tests.predictions.reading.samples import arrow, parquet, parsed, rows_of


def read(rows_of_file, body: bytes) -> list[bytes]:
    with body_of(body) as sent:
        return [row for rows in rows_of_file(sent.file, bounds=sent.bounds) for row in rows]


def test_dictionary_encoded_texts_and_times_in_nanoseconds_are_read():
    moments = pa.array([datetime(2026, 11, 1, 12, tzinfo=UTC)] * 2, pa.timestamp("ns", tz="Europe/Berlin"))
    columns = {"id": pa.array(["a", "a"]).dictionary_encode(), "predicted_at": moments}
    for rows in (read(parquet_rows, parquet(columns)), read(arrow_rows, arrow(columns))):
        assert parsed(rows)[1] == {"id": "a", "predicted_at": "2026-11-01T13:00:00+01:00"}


def test_a_number_that_is_none_is_missing_and_an_infinity_is_left_to_the_check_of_its_row():
    columns = {"id": ["a"], "features.x": [float("nan")], "baseline": [float("nan")], "score": [float("inf")]}
    (row,) = read(parquet_rows, parquet(columns))
    assert row == b'{"id": "a", "features": {"x": null}, "score": Infinity}'


VIEWS = {
    "id": pa.array(["a", None], pa.string_view()),
    "prediction": pa.array(["yes", "no"], pa.large_string()),
    "features.city": pa.DictionaryArray.from_arrays(pa.array([1, 0], pa.int8()), pa.array(["Bonn", "Köln"])),
    "features.half": pa.array([0.5, None], pa.float16()),
    "features.runs": pc.run_end_encode(pa.array([3, 3])),
    "features.price": pa.array([Decimal("1.50"), None], pa.decimal128(8, 2)),
}


@pytest.mark.parametrize(("read_form", "form"), [(arrow_rows, arrow), (parquet_rows, parquet)])
def test_texts_numbers_and_codes_are_read_however_they_are_laid_out(read_form, form):
    columns = VIEWS if form is arrow else {name: VIEWS[name] for name in VIEWS if name != "features.runs"}
    one, other = parsed(read(read_form, form(columns)))
    runs = {"runs": 3} if form is arrow else {}
    assert one == {"id": "a", "prediction": "yes", "features": {"city": "Köln", "half": 0.5, "price": 1.5, **runs}}
    assert other == {"prediction": "no", "features": {"city": "Bonn", "half": None, "price": None, **runs}}


def test_a_column_that_is_left_out_may_have_any_type_and_an_index_is_left_out():
    body = parquet({"id": ["a"], "tags": [["x"]], "raw": [b"\x00"], "__index_level_0__": ["row-17"]})
    with body_of(body) as sent:
        naming = Naming(BatchKind.PREDICTIONS, {"tags": None, "raw": None}).fields
        (row,) = [row for rows in parquet_rows(sent.file, bounds=sent.bounds, naming=naming) for row in rows]
    assert row == b'{"id":"a"}'
    (row,) = read(arrow_rows, arrow({"id": ["a"], "__index_level_0__": ["row-17"]}))
    assert row == b'{"id":"a"}'


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
def test_a_refused_parquet_file_says_why(body, code):
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
def test_a_refused_arrow_stream_says_why(body, code):
    with pytest.raises(DomainError) as refused:
        read(arrow_rows, body)
    assert (refused.value.status, refused.value.code) == (422, code)


def test_two_columns_of_the_same_name_are_refused():
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
def test_a_small_file_that_unfolds_to_gigabytes_is_refused_in_bounded_memory(limited_memory):
    """A text of one megabyte, two thousand times: 2 GB as rows, kept once in the file."""
    table = pa.table({"id": pa.array(["x" * 1_000_000]).take(pa.array([0] * 2_000)).dictionary_encode()})
    file = io.BytesIO()
    pq.write_table(table, file, compression="zstd")
    assert len(file.getvalue()) < 300_000
    output = limited_memory(
        "import io\nfrom apps.predictions.reading.bodies import of_a_push\n"
        "from apps.predictions.reading.columns import parquet_rows\n"
        "def read(body): return list(parquet_rows(io.BytesIO(body), bounds=of_a_push('')))",
        file.getvalue(),
    )
    assert output == "413 too_large"
