"""Labels as files: NDJSON, CSV and Parquet, put together while they are sent."""

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from apps.common.spreadsheets import csv_pieces
from apps.registry.models import MonitoredModel
from apps.truth.services.labels import FIELDS, MOMENTS, VALUES, Label, pages

if TYPE_CHECKING:
    import pyarrow as pa

INTEGERS = frozenset({"seq"})
NUMBERS = frozenset({"adjudication_probability", "inclusion_probability", "weight"})

# What is asked for: the model, as of which number, after which prediction.
Export = Callable[..., Iterator[bytes]]


def ndjson(model: MonitoredModel, *, seq: int, after: int) -> Iterator[bytes]:
    """A label a line."""
    for page in pages(model, seq=seq, after=after):
        yield b"".join(json.dumps(label).encode() + b"\n" for label in page)


def csv(model: MonitoredModel, *, seq: int, after: int) -> Iterator[bytes]:
    """A label a row below the names; what is not known is empty."""
    rows = ([label[name] for name in FIELDS] for page in pages(model, seq=seq, after=after) for label in page)
    return csv_pieces(FIELDS, rows)


def parquet(model: MonitoredModel, *, seq: int, after: int) -> Iterator[bytes]:
    """A row group a page; pyarrow is loaded with the first such export."""
    import pyarrow.parquet as pq  # noqa: PLC0415  # see above

    schema, out = _schema(model), _Outbox()
    with pq.ParquetWriter(out, schema, compression="zstd") as writer:
        for page in pages(model, seq=seq, after=after):
            writer.write_table(_table(page, schema))
            yield out.taken()
    # The footer, which tells where everything is.
    yield out.taken()


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


def _table(page: list[Label], schema: "pa.Schema") -> "pa.Table":
    import pyarrow as pa  # noqa: PLC0415  # see above

    def column(field: Any) -> Any:
        values = [label[field.name] for label in page]
        return pa.array(values, pa.string()).cast(field.type) if field.name in MOMENTS else pa.array(values, field.type)

    return pa.Table.from_arrays([column(field) for field in schema], schema=schema)


class _Outbox:
    """A file for a writer: what is written can be taken at once, only the place in the file is kept."""

    closed = False

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._at = 0

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        self._at += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._at

    def flush(self) -> None:
        """Nothing waits anywhere."""

    def close(self) -> None:
        """The response ends by itself."""

    def taken(self) -> bytes:
        """What was written since the last time."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
