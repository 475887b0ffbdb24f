"""Where rows come from: dicts, DataFrames, Arrow tables and readers, Parquet and NDJSON files; none is read at once.

pandas and pyarrow are not imported to find out: who passes one of their objects has them loaded.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

AT_ONCE = 2_000
NDJSON = frozenset({".ndjson", ".jsonl"})
PARQUET = frozenset({".parquet"})
BOM = b"\xef\xbb\xbf"

Source: TypeAlias = (
    "Iterable[Mapping[str, Any]] | pd.DataFrame | pa.Table | pa.RecordBatch | pa.RecordBatchReader | str | Path"
)


class Line(bytes):
    """A row that is JSON already, without the end of its line."""


@dataclass(frozen=True)
class Rows:
    """Rows to send; `total` where it is known beforehand."""

    each: Iterator[Mapping[str, Any] | Line]
    total: int | None = None


def rows_of(source: Source) -> Rows:
    """The rows of any source. Raises TypeError, ValueError for what is none."""
    if isinstance(source, str | Path):
        return _file(Path(source))
    pandas, pyarrow = sys.modules.get("pandas"), sys.modules.get("pyarrow")
    if pandas is not None and isinstance(source, pandas.DataFrame):
        return Rows(_frame(source), len(source))
    if pyarrow is not None and isinstance(source, pyarrow.Table | pyarrow.RecordBatch):
        batches = source.to_batches(max_chunksize=AT_ONCE) if isinstance(source, pyarrow.Table) else [source]
        return Rows(_batches(batches), source.num_rows)
    if pyarrow is not None and isinstance(source, pyarrow.RecordBatchReader):
        return Rows(_batches(source))
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
    """The lines as they are: the server reads them more strictly than Python would."""
    with path.open("rb") as file:
        for number, line in enumerate(file):
            if row := (line.removeprefix(BOM) if number == 0 else line).strip():
                yield Line(row)


def _parquet(path: Path) -> Rows:
    import pyarrow.parquet as pq  # noqa: PLC0415  # an extra, needed here only

    file = pq.ParquetFile(path)

    def each() -> Iterator[Mapping[str, Any]]:
        with file:
            yield from _batches(file.iter_batches(batch_size=AT_ONCE))

    return Rows(each(), file.metadata.num_rows)


def _frame(frame: "pd.DataFrame") -> Iterator[Mapping[str, Any]]:
    names = [str(name) for name in frame.columns]
    for start in range(0, len(frame), AT_ONCE):
        part = frame.iloc[start : start + AT_ONCE]
        # As objects, column by column: row by row, pandas would make floats of integers.
        columns = [part.iloc[:, at].astype(object).tolist() for at in range(len(names))]
        yield from _rows(names, columns)


def _batches(batches: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
    for batch in batches:
        for start in range(0, batch.num_rows, AT_ONCE):
            part = batch.slice(start, AT_ONCE)
            yield from _rows(part.schema.names, [_values(column) for column in part.columns])


def _values(column: "pa.Array") -> list[Any]:
    import pyarrow as pa  # noqa: PLC0415  # who has a column has it loaded

    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        # Python's own moments end at microseconds.
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    values: list[Any] = column.to_pylist()
    return values


def _rows(names: list[str], columns: list[list[Any]]) -> Iterator[Mapping[str, Any]]:
    for values in zip(*columns, strict=True):
        yield dict(zip(names, values, strict=True))
