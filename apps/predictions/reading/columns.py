"""Parquet files and Arrow streams to raw rows: flat columns such as `features.<name>` become groups again.

The result is the same JSON rows that the other forms give, so all later steps are shared. pyarrow is imported with the
first such body.
"""

import json
import math
import re
import struct
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from mmap import ACCESS_READ, mmap
from tempfile import SpooledTemporaryFile
from threading import Lock
from typing import IO, Any

import msgspec

from apps.common.errors import UnprocessableError
from apps.predictions.reading.bodies import IN_MEMORY, Bounds
from apps.predictions.reading.nesting import GROUPS, place_of

MAX_COLUMNS = 4_100
BATCH = 1_000
PAGE_BUFFER = 64 * 1024

# A page of every column is in memory at once, so a process reads one such body at a time.
_ONE_BODY = Lock()
# From column names to field names; null leaves a column out.
Naming = Callable[[Sequence[str]], Sequence[str | None]]
# The types of columns that are taken, by the names of pyarrow's tests.
TAKEN = (
    "boolean",
    "integer",
    "floating",
    "decimal",
    "string",
    "large_string",
    "string_view",
    "timestamp",
    "date",
    "time",
    "null",
)
# The index that pandas writes beside the columns, if it has no name.
_INDEX = re.compile(r"__index_level_\d+__")
_encode = msgspec.json.Encoder(decimal_format="number").encode


def is_index(column: str) -> bool:
    """Whether the column is an index without a name, as pandas writes it."""
    return _INDEX.fullmatch(column) is not None


def by_their_names(columns: Sequence[str]) -> list[str | None]:
    """Take each column as the field of its name."""
    return [None if is_index(column) else column for column in columns]


class BadColumnsError(UnprocessableError):
    """The file cannot be read, or has columns that are not supported."""

    code = "invalid_columns"


def parquet_rows(
    file: IO[bytes], *, bounds: Bounds, naming: Naming = by_their_names, start: int = 0
) -> Iterator[list[bytes]]:
    """Read the rows of a Parquet file in lists; rows before `start` may be empty.

    Raises BadColumnsError, TooLargeError.
    """
    import pyarrow as pa  # noqa: PLC0415  # see above
    import pyarrow.parquet as pq  # noqa: PLC0415  # see above

    with _reading("a Parquet file"):
        schema = pq.read_schema(file)
        _check_names(schema)
        used = _used(schema, naming(schema.names))
        # As a dictionary, a long text that a million rows share is in memory once.
        texts = [name for name in used if pa.types.is_string(schema.field(name).type)]
        # Read page by page: a row group may be as large as the file.
        parquet = pq.ParquetFile(file, read_dictionary=texts, buffer_size=PAGE_BUFFER, pre_buffer=False)
        _check_sizes(parquet.metadata, bounds)
        batches = parquet.iter_batches(batch_size=BATCH, use_threads=False, columns=list(used))
        yield from _bounded(_passed_over(batches, start), bounds, used)


def parquet_shape(file: IO[bytes]) -> tuple[list[str], int]:
    """Return the columns of a Parquet file and the number of rows that it declares. Raises BadColumnsError."""
    import pyarrow.parquet as pq  # noqa: PLC0415  # see above

    file.seek(0)
    with _reading("a Parquet file"):
        metadata = pq.read_metadata(file)
        schema = metadata.schema.to_arrow_schema()
        _check_names(schema)
        return list(schema.names), int(metadata.num_rows)


