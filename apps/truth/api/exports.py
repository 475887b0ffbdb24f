"""Label exports as NDJSON, CSV and Parquet, streamed while they are built."""

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from apps.common.spreadsheets import csv_pieces
from apps.registry.models import MonitoredModel
from apps.truth.services.labels import FIELDS, MOMENTS, VALUES, Label, label_chunks

if TYPE_CHECKING:
    import pyarrow as pa

INTEGERS = frozenset({"seq"})
NUMBERS = frozenset({"adjudication_probability", "inclusion_probability", "weight"})

# Called with the model, `seq` (as of which number), `after` (a prediction id), and for CSV how to write it.
Export = Callable[..., Iterator[bytes]]


def ndjson(model: MonitoredModel, *, seq: int, after: int) -> Iterator[bytes]:
    """Write one label per line."""
    for chunk in label_chunks(model, seq=seq, after=after):
        yield b"".join(json.dumps(label).encode() + b"\n" for label in chunk)


def csv(model: MonitoredModel, *, seq: int, after: int, is_raw: bool, is_marked: bool) -> Iterator[bytes]:
    """Write a header and one row per label; unknown values are empty."""
    rows = ([label[name] for name in FIELDS] for chunk in label_chunks(model, seq=seq, after=after) for label in chunk)
    return csv_pieces(FIELDS, rows, is_raw=is_raw, is_marked=is_marked)


def parquet(model: MonitoredModel, *, seq: int, after: int) -> Iterator[bytes]:
    """Write one row group per chunk. The first such export loads pyarrow."""
    import pyarrow.parquet as pq  # noqa: PLC0415  # see above

    schema, out = _schema(model), _Outbox()
    with pq.ParquetWriter(out, schema, compression="zstd") as writer:
        for chunk in label_chunks(model, seq=seq, after=after):
            writer.write_table(_table(chunk, schema))
            yield out.take()
    # the footer, which indexes the row groups
    yield out.take()


EXPORTS: dict[str, Export] = {"ndjson": ndjson, "csv": csv, "parquet": parquet}


def _schema(model: MonitoredModel) -> "pa.Schema":
    import pyarrow as pa  # noqa: PLC0415  # see above

    def kind(name: str) -> Any:
        if name in MOMENTS:
            return pa.timestamp("us", "UTC")
        if name in INTEGERS:
            return pa.int64()
        return pa.float64() if name in NUMBERS or (name in VALUES and model.is_regression) else pa.string()

    return pa.schema([(name, kind(name)) for name in FIELDS])


def _table(chunk: list[Label], schema: "pa.Schema") -> "pa.Table":
    import pyarrow as pa  # noqa: PLC0415  # see above

    def column(field: Any) -> Any:
        values = [label[field.name] for label in chunk]
        return pa.array(values, pa.string()).cast(field.type) if field.name in MOMENTS else pa.array(values, field.type)

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
