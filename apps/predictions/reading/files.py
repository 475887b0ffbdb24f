"""Uploaded files: CSV, NDJSON or Parquet to raw rows, and a preview of the first rows."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import PurePath
from typing import Any

import msgspec
from django.conf import settings
from django.utils import timezone

from apps.common import strict_json
from apps.common.errors import DomainError, UnsupportedMediaError
from apps.common.media_types import NDJSON, PARQUET
from apps.common.strict_json import StrictJSONError
from apps.predictions.models import BatchKind, FileForm
from apps.predictions.reading.bodies import Body, Bounds
from apps.predictions.reading.choices import Choices
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
# The largest index that a row can have in the database.
MAX_LINES = 2**31 - 1
ROWS_CHECKED = 200
ROWS_SHOWN = 3


def form_of(name: str, content_type: str) -> FileForm:
    """Find the form of a file by the end of its name, or else by its type. Raises UnsupportedMediaError."""
    kind = content_type.partition(";")[0].strip().lower()
    form = FORMS.get(PurePath(name).suffix.lower()) or FORMS.get(kind)
    if form is None:
        raise UnsupportedMediaError("Send a CSV, NDJSON or Parquet file: .csv, .ndjson or .parquet.")
    return form


def bounds() -> Bounds:
    """How much one uploaded file may hold."""
    too_large = "The file has more than {:,} bytes; upload it in several parts."
    return Bounds(MAX_LINES, settings.MAX_UPLOAD_BYTES, size_name="upload_bytes", too_large=too_large)


@dataclass(frozen=True)
class RowFile:
    """A file and what its columns become, ready to be read."""

    body: Body
    form: FileForm
    naming: Naming
    model: MonitoredModel
    choices: Choices = field(default_factory=Choices)

    def columns(self) -> list[str]:
        """List the columns; for NDJSON, those of the first rows. Raises DomainError."""
        if self.form == FileForm.CSV:
            return CsvFile(self.body, self.choices).columns
        if self.form == FileForm.PARQUET:
            return parquet_shape(self.body.file)[0]
        self.body.file.seek(0)
        return columns_of(islice((line.strip() for line in lines(self.body)), ROWS_CHECKED))

    def chunks(self, *, start: int = 0) -> Iterator[list[bytes]]:
        """Read all rows in chunks. Rows before `start` may be empty, which is faster. Raises DomainError."""
        if self.form == FileForm.CSV:
            return gathered(CsvFile(self.body, self.choices).rows(self.naming, self.model, start=start))
        self.body.file.seek(0)
        if self.form == FileForm.PARQUET:
            too_large = "The file unfolds to more than {:,} bytes; upload it in several parts."
            unfolded = Bounds(MAX_LINES, settings.MAX_UNFOLDED_BYTES, size_name="unfolded_bytes", too_large=too_large)
            rows = parquet_rows(self.body.file, bounds=unfolded, naming=self.naming.fields, start=start)
        else:
            renamed = self.naming.renamed if self.naming.chosen else bytes
            rows = gathered(b"" if index < start else renamed(line) for index, line in enumerate(lines(self.body)))
        return self._chosen(rows) if self.choices.changes_rows else rows

    def _chosen(self, chunks: Iterator[list[bytes]]) -> Iterator[list[bytes]]:
        seen = 0
        for raws in chunks:
            yield [self._with_choices(raw, number) for number, raw in enumerate(raws, start=seen + 1)]
            seen += len(raws)

    def _with_choices(self, raw: bytes, number: int) -> bytes:
        """Read a JSON row as chosen. One that is not an object stays, and its check says what is wrong."""
        try:
            row = strict_json.loads(raw) if raw else None
        except StrictJSONError:
            return raw
        if not isinstance(row, dict):
            return raw
        applied = self.choices.applied(row, self.naming.kind)
        return msgspec.json.encode(self.choices.completed(applied, self.naming.kind, number=number))

    def size(self) -> int | None:
        """The number of rows, if the file declares it. Raises DomainError."""
        return parquet_shape(self.body.file)[1] if self.form == FileForm.PARQUET else None

    def progress(self, rows: int, *, of: int | None) -> float:
        """The share of the file read so far: of its rows if their number is known, else of its bytes."""
        share = self.body.file.tell() / max(self.body.size, 1) if of is None else rows / max(of, 1)
        return min(share, 1.0)


@dataclass
class Look:
    """What a file holds, and what would happen to its first rows."""

    columns: list[str] = field(default_factory=list)
    # The first rows: their numbers, counted from 1, and each field with its values as JSON.
    shown: list[int] = field(default_factory=list)
    fields: dict[str, list[str]] = field(default_factory=dict)
    rejected: list[Rejection] = field(default_factory=list)
    rows: int = 0
    error: str = ""


def look(file: RowFile) -> Look:
    """Check the first rows without storing any. If the file cannot be read, `error` says why."""
    preview = Look()
    try:
        preview.columns = file.columns()
        with closing(file.chunks()) as chunks:  # type: ignore[type-var]  # all of them are generators
            raws = _first(chunks)
        preview.rows = sum(map(bool, raws))
        preview.rejected = _rejected(raws, file)
        first = [(number, raw) for number, raw in enumerate(raws, start=1) if raw][:ROWS_SHOWN]
        preview.shown = [number for number, _ in first]
        preview.fields = _fields([raw for _, raw in first])
        if not preview.rows:
            preview.error = "The file has no rows."
    except DomainError as error:
        preview.error = error.message
    return preview


def _first(chunks: Iterator[list[bytes]]) -> list[bytes]:
    first: list[bytes] = []
    for raws in chunks:
        first += raws
        if sum(map(bool, first)) >= ROWS_CHECKED:
            break
    return first[: ROWS_CHECKED + 1]


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