def arrow_rows(file: SpooledTemporaryFile[bytes], *, bounds: Bounds) -> Iterator[list[bytes]]:
    """Read the rows of an Arrow IPC stream in lists. Raises BadColumnsError, TooLargeError."""
    import pyarrow as pa  # noqa: PLC0415  # see above

    # A record batch may be as large as the file: map it instead of reading it.
    with _reading("an Arrow stream"):
        view = pa.py_buffer(mmap(file.fileno(), 0, access=ACCESS_READ))
        for message in pa.ipc.MessageReader.open_stream(pa.BufferReader(view)):
            if message.type in ("record batch", "dictionary") and _is_compressed(message.metadata.to_pybytes()):
                raise BadColumnsError(
                    "Compressed Arrow buffers are not supported; compress the whole body with Content-Encoding.",
                    code="compressed_arrow",
                )
        reader = pa.ipc.open_stream(pa.BufferReader(view))
        _check_names(reader.schema)
        used = _used(reader.schema, by_their_names(reader.schema.names))
        parts = (batch.slice(start, BATCH) for batch in reader for start in range(0, batch.num_rows, BATCH))
        yield from _bounded(parts, bounds, used)


@contextmanager
def _reading(what: str) -> Iterator[None]:
    """Read one file at a time, release its memory, and turn pyarrow's errors into ours."""
    import pyarrow as pa  # noqa: PLC0415  # see above

    try:
        with _ONE_BODY:
            yield
    except (OSError, MemoryError, ValueError, LookupError, struct.error, pa.ArrowException) as error:
        raise BadColumnsError(f"Not readable as {what}: {_first_line(error)}") from error
    finally:
        pa.default_memory_pool().release_unused()


def _check_names(schema: Any) -> None:
    if len(schema) > MAX_COLUMNS:
        raise BadColumnsError(f"The file has more than {MAX_COLUMNS:,} columns.", code="too_many_columns")
    if len(set(schema.names)) != len(schema.names):
        twice = next(name for name in schema.names if schema.names.count(name) > 1)
        raise BadColumnsError(f"The column {twice!r} occurs twice.", code="duplicate_name")


def _used(schema: Any, fields: Sequence[str | None]) -> dict[str, str]:
    """Return the field that each column becomes, without those left out; only these need a type that is taken."""
    import pyarrow as pa  # noqa: PLC0415  # see above

    used = {column.name: field for column, field in zip(schema, fields, strict=True) if field is not None}
    for name, field in used.items():
        kind = _plain_type(schema.field(name).type)
        if pa.types.is_nested(kind):
            message = f"The column {name!r} is nested ({kind}); leave it out, or send flat columns features.<name>."
            raise BadColumnsError(message, code="nested_column")
        if not any(getattr(pa.types, f"is_{test}")(kind) for test in TAKEN):
            message = f"The type of the column {name!r}, {kind}, is not supported; leave it out, or send it as text."
            raise BadColumnsError(message, code="unsupported_column")
        if field in GROUPS:
            message = f"The column {name!r} holds single values; send flat columns such as {field}.<name>."
            raise BadColumnsError(message, code="unsupported_column")
    return used


def _plain_type(kind: Any) -> Any:
    """The type of the values, without a dictionary, runs or an extension around them."""
    import pyarrow as pa  # noqa: PLC0415  # see above

    while pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        kind = kind.value_type
    return _plain_type(kind.storage_type) if isinstance(kind, pa.BaseExtensionType) else kind


def _check_sizes(metadata: Any, bounds: Bounds) -> None:
    """Check what the file declares, before decompressing any of it."""
    bounds.check_rows(metadata.num_rows)
    bounds.check_size(sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups)))


def _passed_over(batches: Iterable[Any], start: int) -> Iterator[Any]:
    """Pass on the record batches, but only the length of those that end before the row `start`."""
    seen = 0
    for batch in batches:
        seen += batch.num_rows
        yield batch.num_rows if seen <= start else batch


def _bounded(batches: Iterable[Any], bounds: Bounds, used: Mapping[str, str]) -> Iterator[list[bytes]]:
    """Turn record batches into lists of rows until the rows are too large in total."""
    size = 0
    rows: list[bytes] = []
    for batch in batches:
        if isinstance(batch, int):
            yield [b""] * batch
            continue
        # pyarrow does not bounds-check: a malformed file segfaults the worker. Validate first.
        batch.validate(full=True)
        for row in _rows(batch, used):
            rows.append(row)
            size += len(row)
            bounds.check_size(size)
            if len(rows) == BATCH or len(row) * len(rows) > IN_MEMORY:
                yield rows
                rows = []
    yield rows


