"""Parquet files and Arrow streams to raw rows: flat columns such as `features.<name>` become groups again.

The result is the same JSON rows that the other forms give, so all later steps are shared. pyarrow is imported with the
first such body.
"""

import json
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from mmap import ACCESS_READ, mmap
from tempfile import SpooledTemporaryFile
from threading import Lock
from typing import IO, Any

import msgspec

from apps.common.errors import UnprocessableError
from apps.predictions.reading.bodies import IN_MEMORY, Bounds

GROUPS = ("features", "probabilities", "attributions", "resources")
MAX_COLUMNS = 4_100
BATCH = 1_000
PAGE_BUFFER = 64 * 1024

# A page of every column is in memory at once, so a process reads one such body at a time.
_ONE_BODY = Lock()
# From column names to field names; null leaves a column out.
Naming = Callable[[Sequence[str]], Sequence[str | None]]
_encode = msgspec.json.Encoder(decimal_format="number").encode


class BadColumnsError(UnprocessableError):
    """The file cannot be read, or has columns that are not supported."""

    code = "invalid_columns"


def parquet_rows(
    file: IO[bytes], *, bounds: Bounds, naming: Naming = list[str], start: int = 0
) -> Iterator[list[bytes]]:
    """Read the rows of a Parquet file in lists; rows before `start` may be empty.

    Raises BadColumnsError, TooLargeError.
    """
    import pyarrow as pa  # noqa: PLC0415  # see above
    import pyarrow.parquet as pq  # noqa: PLC0415  # see above

    with _reading("a Parquet file"):
        schema = pq.read_schema(file)
        _check_schema(schema)
        # As a dictionary, a long text that a million rows share is in memory once.
        texts = [field.name for field in schema if pa.types.is_string(field.type)]
        # Read page by page: a row group may be as large as the file.
        parquet = pq.ParquetFile(file, read_dictionary=texts, buffer_size=PAGE_BUFFER, pre_buffer=False)
        _check_sizes(parquet.metadata, bounds)
        batches = parquet.iter_batches(batch_size=BATCH, use_threads=False)
        yield from _bounded(_passed_over(batches, start), bounds, naming)


def parquet_shape(file: IO[bytes]) -> tuple[list[str], int]:
    """Return the columns of a Parquet file and the number of rows that it declares. Raises BadColumnsError."""
    import pyarrow.parquet as pq  # noqa: PLC0415  # see above

    file.seek(0)
    with _reading("a Parquet file"):
        metadata = pq.read_metadata(file)
        schema = metadata.schema.to_arrow_schema()
        _check_schema(schema)
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
        _check_schema(reader.schema)
        parts = (batch.slice(start, BATCH) for batch in reader for start in range(0, batch.num_rows, BATCH))
        yield from _bounded(parts, bounds, list[str])


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


def _check_schema(schema: Any) -> None:
    import pyarrow as pa  # noqa: PLC0415  # see above

    if len(schema) > MAX_COLUMNS:
        raise BadColumnsError(f"The file has more than {MAX_COLUMNS:,} columns.", code="too_many_columns")
    if len(set(schema.names)) != len(schema.names):
        twice = next(name for name in schema.names if schema.names.count(name) > 1)
        raise BadColumnsError(f"The column {twice!r} occurs twice.", code="duplicate_name")
    for field in schema:
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if pa.types.is_nested(kind):
            message = f"The column {field.name!r} is nested ({kind}); send flat columns such as features.<name>."
            raise BadColumnsError(message, code="nested_column")
        if not _is_plain(kind):
            raise BadColumnsError(
                f"The type of the column {field.name!r}, {kind}, is not supported.", code="unsupported_column"
            )


def _is_plain(kind: Any) -> bool:
    import pyarrow as pa  # noqa: PLC0415  # see above

    tests = ("boolean", "integer", "floating", "decimal", "string", "large_string", "timestamp", "date", "null")
    return any(getattr(pa.types, f"is_{test}")(kind) for test in tests)


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


def _bounded(batches: Iterable[Any], bounds: Bounds, naming: Naming) -> Iterator[list[bytes]]:
    """Turn record batches into lists of rows until the rows are too large in total."""
    size = 0
    rows: list[bytes] = []
    for batch in batches:
        if isinstance(batch, int):
            yield [b""] * batch
            continue
        # pyarrow does not bounds-check: a malformed file segfaults the worker. Validate first.
        batch.validate(full=True)
        for row in _rows(batch, naming(batch.schema.names)):
            rows.append(row)
            size += len(row)
            bounds.check_size(size)
            if len(rows) == BATCH or len(row) * len(rows) > IN_MEMORY:
                yield rows
                rows = []
    yield rows


def _rows(batch: Any, fields: Sequence[str | None]) -> Iterator[bytes]:
    """Write the rows of a record batch as JSON. Numbers that JSON lacks stay, for the row's own check to reject."""
    names, groups = [], []
    taken = [(field, column) for field, column in zip(fields, batch.columns, strict=True) if field is not None]
    for field, _ in taken:
        if field in GROUPS:
            message = f"The column {field!r} holds single values; send flat columns such as {field}.<name>."
            raise BadColumnsError(message, code="unsupported_column")
        group, dot, inner = field.partition(".")
        is_grouped = bool(dot) and group in GROUPS
        names.append(inner if is_grouped else field)
        groups.append(group if is_grouped else None)
    columns = [_values(column) for _, column in taken]
    for values in zip(*columns, strict=True):
        row: dict[str, Any] = {}
        for name, within, value in zip(names, groups, values, strict=True):
            if within == "features":
                row.setdefault(within, {})[name] = value
            elif value is not None:
                (row if within is None else row.setdefault(within, {}))[name] = value
        yield _as_json(row)


def _values(column: Any) -> list[Any]:
    import pyarrow as pa  # noqa: PLC0415  # see above

    if pa.types.is_dictionary(column.type):
        values = _values(column.dictionary)
        return [None if index is None else values[index] for index in column.indices.to_pylist()]
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    if pa.types.is_temporal(column.type):
        return [_moment(value) for value in column]
    values = column.to_pylist()
    if pa.types.is_floating(column.type):
        # Written as JavaScript does, which strict JSON refuses by name.
        return [value if value is None or value - value == 0 else _Unknown(value) for value in values]
    return list(values)


def _moment(value: Any) -> Any:
    """Write a date or time as text. Years before 1 and after 9999 are rejected with their row."""
    try:
        moment = value.as_py()
    except (OverflowError, ValueError):
        return _Unknown("inf")
    return None if moment is None else moment.isoformat()


class _Unknown(float):
    """A number that JSON lacks: NaN or an infinity."""


def _as_json(row: dict[str, Any]) -> bytes:
    inside = [*row.values(), *(value for group in GROUPS for value in row.get(group, {}).values())]
    if any(value.__class__ is _Unknown for value in inside):
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
