"""Rows as NDJSON, CSV and Parquet, streamed while they are read."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from rest_framework.renderers import BaseRenderer
from rest_framework.serializers import Serializer

from apps.common.api import LinesRenderer, StreamedRenderer
from apps.common.media_types import PARQUET
from apps.common.spreadsheets import csv_pieces

if TYPE_CHECKING:
    import pyarrow as pa

Row = Mapping[str, Any]


class CsvRenderer(StreamedRenderer):
    media_type = "text/csv"
    format = "csv"


class ParquetRenderer(StreamedRenderer):
    media_type = PARQUET[0]
    format = "parquet"
    charset = None


class ZipRenderer(StreamedRenderer):
    media_type = "application/zip"
    format = "zip"
    charset = None


STREAMED = (LinesRenderer, CsvRenderer, ParquetRenderer)
FORMATS = tuple(renderer.format for renderer in STREAMED)


def responses(page: type[Serializer[Any]]) -> dict[tuple[int, str], Any]:
    """Describe an answer that comes in pages of JSON, or as one stream in another format."""
    return {
        (200, "application/json"): page,
        (200, LinesRenderer.media_type): OpenApiTypes.STR,
        (200, CsvRenderer.media_type): OpenApiTypes.STR,
        (200, ParquetRenderer.media_type): OpenApiTypes.BINARY,
    }


def streamed(
    chunks: Iterable[Sequence[Row]],
    kinds: Mapping[str, str],
    *,
    renderer: BaseRenderer,
    name: str,
    is_raw: bool = False,
    is_marked: bool = False,
) -> StreamingHttpResponse:
    """Return the rows as a file in the renderer's format. `kinds` says of each column what it holds.

    That is a text, number, integer, flag or moment; moments come as text.
    """
    if renderer.format == CsvRenderer.format:
        pieces = csv(chunks, list(kinds), is_raw=is_raw, is_marked=is_marked)
    else:
        pieces = parquet(chunks, kinds) if renderer.format == ParquetRenderer.format else ndjson(chunks)
    headers = {"Content-Disposition": f'attachment; filename="{name}.{renderer.format}"'}
    return StreamingHttpResponse(pieces, content_type=renderer.media_type, headers=headers)


def ndjson(chunks: Iterable[Sequence[Row]]) -> Iterator[bytes]:
    """Write one row per line."""
    for chunk in chunks:
        yield b"".join(json.dumps(row).encode() + b"\n" for row in chunk)


def csv(
    chunks: Iterable[Sequence[Row]], names: Sequence[str], *, is_raw: bool = False, is_marked: bool = False
) -> Iterator[bytes]:
    """Write a header and one line per row; unknown values are empty."""
    rows = ([_cell(row[name]) for name in names] for chunk in chunks for row in chunk)
    return csv_pieces(names, rows, is_raw=is_raw, is_marked=is_marked)


def _cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else value


def parquet(chunks: Iterable[Sequence[Row]], kinds: Mapping[str, str]) -> Iterator[bytes]:
    """Write one row group per chunk. The first such export loads pyarrow."""
    import pyarrow.parquet as pq  # noqa: PLC0415  # see above

    schema, out = _schema(kinds), _Outbox()
    with pq.ParquetWriter(out, schema, compression="zstd") as writer:
        for chunk in chunks:
            writer.write_table(_table(chunk, schema))
            yield out.take()
    # the footer, which indexes the row groups
    yield out.take()


def _schema(kinds: Mapping[str, str]) -> "pa.Schema":
    import pyarrow as pa  # noqa: PLC0415  # see above

    types = {
        "text": pa.string(),
        "number": pa.float64(),
        "integer": pa.int64(),
        "flag": pa.bool_(),
        "moment": pa.timestamp("us", "UTC"),
    }
    return pa.schema([(name, types[kind]) for name, kind in kinds.items()])


def _table(chunk: Sequence[Row], schema: "pa.Schema") -> "pa.Table":
    import pyarrow as pa  # noqa: PLC0415  # see above

    def column(field: Any) -> Any:
        values = [_cell(row[field.name]) for row in chunk]
        is_moment = pa.types.is_timestamp(field.type)
        return pa.array(values, pa.string()).cast(field.type) if is_moment else pa.array(values, field.type)

    return pa.Table.from_arrays([column(field) for field in schema], schema=schema)


class _Outbox:
    """A write-only file that keeps only its position: `take` hands out the bytes written since the last call."""

    closed = False

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._position = 0

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        self._position += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._position

    def flush(self) -> None:
        """Do nothing: no bytes are buffered elsewhere."""

    def close(self) -> None:
        """Do nothing: the response ends with the last piece."""

    def take(self) -> bytes:
        """Return the bytes written since the last call."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
