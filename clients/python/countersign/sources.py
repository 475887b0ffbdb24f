"""Sources of rows: dicts, DataFrames, Arrow tables and streams, Parquet and NDJSON files. All are read piece by piece.

pandas and pyarrow are not imported to recognize a source: a caller that passes one of their objects has loaded them.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

CHUNK_ROWS = 2_000
NDJSON = frozenset({".ndjson", ".jsonl"})
PARQUET = frozenset({".parquet"})
BOM = b"\xef\xbb\xbf"

Source: TypeAlias = "Iterable[Mapping[str, Any]] | pd.DataFrame | pa.Table | pa.RecordBatch | ArrowStream | str | Path"


class ArrowStream(Protocol):
    """Arrow data of any library: a Polars frame, a DuckDB relation, an Arrow reader."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


class Line(bytes):
    """A row in JSON, without the line break."""


@dataclass(frozen=True)
class Rows:
    """Rows to send, and their number if it is known beforehand."""

    each: Iterator[Mapping[str, Any] | Line]
    total: int | None = None


def rows_of(source: Source) -> Rows:
    """Return the rows of any source. Raises TypeError, ValueError for anything else."""
    if isinstance(source, str | Path):
        return _file(Path(source))
    pandas, pyarrow = sys.modules.get("pandas"), sys.modules.get("pyarrow")
    if pandas is not None and isinstance(source, pandas.DataFrame):
        return Rows(_frame(source), len(source))
    if pyarrow is not None and isinstance(source, pyarrow.RecordBatch):
        return Rows(_batches([source]), source.num_rows)
    if hasattr(source, "__arrow_c_stream__"):
        # A query would have to run to count its rows, so only tables and frames are asked.
        return Rows(_batches(_stream(source)), getattr(source, "num_rows", getattr(source, "height", None)))
    if isinstance(source, Mapping | bytes) or not isinstance(source, Iterable):
        raise TypeError(f"Rows come as an iterable of dicts, a table or a path, not as {type(source).__name__}.")
    rows: Iterable[Any] = source
    return Rows(iter(rows), len(source) if isinstance(source, Sized) else None)


def _file(path: Path) -> Rows:
    if path.suffix.lower() in NDJSON:
        return Rows(_lines(path))
    if path.suffix.lower() in PARQUET:
        return _parquet(path)
    known = ", ".join(sorted(NDJSON | PARQUET))
    raise ValueError(f"{path.name}: files of rows end in {known}.")


def _lines(path: Path) -> Iterator[Line]:
    """Yield the lines unparsed: the server reads JSON more strictly than Python does."""
    with path.open("rb") as file:
        for number, line in enumerate(file):
            if row := (line.removeprefix(BOM) if number == 0 else line).strip():
                yield Line(row)


def _parquet(path: Path) -> Rows:
    import pyarrow.parquet as pq  # noqa: PLC0415  # an optional dependency

    file = pq.ParquetFile(path)

    def each() -> Iterator[Mapping[str, Any]]:
        with file:
            yield from _batches(file.iter_batches(batch_size=CHUNK_ROWS))

    return Rows(each(), file.metadata.num_rows)


def _frame(frame: "pd.DataFrame") -> Iterator[Mapping[str, Any]]:
    names = [str(name) for name in frame.columns]
    for start in range(0, len(frame), CHUNK_ROWS):
        part = frame.iloc[start : start + CHUNK_ROWS]
        # Convert by column: pandas turns integers into floats in a row of mixed types.
        columns = [part.iloc[:, position].astype(object).tolist() for position in range(len(names))]
        yield from _rows(names, columns)


def _stream(source: Any) -> "pa.RecordBatchReader":
    """Read what any library offers as Arrow data: a Polars frame, a DuckDB relation, an Arrow table or reader."""
    import pyarrow as pa  # noqa: PLC0415  # only who passes such an object needs it

    return pa.RecordBatchReader.from_stream(source)


def _batches(batches: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
    for batch in batches:
        for start in range(0, batch.num_rows, CHUNK_ROWS):
            part = batch.slice(start, CHUNK_ROWS)
            yield from _rows(part.schema.names, [_values(column) for column in part.columns])


def _values(column: "pa.Array") -> list[Any]:
    import pyarrow as pa  # noqa: PLC0415  # loaded already: the column is its object

    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        # Python's datetime has microseconds at most.
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    values: list[Any] = column.to_pylist()
    return values


def _rows(names: list[str], columns: list[list[Any]]) -> Iterator[Mapping[str, Any]]:
    for values in zip(*columns, strict=True):
        yield dict(zip(names, values, strict=True))