def _rows(batch: Any, used: Mapping[str, str]) -> Iterator[bytes]:
    """Write the rows of a record batch as JSON. Numbers that JSON lacks stay, for the row's own check to reject."""
    places = [place_of(field) for field in used.values()]
    columns = [_values(batch.column(name)) for name in used]
    for values in zip(*columns, strict=True) if columns else [()] * batch.num_rows:
        row: dict[str, Any] = {}
        for (within, name), value in zip(places, values, strict=True):
            if within == "features":
                row.setdefault(within, {})[name] = value
            elif value is not None:
                (row if within is None else row.setdefault(within, {}))[name] = value
        yield _as_json(row)


def _values(column: Any) -> list[Any]:
    import pyarrow as pa  # noqa: PLC0415  # see above
    import pyarrow.compute as pc  # noqa: PLC0415  # see above

    if isinstance(column.type, pa.BaseExtensionType):
        return _values(column.storage)
    if pa.types.is_run_end_encoded(column.type):
        values, ends = _values(column.values), column.run_ends.to_pylist()
        return [values[bisect_right(ends, column.offset + place)] for place in range(len(column))]
    if pa.types.is_dictionary(column.type):
        values = _values(column.dictionary)
        return [None if index is None else values[index] for index in column.indices.to_pylist()]
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        # Rounded as a text with nine decimals is.
        column = pc.round_temporal(column, unit="microsecond").cast(pa.timestamp("us", column.type.tz))
    if pa.types.is_temporal(column.type):
        return [_moment(value) for value in column]
    values = column.to_pylist()
    if pa.types.is_floating(column.type):
        return [value if value is None or value - value == 0 else _odd(value) for value in values]
    return list(values)


def _odd(value: float) -> Any:
    """Read NaN as a missing value, as numpy and Spark write it; strict JSON refuses an infinity by name."""
    return None if math.isnan(value) else _Infinity(value)


def _moment(value: Any) -> Any:
    """Write a date or time as text. Years before 1 and after 9999 are rejected with their row."""
    try:
        moment = value.as_py()
    except (OverflowError, ValueError):
        return _Infinity("inf")
    return None if moment is None else moment.isoformat()


class _Infinity(float):
    """A number that JSON lacks."""


def _as_json(row: dict[str, Any]) -> bytes:
    inside = [*row.values(), *(value for group in GROUPS for value in row.get(group, {}).values())]
    if any(value.__class__ is _Infinity for value in inside):
        return json.dumps(row, default=str).encode()
    try:
        return _encode(row)
    except (msgspec.ValidationError, UnicodeEncodeError, ValueError):
        return json.dumps(row, default=str).encode()


def _is_compressed(metadata: bytes) -> bool:
    """Whether the buffers of a record batch are compressed, that is, its table in the message has a third field.

    https://github.com/apache/arrow/blob/main/format/Message.fbs
    """

    def field(table: int, number: int) -> int:
        """The position of a field of a flatbuffer table; 0 if it is absent."""
        vtable = table - struct.unpack_from("<i", metadata, table)[0]
        size = struct.unpack_from("<H", metadata, vtable)[0]
        entry = 4 + 2 * number
        offset = struct.unpack_from("<H", metadata, vtable + entry)[0] if entry < size else 0
        return table + offset if offset else 0

    def followed(position: int) -> int:
        return position + int(struct.unpack_from("<I", metadata, position)[0])

    message = followed(0)
    kind = metadata[field(message, 1)]
    header = followed(field(message, 2))
    if kind == DICTIONARY_BATCH:
        header = followed(field(header, 1))
    return field(header, 3) != 0


DICTIONARY_BATCH = 2


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or ["memory"])[0][:200]
