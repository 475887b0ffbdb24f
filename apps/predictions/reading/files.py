"""Files of rows: whatever their form, raw rows of JSON come out; and a look at what a file holds."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import PurePath
from typing import Any

import msgspec
from django.conf import settings
from django.utils import timezone

from apps.common.errors import DomainError, UnsupportedMediaError
from apps.common.media_types import NDJSON, PARQUET
from apps.predictions.models import BatchKind, FileForm
from apps.predictions.reading.bodies import Body, Bounds
from apps.predictions.reading.columns import parquet_rows, parquet_shape
from apps.predictions.reading.csv_files import CsvFile
from apps.predictions.reading.decoding import gathered, lines
from apps.predictions.reading.mapping import Naming, columns_of
from apps.predictions.reading.rejections import Rejection
from apps.predictions.reading.rows import PredictionReader, read_each, read_outcome
from apps.registry.models import MonitoredModel

FORMS: dict[str, FileForm] = {
    **dict.fromkeys((".csv", ".tsv", "text/csv", "text/tab-separated-values"), FileForm.CSV),
    **dict.fromkeys((".ndjson", ".jsonl", *NDJSON), FileForm.NDJSON),
    **dict.fromkeys((".parquet", ".pq", *PARQUET), FileForm.PARQUET),
}
# The largest index that a row can have.
MAX_LINES = 2**31 - 1
ROWS_CHECKED = 200
ROWS_SHOWN = 3
# Of a form: the lines between its parts, and the parts that are no file.
FORM_BYTES = 1024 * 1024


def form_of(name: str, content_type: str) -> FileForm:
    """The form of a file, by the end of its name or else by its type. Raises UnsupportedMediaError."""
    kind = content_type.partition(";")[0].strip().lower()
    form = FORMS.get(PurePath(name).suffix.lower()) or FORMS.get(kind)
    if form is None:
        raise UnsupportedMediaError("Send a CSV, NDJSON or Parquet file: .csv, .ndjson or .parquet.")
    return form


def bounds() -> Bounds:
    """How much one file may hold."""
    return Bounds(rows=MAX_LINES, size=settings.MAX_UPLOAD_BYTES, size_name="upload_bytes")


@dataclass(frozen=True)
class RowFile:
    """A file with the naming of its columns, ready to be read."""

    body: Body
    form: FileForm
    naming: Naming
    model: MonitoredModel

    def columns(self) -> list[str]:
        """The columns; of NDJSON those of the first rows. Raises DomainError."""
        if self.form == FileForm.CSV:
            return CsvFile(self.body).columns
        if self.form == FileForm.PARQUET:
            return parquet_shape(self.body.file)[0]
        self.body.file.seek(0)
        return columns_of(islice((line.strip() for line in lines(self.body)), ROWS_CHECKED))

    def chunks(self, *, start: int = 0) -> Iterator[list[bytes]]:
        """All rows, some at a time; those before `start` may come empty, which is quicker. Raises DomainError."""
        if self.form == FileForm.CSV:
            return gathered(CsvFile(self.body).rows(self.naming, self.model, start=start))
        self.body.file.seek(0)
        if self.form == FileForm.PARQUET:
            unfolded = Bounds(rows=MAX_LINES, size=settings.MAX_UNFOLDED_BYTES, size_name="unfolded_bytes")
            return parquet_rows(self.body.file, bounds=unfolded, naming=self.naming.fields, start=start)
        found = enumerate(lines(self.body))
        renamed = self.naming.renamed if self.naming.chosen else bytes
        return gathered(b"" if at < start else renamed(line) for at, line in found)

    def size(self) -> int | None:
        """How many rows there are, where the file says so. Raises DomainError."""
        return parquet_shape(self.body.file)[1] if self.form == FileForm.PARQUET else None

    def progress(self, rows: int, *, of: int | None) -> float:
        """The share of the file that has been read: of its rows where their number is known, else of its bytes."""
        share = self.body.file.tell() / max(self.body.size, 1) if of is None else rows / max(of, 1)
        return min(share, 1.0)


@dataclass
class Look:
    """What a file holds, and what would become of its first rows."""

    columns: list[str] = field(default_factory=list)
    # The places of the first rows, from 1, and each field with its values in them, as JSON.
    shown: list[int] = field(default_factory=list)
    fields: dict[str, list[str]] = field(default_factory=dict)
    rejected: list[Rejection] = field(default_factory=list)
    rows: int = 0
    error: str = ""


def look(file: RowFile) -> Look:
    """Check the first rows without storing any. What cannot be read is told in `error`."""
    found = Look()
    try:
        found.columns = file.columns()
        with closing(file.chunks()) as chunks:  # type: ignore[type-var]  # all of them are generators
            raws = _first(chunks)
        found.rows = sum(map(bool, raws))
        found.rejected = _rejected(raws, file)
        first = [(at, raw) for at, raw in enumerate(raws, start=1) if raw][:ROWS_SHOWN]
        found.shown, found.fields = [at for at, _ in first], _fields([raw for _, raw in first])
        if not found.rows:
            found.error = "The file holds no rows."
    except DomainError as error:
        found.error = error.message
    return found


def _first(chunks: Iterator[list[bytes]]) -> list[bytes]:
    found: list[bytes] = []
    for raws in chunks:
        found += raws
        if sum(map(bool, found)) >= ROWS_CHECKED:
            break
    return found[: ROWS_CHECKED + 1]


def _rejected(raws: list[bytes], file: RowFile) -> list[Rejection]:
    now = timezone.now()
    if file.naming.kind == BatchKind.PREDICTIONS:
        return PredictionReader(file.model, now=now).read_all(raws)[1]
    return read_each(raws, lambda raw: read_outcome(raw, model=file.model, now=now))[1]


def _fields(raws: list[bytes]) -> dict[str, list[str]]:
    rows = [dict(_flat(raw)) for raw in raws]
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name, "") for row in rows] for name in names}


def _flat(raw: bytes) -> Iterator[tuple[str, str]]:
    try:
        document: Any = msgspec.json.decode(raw)
    except msgspec.DecodeError:
        document = None
    for name, value in document.items() if isinstance(document, dict) else ():
        if isinstance(value, dict):
            yield from ((f"{name}.{inner}", _json(each)) for inner, each in value.items())
        else:
            yield name, _json(value)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()[:200]
